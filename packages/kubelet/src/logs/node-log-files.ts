import { rm } from "node:fs/promises";
import type { LogFiles } from "../ports/log-files.ts";
import { removeContainerLog } from "./log-collector.ts";
import { linkContainerLog } from "./log-links.ts";

/** Log files with rotation, and links to them in `linksDirectory` where one is given. */
export function rotatedLogFiles(linksDirectory: string | undefined): LogFiles {
  return {
    removeLog: removeContainerLog,
    removeDirectory: (path) => rm(path, { recursive: true, force: true }),
    ...(linksDirectory !== undefined && { linkLog: (log) => linkContainerLog(linksDirectory, log) }),
  };
}
