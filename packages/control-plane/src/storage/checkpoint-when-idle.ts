import { type Clock, errorMessage, isAbort, type Logger } from "@wherry/base";
import type { RevisionLog } from "./revision-log.ts";
import type { Store } from "./store.ts";

const intervalMs = 2000;
const minWrites = 100;
const maxQuietRounds = 30;

/**
 * Checkpoints `log` in moments without writes until `signal` aborts: at once when there is much to move, after a minute
 * when there is little. A checkpoint that fails, as on a full disk, is tried again a minute later: all is in the log meanwhile.
 */
export async function checkpointWhenIdle(
  log: RevisionLog,
  store: Store,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let moved = store.revision;
  let last = store.revision;
  let rounds = 0;
  let hasFailed = false;
  try {
    for (;;) {
      await clock.sleep(intervalMs, signal);
      const { revision } = store;
      const isIdle = revision === last;
      last = revision;
      rounds++;
      if (revision === moved || (!isIdle && rounds < maxQuietRounds)) continue;
      if ((hasFailed || revision - moved < minWrites) && rounds < maxQuietRounds) continue;
      rounds = 0;
      hasFailed = true;
      try {
        log.checkpoint();
        moved = revision;
        hasFailed = false;
      } catch (error) {
        logger.error("Cannot move the log into the database, keeping it", { error: errorMessage(error) });
      }
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}
