import { errorMessage, isAbort, type Logger } from "@wherry/base";
import type { Event } from "@wherry/kubernetes";
import { coreEvents } from "../resources/events.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import type { VerbServices } from "../verbs/verb-services.ts";

/** How long events are kept after they last happened. */
const lifetimeMs = 60 * 60 * 1000;
const sweepIntervalMs = 60 * 1000;

/** Deletes events an hour after they last happened, until `signal` aborts; what fails is tried again with the next sweep. */
export async function expireEvents(services: VerbServices, logger: Logger, signal: AbortSignal): Promise<void> {
  const { clock } = services;
  try {
    for (;;) {
      try {
        sweepEvents(services);
      } catch (error) {
        logger.error("Cannot delete expired events", { error: errorMessage(error) });
      }
      await clock.sleep(sweepIntervalMs, signal);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

/** One pass over all events. */
function sweepEvents(services: VerbServices): void {
  const oldestMs = services.clock.now() - lifetimeMs;
  for (const { object } of services.store.list("events")) {
    if (lastSeenMs(object as unknown as Event) > oldestMs) continue;
    const { namespace = "", name = "" } = object.metadata;
    deleteObject(services, { definition: coreEvents, namespace, name });
  }
}

function lastSeenMs({ metadata, lastTimestamp, series }: Event): number {
  const times = [metadata?.creationTimestamp, lastTimestamp, series?.lastObservedTime];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}
