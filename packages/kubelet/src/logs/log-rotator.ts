import { link, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Clock, errorCode, errorMessage, type Logger } from "@wherry/base";
import type { LogSource } from "../ports/log-source.ts";
import { compressLog } from "./compress-log.ts";
import { listRotatedLogs } from "./log-segments.ts";

export interface LogRotatorOptions {
  readonly source: Pick<LogSource, "activeLogs" | "reopenLog">;
  /** `containerLogMaxSize`. */
  readonly maxSizeBytes: number;
  /** `containerLogMaxFiles`: files of a log at most, the one being written included; at least 2. */
  readonly maxFiles: number;
  /** `containerLogMaxWorkers`: logs rotated at the same time. */
  readonly maxWorkers: number;
  /** `containerLogMonitorInterval`. */
  readonly checkEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the logs of running containers small: a file that has reached its size is renamed, the runtime opens a new one, the files
 * rotated before are compressed, and the oldest are removed.
 */
export class LogRotator {
  readonly #options: LogRotatorOptions;

  constructor(options: LogRotatorOptions) {
    this.#options = options;
  }

  /** Checks all logs every `checkEveryMs` until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, checkEveryMs } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(checkEveryMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.check(signal);
    }
  }

  /** Checks all logs once; one that cannot be rotated is logged and does not hold up the others, and what the source throws is logged. */
  async check(signal: AbortSignal): Promise<void> {
    const { maxWorkers, logger } = this.#options;
    const waiting = this.#activeLogs();
    const worker = async () => {
      for (let log = waiting.shift(); log !== undefined && !signal.aborted; log = waiting.shift()) {
        try {
          await this.#checkOne(log.containerId, log.path, signal);
        } catch (error) {
          if (!signal.aborted) logger.warn("Cannot rotate a container's log", { ...log, error: errorMessage(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, maxWorkers) }, worker));
  }

  #activeLogs(): { readonly containerId: string; readonly path: string }[] {
    const { source, logger } = this.#options;
    try {
      return [...source.activeLogs()];
    } catch (error) {
      logger.warn("Cannot find the logs of running containers, will look again", { error: errorMessage(error) });
      return [];
    }
  }

  async #checkOne(containerId: string, path: string, signal: AbortSignal): Promise<void> {
    const { source, maxSizeBytes } = this.#options;
    const size = await fileSize(path);
    // An earlier life of this process may have ended between renaming and reopening.
    if (size === undefined) return source.reopenLog(containerId);
    if (size < maxSizeBytes) return;
    await this.#removeLeftovers(path);
    await this.#removeOldest(path);
    for (const { path: rotated, isCompressed } of await listRotatedLogs(path))
      if (!isCompressed) await compressLog(rotated, signal);
    await this.#rotate(containerId, path);
  }

  /** Files of a compression that a crash interrupted: unfinished ones, and originals whose compressed twin is complete. */
  async #removeLeftovers(path: string): Promise<void> {
    const prefix = `${basename(path)}.`;
    const names = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix));
    for (const name of names)
      if (name.endsWith(".tmp") || names.includes(`${name}.gz`)) await rm(join(dirname(path), name), { force: true });
  }

  async #removeOldest(path: string): Promise<void> {
    const rotated = await listRotatedLogs(path);
    // Room for the file being written and for the one it becomes now.
    const excess = rotated.slice(0, Math.max(0, rotated.length - Math.max(0, this.#options.maxFiles - 2)));
    for (const { path: oldest } of excess) await rm(oldest, { force: true });
  }

  async #rotate(containerId: string, path: string): Promise<void> {
    const { source, clock, logger } = this.#options;
    const rotated = await moveAside(path, await nextStamp(path, clock.now()));
    try {
      await source.reopenLog(containerId);
    } catch (error) {
      // The runtime goes on writing to the file it has; under its name again it will be tried next time.
      if ((await fileSize(path)) === undefined) await rename(rotated, path);
      throw error;
    }
    logger.debug("Rotated a container's log", { containerId, path });
  }
}

interface Stamp {
  readonly time: string;
  readonly counter: number;
}

/** Of now, or behind the newest of those that are there: the clock may have been set back since, and the age of a file is in its name. */
async function nextStamp(path: string, nowMs: number): Promise<Stamp> {
  const time = stampOf(nowMs);
  const newest = (await listRotatedLogs(path)).at(-1)?.stamp;
  const [day = "", second = "", counter = "0"] = newest?.split("-") ?? [];
  const latest = `${day}-${second}`;
  return newest === undefined || latest < time ? { time, counter: 0 } : { time: latest, counter: Number(counter) + 1 };
}

/** Renames `path` to `<path>.<stamp>`, with a higher counter where that exists; answers the new name. */
async function moveAside(path: string, stamp: Stamp): Promise<string> {
  for (let counter = stamp.counter; ; counter++) {
    const target = `${path}.${stamp.time}${counter === 0 ? "" : `-${counter}`}`;
    if ((await fileSize(`${target}.gz`)) !== undefined) continue;
    try {
      // Unlike rename, link does not replace what is there.
      await link(path, target);
    } catch (error) {
      if (errorCode(error) === "EEXIST") continue;
      throw error;
    }
    await unlink(path);
    return target;
  }
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** `YYYYMMDD-HHMMSS` in UTC. */
function stampOf(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().slice(0, 19).split("T");
  return `${date.replaceAll("-", "")}-${time.replaceAll(":", "")}`;
}
