import { mkdir, readdir, readlink, rename, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "@wherry/base";
import type { LoggedContainer } from "../ports/log-files.ts";
import { segment } from "../ports/log-paths.ts";

const suffix = ".log";
const maxNameLength = 255;

/**
 * Names of the links in `/var/log/containers` that log shippers find logs by: `<pod>_<namespace>_<container>-<id>.log`.
 *
 * Throws `KubeletError` for a name that is no path segment.
 */
export function logLinkName(log: LoggedContainer): string {
  const name = `${segment(log.pod)}_${segment(log.namespace)}_${segment(log.container)}-${segment(log.containerId)}`;
  return name.slice(0, maxNameLength - suffix.length) + suffix;
}

/** Puts the link to a container's log into `directory`; replaces one that is there. */
export async function linkContainerLog(directory: string, log: LoggedContainer): Promise<void> {
  const path = join(directory, logLinkName(log));
  try {
    await symlink(log.logPath, path);
    return;
  } catch (error) {
    if (errorCode(error) === "ENOENT") await mkdir(directory, { recursive: true, mode: 0o755 });
    else if (errorCode(error) !== "EEXIST") throw error;
  }
  if ((await readLink(path)) === log.logPath) return;
  // Made beside and renamed, so that there is no moment without a link.
  const temporary = join(directory, `.${log.containerId.slice(0, 64)}.new`);
  await rm(temporary, { force: true });
  await symlink(log.logPath, temporary);
  await rename(temporary, path);
}

/** Removes links in `directory` into `podLogsDirectory` whose log is gone; answers how many. */
export async function removeDeadLinks(directory: string, podLogsDirectory: string): Promise<number> {
  let removed = 0;
  for (const name of await readDirectory(directory)) {
    const path = join(directory, name);
    const target = name.endsWith(suffix) ? await readLink(path) : undefined;
    // Links of somebody else are none of ours.
    if (target === undefined || !target.startsWith(`${podLogsDirectory}/`)) continue;
    if (await logExists(target)) continue;
    await rm(path, { force: true });
    removed++;
  }
  return removed;
}

/** Whether the log is there; between renaming and reopening only rotated files are. */
async function logExists(target: string): Promise<boolean> {
  try {
    await stat(target);
    return true;
  } catch (error) {
    if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") return true;
  }
  return (await readDirectory(dirname(target))).some((name) => name.startsWith(`${basename(target)}.`));
}

async function readLink(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "EINVAL") return undefined;
    throw error;
  }
}

async function readDirectory(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}
