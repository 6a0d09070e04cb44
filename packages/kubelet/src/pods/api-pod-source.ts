import type { Reflector } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import type { PodSource } from "./pod-source.ts";

/** The pods bound to this node in the API, by UID; a pod recreated under its old name is a pod gone and a pod added. */
export class ApiPodSource implements PodSource {
  readonly name: string = "api";
  readonly ready: Promise<void>;
  readonly #reflector: Reflector<Pod>;
  readonly #pods: Map<string, Pod> = new Map();
  readonly #handlers: Set<(uid: string) => void> = new Set();

  /**
   * @param reflector of pods with the field selector `spec.nodeName=<node>`; this source runs it
   * @param after what must have happened before the pods may start, too; e.g. the node is registered
   */
  constructor(reflector: Reflector<Pod>, after: Promise<void> = Promise.resolve()) {
    this.#reflector = reflector;
    this.ready = Promise.all([reflector.ready, after]).then(() => undefined);
    this.ready.catch(() => undefined);
    reflector.onChange((change) => {
      const uid = change.object.metadata?.uid;
      if (uid === undefined) return;
      const previousUid = change.type === "updated" ? change.previous?.metadata?.uid : undefined;
      if (change.type === "deleted") this.#pods.delete(uid);
      else this.#pods.set(uid, change.object);
      if (previousUid !== undefined && previousUid !== uid) {
        this.#pods.delete(previousUid);
        this.#tell(previousUid);
      }
      this.#tell(uid);
    });
  }

  pods(): Iterable<Pod> {
    return this.#pods.values();
  }

  get(uid: string): Pod | undefined {
    return this.#pods.get(uid);
  }

  onChange(handler: (uid: string) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  #tell(uid: string): void {
    for (const handler of this.#handlers) handler(uid);
  }
}
