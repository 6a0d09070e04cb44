import { type Clock, isAbort } from "@wherry/base";
import type { RevisionLog } from "./revision-log.ts";
import type { Store } from "./store.ts";

const intervalMs = 2000;
const minWrites = 100;
const maxQuietRounds = 30;

/**
 * Checkpoints `log` in moments without writes until `signal` aborts: at once when there is much to move, after a minute
 * when there is little.
 */
export async function checkpointWhenIdle(
  log: RevisionLog,
  store: Store,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let moved = store.revision;
  let last = store.revision;
  let rounds = 0;
  try {
    for (;;) {
      await clock.sleep(intervalMs, signal);
      const { revision } = store;
      const isIdle = revision === last;
      last = revision;
      rounds++;
      if (revision === moved || (!isIdle && rounds < maxQuietRounds)) continue;
      if (revision - moved < minWrites && rounds < maxQuietRounds) continue;
      log.checkpoint();
      moved = revision;
      rounds = 0;
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}
