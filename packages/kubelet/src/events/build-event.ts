import { type Event, formatApiTime, type ObjectReference } from "@wherry/kubernetes";
import type { EventContent, EventSubject } from "../ports/event-recorder.ts";

const component = "kubelet";
const maxMessageLength = 4_096;
// An object's name may have 253 characters, and so may an event's, which adds a dot and 16 more.
const maxBaseLength = 236;

export interface BuildEventOptions {
  /** `source.host`. */
  readonly host: string;
  readonly nowMs: number;
  /** Makes names of events of one object different. */
  readonly serial: bigint;
}

/** A core/v1 Event of the kubelet about one occurrence. */
export function buildEvent(subject: EventSubject, content: EventContent, options: BuildEventOptions): Event {
  const involvedObject = reference(subject, content.fieldPath);
  const time = formatApiTime(options.nowMs);
  const base = (involvedObject.name ?? "").slice(0, maxBaseLength).replace(/[.-]+$/, "");
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${base}.${options.serial.toString(16).padStart(16, "0")}`,
      namespace: involvedObject.namespace || "default",
    },
    involvedObject,
    type: content.type,
    reason: content.reason,
    message: content.message.slice(0, maxMessageLength),
    source: { component, host: options.host },
    reportingComponent: component,
    reportingInstance: options.host,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}

function reference(subject: EventSubject, fieldPath: string | undefined): ObjectReference {
  if (subject.kind === "Node") {
    const name = subject.node.metadata?.name;
    // Upstream's kubelet refers to nodes by name as UID, and kubectl describe looks for that.
    return { kind: "Node", apiVersion: "v1", name, uid: name };
  }
  const { name, namespace, uid, resourceVersion } = subject.pod.metadata ?? {};
  return {
    kind: "Pod",
    apiVersion: "v1",
    name,
    namespace,
    uid,
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(fieldPath !== undefined && { fieldPath }),
  };
}
