import type { Clock, Logger } from "@wherry/base";
import type { Pod, PodStatus } from "@wherry/kubernetes";
import type { EventContent } from "../ports/event-recorder.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { PodDescription } from "./pod-description.ts";

/** Why and how fast a pod is to end. */
export interface PodTermination {
  /** `deleted` through the API, `gone` from its source without grace, or ended by the kubelet itself; `evicted` is preempted too. */
  readonly cause: "deleted" | "gone" | "deadline" | "evicted" | "refused";
  /** Time from the beginning of the termination to the kill; only ever gets shorter. */
  readonly gracePeriodMs: number;
  /** What the status is to say once the pod has stopped, where the cause decides it. */
  readonly outcome?: Pick<PodDescription, "phase" | "reason" | "message" | "conditions"> | undefined;
}

/**
 * A pod as its state machine sees it. Owned by the kubelet; valid until the machine has ended and `removePod` has returned.
 */
export interface PodHandle {
  readonly uid: string;
  /** The latest object, with the resources that the node has given its containers; never mutate it. */
  readonly pod: Pod;
  /** The status published last, or what the API had when the kubelet first saw the pod. */
  readonly status: PodStatus;
  /** Set once the pod is to end. */
  readonly termination: PodTermination | undefined;
  readonly node: NodeFacts;
  readonly clock: Clock;
  /** Carries the pod's name and UID. */
  readonly logger: Logger;
  /**
   * Publishes a description; cheap, never blocks, the latest wins. Same as answering it from a state's `status`.
   *
   * Throws for what is no description, and the one before stays. What the API server refuses is written again with back-off, with a
   * warning in the log, until another description takes its place.
   */
  describe(description: PodDescription): void;
  /** Records an event about the pod; fire and forget. */
  event(content: EventContent): void;
  /**
   * Calls `handler` whenever spec, labels, annotations, foreign conditions or `termination` changed. The returned function ends
   * it and is idempotent. What a handler throws, or its promise rejects with, is logged and changes nothing else.
   */
  onChange(handler: () => void): () => void;
}
