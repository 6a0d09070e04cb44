import type { Readable, Writable } from "node:stream";
import type { GuestExit, GuestSpec, GuestState, GuestStats } from "./guest.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What an attached client is connected to; streams left out are not attached. */
export interface AttachSession {
  readonly stdin?: Readable | undefined;
  readonly stdout?: Writable | undefined;
  readonly stderr?: Writable | undefined;
}

/** Limits of a whole host; undefined leaves one as it is. */
export interface HostLimits {
  /** Sum of the guests' limits; the host's own need is added. */
  readonly memoryLimitBytes?: number | undefined;
  /** Thousandths of a core. */
  readonly cpuLimitMillis?: number | undefined;
}

/**
 * A host process: the sandbox of one pod, with one worker thread for each guest.
 *
 * It goes on without the engine that created it. Calls reject with `EngineError`; those that need the process with code
 * `Unavailable` once it has died, while `waitGuest`, `guestState`, `listGuests` and `deleteGuest` go on with what is on disk.
 */
export interface Host {
  readonly id: string;
  readonly pid: number;
  readonly alive: boolean;
  /** Resolves when the process has ended, for whatever reason; exits of its guests have been told by then. */
  readonly died: Promise<{ readonly reason: string }>;

  /** Loads and checks a guest's module without waiting for that; a failure shows at its start. */
  createGuest(spec: GuestSpec): Promise<void>;
  /** Rejects with code `StartError` when the module cannot be run; the guest then has an exit with that reason. */
  startGuest(id: string): Promise<{ startedAtMs: number }>;
  /**
   * Sends a signal. WASI guests cannot handle any, so what ends a program by default ends the guest with exit code 128 +
   * number, also when it computes without a pause; resolves when it has ended. Rejects with `NotFound` when it already had.
   */
  killGuest(id: string, signal: number): Promise<void>;
  waitGuest(id: string, options?: CallOptions): Promise<GuestExit>;
  guestState(id: string): Promise<GuestState>;
  listGuests(): Promise<GuestState[]>;
  /** Forgets a guest that is not running. Succeeds when there is none of that name. */
  deleteGuest(id: string): Promise<void>;
  /** Makes the guest write to a new file at its log path; what it wrote before is in the old one. */
  reopenLog(id: string): Promise<void>;
  stats(id: string): Promise<GuestStats>;
  /** Changes the limits of the process; rejects with `FailedPrecondition` where the node has no cgroup for it. */
  updateLimits(limits: HostLimits): Promise<void>;
  /**
   * Copies the guest's output from now on, and feeds its input, until the guest exits, the streams end or `signal` aborts.
   * A client that takes nothing for 10 s is dropped with code `ResourceExhausted`.
   */
  attach(id: string, session: AttachSession, options?: CallOptions): Promise<void>;
  /** Ends guests and process and removes all state; idempotent, also on a host that has died. */
  shutdown(): Promise<void>;
  /** Tells each exit once from now on; the returned function stops that. */
  onExit(handler: (exit: GuestExit & { readonly id: string }) => void): () => void;
}
