import type { Node, Pod } from "@wherry/kubernetes";

/** What an event is about; enough of an object to build `involvedObject`. */
export type EventSubject =
  | { readonly kind: "Pod"; readonly pod: Pod }
  | { readonly kind: "Node"; readonly node: Pick<Node, "metadata"> };

export interface EventContent {
  readonly type: "Normal" | "Warning";
  /** CamelCase, from the table of upstream's reasons. */
  readonly reason: string;
  readonly message: string;
  /** `spec.containers{main}` for an event about one container. */
  readonly fieldPath?: string | undefined;
}

/** Records events; fire and forget: never throws, never blocks, drops rather than queues without bound. */
export interface EventRecorder {
  event(subject: EventSubject, content: EventContent): void;
}
