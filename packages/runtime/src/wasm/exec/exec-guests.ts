import { constants } from "node:os";
import { abortReason, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import type { GuestExit, GuestSpec, Sandbox } from "@wherry/engine";
import { RuntimeError } from "../../errors.ts";
import type { ExecSyncResult } from "../../streaming.ts";
import { runtimeErrorFrom } from "../engine-errors.ts";
import { settledWithin } from "../settled-within.ts";
import { CapturedOutput } from "./captured-output.ts";

/** Most of each stream that is kept; what comes beyond is dropped, as containerd does, so that the guest goes on. */
export const maxExecOutputBytes: number = 16 << 20;

const removalTimeoutMs = 5000;

/** How long after the connection to a process broke its end may show. */
const lostProcessMs = 1000;

export interface ExecCommand {
  readonly containerId: string;
  /** Name of the container, for messages. */
  readonly container: string;
  readonly command: readonly string[];
  /** From the call on; 0 for none. */
  readonly timeoutMs: number;
  /** Of each stream; see `maxExecOutputBytes`. */
  readonly maxOutputBytes: number;
  readonly sandbox: Pick<Sandbox, "createGuest" | "attach" | "startGuest" | "waitGuest" | "killGuest" | "deleteGuest">;
  /** The guest that is the command; its ID is new. */
  readonly spec: (signal: AbortSignal) => Promise<GuestSpec>;
  readonly signal?: AbortSignal | undefined;
}

interface Running {
  readonly ended: AbortController;
  readonly result: Promise<ExecSyncResult>;
}

/**
 * Commands that run in containers: each is one more guest of the container's sandbox, which is killed with the container, as what
 * was started in a container of Linux dies with its first process.
 *
 * They have no records, so nothing takes them for containers, and those that an earlier process left are ended by `recoverRecords`.
 */
export class ExecGuests {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #running: Map<string, Set<Running>> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Runs a command to its end and collects what it prints; nothing is left of it when this settles.
   *
   * Rejects with `RuntimeError`: `DeadlineExceeded` after `timeoutMs`, `FailedPrecondition` when the container ends first,
   * `InvalidArgument` when the module cannot be run; or with the signal's reason.
   */
  async run(exec: ExecCommand): Promise<ExecSyncResult> {
    const { containerId, timeoutMs, signal } = exec;
    const ended = new AbortController();
    const cancel = timeoutMs > 0 ? this.#clock.setTimer(timeoutMs, () => ended.abort(tooSlow(exec))) : undefined;
    const stop = signal === undefined ? ended.signal : AbortSignal.any([ended.signal, signal]);
    const running = { ended, result: this.#toItsEnd(exec, stop) };
    const beside = this.#running.get(containerId) ?? new Set();
    this.#running.set(containerId, beside.add(running));
    try {
      return await running.result;
    } finally {
      cancel?.();
      beside.delete(running);
      if (beside.size === 0) this.#running.delete(containerId);
    }
  }

  /** Kills what runs in a container that has ended, before this returns; resolves when nothing is left of it. */
  async end(containerId: string): Promise<void> {
    const all = [...(this.#running.get(containerId) ?? [])];
    const reason = new RuntimeError("FailedPrecondition", `Container "${containerId}" ended before its command did`);
    for (const { ended } of all) ended.abort(reason);
    await Promise.allSettled(all.map(({ result }) => result));
  }

  async #toItsEnd(exec: ExecCommand, stop: AbortSignal): Promise<ExecSyncResult> {
    const { command, container, sandbox } = exec;
    const action = `execute ${JSON.stringify(command)} in container "${container}"`;
    try {
      const spec = await exec.spec(stop);
      await sandbox.createGuest(spec, { signal: stop });
      try {
        return await this.#collect(action, exec, spec.id, stop);
      } finally {
        await this.#remove(sandbox, spec.id);
      }
    } catch (error) {
      if (stop.aborted) throw abortReason(stop);
      throw runtimeErrorFrom(action, error);
    }
  }

  async #collect(
    action: string,
    { sandbox, maxOutputBytes }: ExecCommand,
    id: string,
    stop: AbortSignal,
  ): Promise<ExecSyncResult> {
    stop.throwIfAborted();
    // The process, not the guest, which may compute without a pause; and before whoever aborts goes on.
    const kill = () => void sandbox.killGuest(id, constants.signals.SIGKILL).catch(() => undefined);
    stop.addEventListener("abort", kill, { once: true });
    try {
      const stdout = new CapturedOutput(maxOutputBytes);
      const stderr = new CapturedOutput(maxOutputBytes);
      const listening = Promise.withResolvers<void>();
      // Without the signal, whose abort would wait for the guest's answer.
      const attached = sandbox.attach(id, { stdout, stderr }, { onAttached: listening.resolve });
      attached.catch(() => undefined);
      const run = async () => {
        await raceAbort(Promise.race([listening.promise, attached]), stop);
        await raceAbort(sandbox.startGuest(id), stop);
        await raceAbort(attached, stop);
        return await raceAbort(sandbox.waitGuest(id), stop);
      };
      const exit = await run().catch((error: unknown) => this.#exitBehind(error, sandbox, id, stop));
      if (exit.reason === "StartError") throw new RuntimeError("InvalidArgument", `Cannot ${action}: ${exit.message}`);
      return { stdout: stdout.bytes, stderr: stderr.bytes, exitCode: exit.exitCode };
    } finally {
      stop.removeEventListener("abort", kill);
    }
  }

  /**
   * The exit that a failed call is about: a module that cannot run ends its process before that is asked for anything, and one that was
   * killed, for lack of memory perhaps, takes the connection with it.
   */
  async #exitBehind(
    error: unknown,
    sandbox: ExecCommand["sandbox"],
    id: string,
    stop: AbortSignal,
  ): Promise<GuestExit> {
    if (stop.aborted) throw error;
    const exit = await settledWithin(this.#clock, sandbox.waitGuest(id), lostProcessMs, stop);
    if (exit === undefined) throw error;
    return exit;
  }

  async #remove(sandbox: ExecCommand["sandbox"], id: string): Promise<void> {
    // It mostly has ended, which the kill says as an error.
    const killed = sandbox.killGuest(id, constants.signals.SIGKILL).catch(() => undefined);
    const removed = killed.then(() => sandbox.deleteGuest(id)).then(() => true);
    try {
      if (await settledWithin(this.#clock, removed, removalTimeoutMs, undefined)) return;
      this.#logger.warn("Cannot remove a command's guest in time", { guest: id });
    } catch (error) {
      this.#logger.warn("Cannot remove a command's guest", { guest: id, error: errorMessage(error) });
    }
  }
}

function tooSlow({ command, container, timeoutMs }: ExecCommand): RuntimeError {
  return new RuntimeError(
    "DeadlineExceeded",
    `Cannot execute ${JSON.stringify(command)} in container "${container}": it did not end within ${timeoutMs} ms`,
  );
}
