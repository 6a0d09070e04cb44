import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Clock, errorCode, errorMessage, type Logger } from "@wherry/base";
import { removeDeadLinks } from "./log-links.ts";

const podDirectoryPattern = /^[a-z0-9.-]+_[a-z0-9.-]+_([A-Za-z0-9-]+)$/;
const collectEveryMs = 60_000;
// A directory may be made before the pod it is for is known here.
const minimumAgeMs = 60_000;

export interface LogCollectorOptions {
  /** `podLogsDir`. */
  readonly podLogsDirectory: string;
  /** Where links for log shippers are, usually `/var/log/containers`; unset where there are none. */
  readonly linksDirectory?: string | undefined;
  /**
   * UIDs of all pods whose logs are to be kept: those of this node and those of which anything is left in the runtime. Undefined
   * while not all sources of pods have been heard; then nothing is removed.
   */
  readonly knownPods: (signal: AbortSignal) => Promise<ReadonlySet<string> | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Removes the logs of pods that are gone, and links that lead nowhere. */
export class LogCollector {
  readonly #options: LogCollectorOptions;

  constructor(options: LogCollectorOptions) {
    this.#options = options;
  }

  /** Collects every minute until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(collectEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.collect(signal);
      } catch (error) {
        if (!signal.aborted) logger.warn("Cannot remove old logs", { error: errorMessage(error) });
      }
    }
  }

  /** One round. */
  async collect(signal: AbortSignal): Promise<void> {
    const { podLogsDirectory, linksDirectory, knownPods, clock, logger } = this.#options;
    // Looked at first: a pod that appears meanwhile is in the answer below.
    const directories = await podDirectories(podLogsDirectory);
    const known = await knownPods(signal);
    if (known === undefined) return;
    for (const { name, uid, changedMs } of directories) {
      if (known.has(uid) || clock.now() - changedMs < minimumAgeMs) continue;
      signal.throwIfAborted();
      await rm(join(podLogsDirectory, name), { recursive: true, force: true });
      logger.debug("Removed the logs of a pod that is gone", { directory: name });
    }
    if (linksDirectory !== undefined) await removeDeadLinks(linksDirectory, podLogsDirectory);
  }
}

/** Removes the log of one instance of a container with its rotated files; what is gone already is fine. */
export async function removeContainerLog(path: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(dirname(path));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  const file = basename(path);
  for (const name of names)
    if (name === file || name.startsWith(`${file}.`)) await rm(join(dirname(path), name), { force: true });
}

async function podDirectories(root: string): Promise<{ name: string; uid: string; changedMs: number }[]> {
  const found = [];
  try {
    for (const entry of await readdir(root, { withFileTypes: true })) {
      const uid = podDirectoryPattern.exec(entry.name)?.[1];
      if (uid === undefined || !entry.isDirectory()) continue;
      const { mtimeMs } = await stat(join(root, entry.name));
      found.push({ name: entry.name, uid, changedMs: mtimeMs });
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  return found;
}
