import type { GuestSocket } from "./guest-socket.ts";

export interface GuestMount {
  /** Absolute path as the guest sees it. */
  readonly guestPath: string;
  /** Absolute path of a directory or a file on the node; trusted, links in it are followed. */
  readonly hostPath: string;
  /**
   * What to mount below the directory `hostPath`; relative. Not trusted: it is resolved when the guest is created, by handles, and
   * a way that leads out of the directory fails the start. @default the directory itself
   */
  readonly subPath?: string | undefined;
  readonly readOnly: boolean;
}

/** A WebAssembly program to run in a host process. */
export interface GuestSpec {
  /** Unique in its sandbox: letters, digits, `.`, `_` and `-`, at most 128. */
  readonly id: string;
  /** Absolute path of the module on the node. */
  readonly modulePath: string;
  /** The arguments, the program's name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly GuestMount[];
  /** Open from descriptor 3 on, in this order, and announced by `LISTEN_FDS` and `LISTEN_FDNAMES`. */
  readonly sockets: readonly GuestSocket[];
  /** Largest linear memory; the guest sees a failed allocation beyond. @default the module's own maximum */
  readonly memoryLimitBytes?: number | undefined;
  /** Absolute path of the log file, written in CRI format; empty for none (output goes to attached sessions only). */
  readonly logPath: string;
  /** Whether there is a standard input to attach to; otherwise it is at its end. */
  readonly stdin: boolean;
  /** Whether the end of the first attached input ends the guest's; otherwise it stays open for the next. */
  readonly stdinOnce: boolean;
  /** Absolute path that relative paths of the guest start from; empty for the root. */
  readonly workingDir: string;
}

/** CamelCase reasons of a container's end, as status shows them. */
export type GuestExitReason = "Completed" | "Error" | "OOMKilled" | "StartError" | "ContainerStatusUnknown";

/** How and when a guest ended. */
export interface GuestExit {
  /** What the guest passed to `proc_exit`; 134 for a trap, 128 + number for a signal, 128 when it could not start. */
  readonly exitCode: number;
  readonly reason: GuestExitReason;
  /** For people: the trap, the missing import, who killed the guest. Empty when there is nothing to add. */
  readonly message: string;
  /** 0 when it never started. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

export type GuestPhase = "created" | "running" | "exited";

export interface GuestState {
  readonly id: string;
  readonly state: GuestPhase;
  /** Number of its process, which ends with it. */
  readonly pid: number;
  readonly startedAtMs?: number | undefined;
  readonly exit?: GuestExit | undefined;
  readonly spec: Pick<GuestSpec, "modulePath" | "logPath" | "memoryLimitBytes" | "stdin" | "stdinOnce">;
  /** Output bytes that could not be logged, for example on a full disk; known once the guest has exited. */
  readonly logBytesDropped: number;
}

export interface GuestStats {
  readonly timeMs: number;
  /** Since the guest was created; never falls. */
  readonly cpuUsageNanoseconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
}
