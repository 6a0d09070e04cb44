import type { Readable, Writable } from "node:stream";
import type { GuestExit, GuestSpec, GuestState, GuestStats } from "./guest.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface AttachOptions extends CallOptions {
  /** Told once nothing that the guest writes from then on is missed. */
  readonly onAttached?: (() => void) | undefined;
}

/** What an attached client is connected to; streams left out are not attached. */
export interface AttachSession {
  readonly stdin?: Readable | undefined;
  readonly stdout?: Writable | undefined;
  readonly stderr?: Writable | undefined;
}

/** Limits of all guests of a sandbox together; undefined leaves one as it is. */
export interface SandboxLimits {
  /** Sum of the guests' limits; what their processes need for themselves is added. */
  readonly memoryLimitBytes?: number | undefined;
  /** Thousandths of a core. */
  readonly cpuLimitMillis?: number | undefined;
}

/**
 * The guests of one pod, each in a process of its own, and what bounds them together.
 *
 * They go on without the engine that created them. Calls reject with `EngineError`. Nothing but `attach` needs a guest's process to
 * answer, which it cannot while the guest computes without a pause.
 */
export interface Sandbox {
  readonly id: string;
  /** False when the machine was started anew since it was made: no guest of it runs, and none can be created. */
  readonly usable: boolean;

  /**
   * Takes a process for a guest and gives it its module without waiting for that to be loaded; a failure of it shows at the start.
   * Leaves nothing behind when it rejects.
   */
  createGuest(spec: GuestSpec, options?: CallOptions): Promise<void>;
  /** Rejects with code `StartError` when the module cannot be run; the guest then has an exit with that reason. */
  startGuest(id: string): Promise<{ startedAtMs: number }>;
  /**
   * Sends a signal. WASI guests cannot handle any, so what ends a program by default ends the guest with exit code 128 +
   * number, also when it computes without a pause; resolves when it has ended. Rejects with `NotFound` when it already had.
   */
  killGuest(id: string, signal: number): Promise<void>;
  waitGuest(id: string, options?: CallOptions): Promise<GuestExit>;
  guestState(id: string): GuestState;
  listGuests(): GuestState[];
  /** Forgets a guest that is not running. Succeeds when there is none of that name. */
  deleteGuest(id: string): Promise<void>;
  /** Makes the guest write to the file at its log path after that was moved away; resolves when the old one is left alone. */
  reopenLog(id: string): Promise<void>;
  /** Rejects with `FailedPrecondition` for a guest that has exited. */
  stats(id: string): Promise<GuestStats>;
  /**
   * Changes the limits of all guests together; what is left out stays. Rejects with `FailedPrecondition` where the node has no cgroup
   * for them, and with `ResourceExhausted` where they use more memory than they would be left, for the kernel would kill one.
   */
  updateLimits(limits: SandboxLimits): Promise<void>;
  /**
   * Copies the guest's output from now on, and feeds its input, until the guest exits, the streams end or `signal` aborts.
   * A client that takes nothing for 10 s is dropped with code `ResourceExhausted`.
   */
  attach(id: string, session: AttachSession, options?: AttachOptions): Promise<void>;
  /** Ends all guests and removes all state; idempotent. */
  shutdown(): Promise<void>;
  /** Tells each exit once from now on; the returned function stops that. */
  onExit(handler: (exit: GuestExit & { readonly id: string }) => void): () => void;
}
