import { rm } from "node:fs/promises";

/** Removes log files that nobody can ask for any more; idempotent. */
export interface LogFiles {
  /** @param path absolute path of one instance's log; rotated files beside it go too */
  removeLog(path: string): Promise<void>;
  /** @param path absolute path of a pod's log directory */
  removeDirectory(path: string): Promise<void>;
}

/** Log files on the node's file system. */
export const nodeLogFiles: LogFiles = {
  removeLog: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rm(path, { recursive: true, force: true }),
};
