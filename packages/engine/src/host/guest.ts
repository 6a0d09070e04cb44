import { RpcError } from "@wherry/rpc/ttrpc";
import type { ExitStatus } from "@wherry/wasi";
import type { GuestExit, GuestExitReason, GuestPhase, GuestSpec, GuestState } from "../guest.ts";
import { guestFiles } from "../guest-directory.ts";
import { writeGuestRecord } from "../guest-record.ts";
import { GuestLog } from "../log/guest-log.ts";
import { defaultAction } from "../protocol/signals.ts";
import { AttachSessions } from "./attach-sessions.ts";
import { GuestProgram } from "./guest-program.ts";
import { RefusedGuestError } from "./load-module.ts";
import { GuestSockets } from "./sockets/guest-sockets.ts";

/** What wasmtime's command answers for a trap: 128 + SIGABRT. */
const trapExitCode = 134;

/** What containerd answers for a container whose start failed. */
const startErrorExitCode = 128;

type Ending = { readonly exitCode: number; readonly reason: GuestExitReason; readonly message: string };

/**
 * The guest of this process: created, running, exited, in this order.
 *
 * It runs on the process's only thread. Calls to the process are answered while the guest waits or writes; one that computes
 * without a pause is left alone, and ended by killing the process. The exit record is on disk before anybody is told of it.
 */
export class HostedGuest {
  readonly spec: GuestSpec;
  readonly sessions: AttachSessions;
  readonly exited: Promise<GuestExit>;
  readonly #directory: string;
  readonly #prepared: Promise<void>;
  readonly #settleExited: (exit: GuestExit) => void;
  #program: GuestProgram | undefined;
  #log: GuestLog | undefined;
  #sockets: GuestSockets | undefined;
  #phase: GuestPhase = "created";
  #starting = false;
  #startedAtMs = 0;
  #exit: GuestExit | undefined;

  /**
   * Its sockets are opened and its module is loaded after this returns; what is wrong with them shows at the start.
   *
   * @param directory of the guest; exists
   */
  constructor(spec: GuestSpec, directory: string) {
    this.spec = spec;
    this.#directory = directory;
    this.sessions = new AttachSessions(spec);
    const exited = Promise.withResolvers<GuestExit>();
    this.exited = exited.promise;
    this.#settleExited = exited.resolve;
    writeGuestRecord(directory, this.state());
    this.#prepared = new Promise((resolve) => {
      setImmediate(() => void this.#prepare().then(resolve));
    });
  }

  state(): GuestState {
    const { modulePath, logPath, memoryLimitBytes, stdin, stdinOnce } = this.spec;
    return {
      id: this.spec.id,
      state: this.#phase,
      pid: process.pid,
      ...(this.#startedAtMs === 0 ? {} : { startedAtMs: this.#startedAtMs }),
      ...(this.#exit === undefined ? {} : { exit: this.#exit }),
      spec: { modulePath, logPath, memoryLimitBytes, stdin, stdinOnce },
      logBytesDropped: this.#log?.droppedBytes ?? 0,
    };
  }

  /** Lets the guest run soon after this resolves; rejects, and leaves an exit record, when its module cannot be run. */
  async start(): Promise<void> {
    if (this.#phase !== "created") {
      throw new RpcError("FailedPrecondition", `Cannot start guest "${this.spec.id}": it is ${this.#phase}`);
    }
    if (this.#starting) throw new RpcError("FailedPrecondition", `Guest "${this.spec.id}" is being started`);
    this.#starting = true;
    await this.#prepared;
    if (this.#exit !== undefined) {
      throw new RpcError("FailedPrecondition", this.#exit.message);
    }
    this.#startedAtMs = Date.now();
    this.#phase = "running";
    writeGuestRecord(this.#directory, this.state());
    // Once the answer is out: the guest may never give the thread back.
    setImmediate(() => this.#run());
  }

  /** Does what the signal does to a program without handlers. */
  kill(signal: number): void {
    const action = defaultAction(signal);
    if (action === "invalid") throw new RpcError("InvalidArgument", `Cannot send signal ${signal}: there is none`);
    if (action === "stop")
      throw new RpcError("Unimplemented", `Cannot send signal ${signal}: guests cannot be stopped`);
    if (this.#phase === "exited") throw new RpcError("NotFound", `Guest "${this.spec.id}" has exited`);
    if (action === "terminate") {
      this.#end({ exitCode: 128 + signal, reason: "Error", message: `Ended by signal ${signal}` });
    }
  }

  /** Resolves when what the exited guest has written to its connections has gone out, or nobody takes it. */
  async flushed(): Promise<void> {
    await this.#sockets?.flushed();
  }

  async #prepare(): Promise<void> {
    if (this.#exit !== undefined) return;
    try {
      this.#log = this.#openLog();
      const sockets = await GuestSockets.open(this.spec.sockets);
      this.#sockets = sockets;
      // Killed meanwhile.
      if (this.#exit !== undefined) sockets.close();
      else this.#program = new GuestProgram(this.spec, this.#log, this.sessions, sockets);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #run(): void {
    if (this.#program === undefined || this.#exit !== undefined) return;
    try {
      this.#program.run().then(
        (status) => this.#end(endingOf(status)),
        (error: unknown) => this.#end(trapped(messageOf(error))),
      );
    } catch (error) {
      if (error instanceof RefusedGuestError) this.#refuse(error);
      else this.#end(trapped(messageOf(error)));
    }
  }

  #refuse(error: unknown): void {
    this.#end({ exitCode: startErrorExitCode, reason: "StartError", message: messageOf(error) });
  }

  /** The one way to the exit: the first ending counts. Nothing of the guest runs after this. */
  #end(ending: Ending): void {
    if (this.#exit !== undefined) return;
    this.#exit = { ...ending, startedAtMs: this.#startedAtMs, finishedAtMs: Date.now() };
    this.#phase = "exited";
    this.#program?.close();
    this.#sockets?.close();
    this.#log?.finish();
    try {
      writeGuestRecord(this.#directory, this.state());
    } catch {
      // A full disk must not keep the exit from those who wait for it; only its survival of this process is lost.
    }
    this.#settleExited(this.#exit);
  }

  #openLog(): GuestLog | undefined {
    const { logPath } = this.spec;
    if (logPath === "") return undefined;
    try {
      return GuestLog.open(logPath, guestFiles.unfinished(this.#directory));
    } catch (error) {
      throw new RefusedGuestError(`Cannot open log file "${logPath}": ${messageOf(error)}`);
    }
  }
}

function endingOf(status: ExitStatus): Ending {
  if (status.kind === "trapped") return trapped(status.message);
  // As much of it as a process of Linux tells the one that waits for it.
  const exitCode = status.code & 0xff;
  return { exitCode, reason: exitCode === 0 ? "Completed" : "Error", message: "" };
}

function trapped(message: string): Ending {
  return { exitCode: trapExitCode, reason: "Error", message: `WebAssembly trap: ${message}` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
