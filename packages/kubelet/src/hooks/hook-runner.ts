import type { Container, LifecycleHandler, Pod } from "@wherry/kubernetes";
import type { EventContent } from "../ports/event-recorder.ts";

/** A container for the sake of which a hook runs. */
export interface HookSubject {
  readonly pod: Pod;
  readonly container: Container;
  /** The runtime's ID of the instance. */
  readonly containerId: string;
  /** Address of the pod; undefined while it has none. */
  readonly address: string | undefined;
  readonly event: (content: Omit<EventContent, "fieldPath">) => void;
}

/** Runs the hooks of containers. */
export interface HookRunner {
  /**
   * Runs a hook to its end, however long it takes. Rejects with `HookError`, or with the signal's reason when that aborts first.
   */
  run(handler: LifecycleHandler, subject: HookSubject, signal: AbortSignal): Promise<void>;
}
