import { type KubernetesClient, resources } from "@wherry/client";
import type { Event } from "@wherry/kubernetes";

const timeoutMs = 10_000;

/** Where events are written to. */
export interface EventSink {
  create(event: Event, signal: AbortSignal): Promise<Event>;
  /** Strategic merge patch of an event written before. */
  patch(namespace: string, name: string, patch: object, signal: AbortSignal): Promise<Event>;
}

/** Writes events over a lane of their own, so that a storm of them delays nothing else. */
export function createEventSink(client: KubernetesClient): EventSink {
  const lane = client.withLane("events");
  return {
    create: (event, signal) => lane.create<Event>(resources.events, event, { signal, timeoutMs }),
    patch: (namespace, name, patch, signal) =>
      lane.patch<Event>(resources.events, name, patch, { namespace, type: "strategic", signal, timeoutMs }),
  };
}
