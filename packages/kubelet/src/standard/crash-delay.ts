import { type Container, type Pod, podTitle } from "@wherry/kubernetes";
import { type BackOffTable, formatDuration } from "./back-off-table.ts";
import { containerHash } from "./container-hash.ts";
import type { StartDelay } from "./start-outcome.ts";

/** A container that has ended and is to start again. */
export interface CrashDelayFacts {
  readonly pod: Pod;
  readonly container: Container;
  /** When the container's latest instance ended, by the clock of `nowMs`. */
  readonly finishedAtMs: number;
  /** Best by a clock that nobody sets. */
  readonly nowMs: number;
}

/** Key under which a back-off table keeps a container's failures; a changed image starts anew. */
export function crashKey(container: Pick<Container, "name" | "image">): string {
  return `${container.name}/${containerHash(container)}`;
}

/**
 * Whether a container that ended has to wait before its next instance: `CrashLoopBackOff` with upstream's message, or undefined, and
 * then the next delay has been grown, so to be asked once for each start. The first restart costs no delay.
 */
export function crashDelay(backOff: BackOffTable, facts: CrashDelayFacts): StartDelay | undefined {
  const { container, finishedAtMs } = facts;
  const key = crashKey(container);
  const retryAtMs = backOff.retryAtMs(key, finishedAtMs, facts.nowMs);
  if (retryAtMs === undefined) {
    backOff.next(key, finishedAtMs, facts.nowMs);
    return undefined;
  }
  const delay = formatDuration(backOff.delayMs(key));
  const message = `back-off ${delay} restarting failed container=${container.name} pod=${podTitle(facts.pod)}`;
  return { kind: "waiting", reason: "CrashLoopBackOff", message, retryAtMs };
}
