import type { Pod } from "@wherry/kubernetes";

/** Where pods of this node come from; levels, not edges: a handler looks the pod up. */
export interface PodSource {
  /** `api`, `file`, … */
  readonly name: string;
  /** Resolves once `pods` is complete; before that nothing may be concluded from a pod's absence. */
  readonly ready: Promise<void>;
  /** All pods now. */
  pods(): Iterable<Pod>;
  /** Undefined once the source no longer has the pod. */
  get(uid: string): Pod | undefined;
  /** Calls `handler` with the UID of each pod that was added, changed or went. The returned function ends it. */
  onChange(handler: (uid: string) => void): () => void;
  run(signal: AbortSignal): Promise<void>;
}
