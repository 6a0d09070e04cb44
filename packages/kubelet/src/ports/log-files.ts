import { rm } from "node:fs/promises";

/** One container instance's log, as log shippers are told of it. */
export interface LoggedContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Without the runtime's scheme. */
  readonly containerId: string;
  /** Absolute path of its log file. */
  readonly logPath: string;
}

/** The log files of containers on the node. */
export interface LogFiles {
  /** Removes a log that nobody can ask for any more, with the rotated files beside it; idempotent. */
  removeLog(path: string): Promise<void>;
  /** Removes a pod's log directory; idempotent. */
  removeDirectory(path: string): Promise<void>;
  /** Tells log shippers of a log that has begun. Optional: without it there are no links. */
  linkLog?(log: LoggedContainer): Promise<void>;
}

/** Log files on the node's file system, without links and rotation. */
export const nodeLogFiles: LogFiles = {
  removeLog: (path) => rm(path, { force: true }),
  removeDirectory: (path) => rm(path, { recursive: true, force: true }),
};
