import { closeSync } from "node:fs";
import { RpcError } from "@wherry/rpc/ttrpc";
import type { GuestExit, GuestExitReason, GuestPhase, GuestSpec, GuestState } from "../guest.ts";
import type { GuestRecords } from "../guest-record.ts";
import { defaultAction } from "../protocol/signals.ts";
import { AttachSessions } from "./attach-sessions.ts";
import { ControlBlock } from "./control-block.ts";
import { CriLog } from "./cri-log.ts";
import type { GuestWorker, WorkerFailure } from "./guest-worker.ts";
import { LogClock } from "./log-clock.ts";
import { LogFile, openLog } from "./log-file.ts";
import type { GuestReport } from "./worker-messages.ts";

/** What wasmtime's command answers for a trap: 128 + SIGABRT. */
const trapExitCode = 134;

/** What containerd answers for a container whose start failed. */
const startErrorExitCode = 128;

type Ending = { readonly exitCode: number; readonly reason: GuestExitReason; readonly message: string };

/**
 * A guest as the host's main thread sees it: created, running, exited, in this order.
 *
 * The exit record is on disk before anybody is told of the exit, and nothing of the guest runs any more by then.
 */
export class HostedGuest {
  readonly spec: GuestSpec;
  readonly sessions: AttachSessions;
  readonly #worker: GuestWorker;
  readonly #records: GuestRecords;
  readonly #control: ControlBlock = new ControlBlock();
  readonly #prepared: Promise<void>;
  readonly exited: Promise<GuestExit>;
  #settlePrepared: { resolve: () => void; reject: (error: Error) => void };
  #settleExited: (exit: GuestExit) => void;
  #phase: GuestPhase = "created";
  #starting = false;
  #startedAtMs = 0;
  #exit: GuestExit | undefined;
  #ending: Ending | undefined;
  #cpuNanoseconds = 0;

  /** @param worker an unused worker, from here on the guest's */
  constructor(spec: GuestSpec, worker: GuestWorker, records: GuestRecords) {
    this.spec = spec;
    this.#worker = worker;
    this.#records = records;
    const prepared = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<GuestExit>();
    this.#prepared = prepared.promise;
    this.#settlePrepared = prepared;
    this.exited = exited.promise;
    this.#settleExited = exited.resolve;
    // Looked at by start only.
    prepared.promise.catch(() => undefined);
    this.sessions = new AttachSessions(spec, this.#control, (request) => worker.send(request));
    worker.onReport = (report) => this.#onReport(report);
    worker.onEnd = (failure) => this.#onWorkerEnd(failure);
    records.write(this.state());
    worker.send({ type: "prepare", spec, control: this.#control.buffer });
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get control(): ControlBlock {
    return this.#control;
  }

  /** The thread the guest runs on; undefined once it has exited. */
  get worker(): GuestWorker | undefined {
    return this.#phase === "exited" ? undefined : this.#worker;
  }

  /** CPU time of the guest's thread; stays as last seen once it has exited. */
  async cpuNanoseconds(): Promise<number> {
    try {
      if (this.worker !== undefined) this.#cpuNanoseconds = await this.worker.cpuNanoseconds();
    } catch {
      // The thread ended while it was asked.
    }
    return this.#cpuNanoseconds;
  }

  state(): GuestState {
    const { modulePath, logPath, memoryLimitBytes, stdin, stdinOnce } = this.spec;
    return {
      id: this.spec.id,
      state: this.#phase,
      ...(this.#startedAtMs === 0 ? {} : { startedAtMs: this.#startedAtMs }),
      ...(this.#exit === undefined ? {} : { exit: this.#exit }),
      spec: { modulePath, logPath, memoryLimitBytes, stdin, stdinOnce },
      logBytesDropped: this.#control.droppedBytes,
    };
  }

  /** Starts the guest; rejects, and leaves an exit record, when its module cannot be run. */
  async start(): Promise<void> {
    if (this.#phase !== "created") {
      throw new RpcError("FailedPrecondition", `Cannot start guest "${this.spec.id}": it is ${this.#phase}`);
    }
    if (this.#starting) throw new RpcError("FailedPrecondition", `Guest "${this.spec.id}" is being started`);
    this.#starting = true;
    await this.#prepared;
    if (this.#ending !== undefined) await this.exited;
    if (this.#phase !== "created") {
      throw new RpcError("FailedPrecondition", `Cannot start guest "${this.spec.id}": it was ended meanwhile`);
    }
    this.#startedAtMs = Date.now();
    this.#phase = "running";
    this.#records.write(this.state());
    this.#worker.send({ type: "start" });
  }

  /** Does what the signal does to a program without handlers; resolves when that is done. */
  async kill(signal: number): Promise<void> {
    const action = defaultAction(signal);
    if (action === "invalid") throw new RpcError("InvalidArgument", `Cannot send signal ${signal}: there is none`);
    if (action === "stop")
      throw new RpcError("Unimplemented", `Cannot send signal ${signal}: guests cannot be stopped`);
    if (this.#phase === "exited") throw new RpcError("NotFound", `Guest "${this.spec.id}" has exited`);
    if (action !== "terminate") return;
    await this.#end({
      exitCode: 128 + signal,
      reason: "Error",
      message: `Ended by signal ${signal}`,
    });
  }

  /** Makes the worker open its log file anew before its next write; the file exists when this returns. */
  reopenLog(): void {
    if (this.spec.logPath === "") return;
    try {
      closeSync(openLog(this.spec.logPath));
    } catch (error) {
      throw new RpcError("FailedPrecondition", `Cannot open log file "${this.spec.logPath}": ${String(error)}`);
    }
    this.#control.requestLogReopen();
  }

  #onReport(report: GuestReport): void {
    switch (report.type) {
      case "prepared":
        this.#settlePrepared.resolve();
        break;
      case "started":
        break;
      case "refused":
        void this.#end({ exitCode: startErrorExitCode, reason: "StartError", message: report.message });
        break;
      case "exited":
        void this.#end({ exitCode: report.code, reason: report.code === 0 ? "Completed" : "Error", message: "" });
        break;
      case "trapped":
        void this.#end({ exitCode: trapExitCode, reason: "Error", message: `WebAssembly trap: ${report.message}` });
        break;
      case "output":
      case "output-stalled":
      case "input-taken":
        this.sessions.onReport(report);
        break;
    }
  }

  #onWorkerEnd(failure: WorkerFailure): void {
    void this.#end(
      failure.kind === "out-of-memory"
        ? { exitCode: 137, reason: "OOMKilled", message: "The JavaScript heap of the guest's worker is used up" }
        : { exitCode: 255, reason: "Error", message: `The guest's host failed: ${failure.message}` },
    );
  }

  /** The one way to the exit: the first ending counts, later ones wait for it. */
  async #end(ending: Ending): Promise<void> {
    if (this.#ending !== undefined) {
      await this.exited;
      return;
    }
    this.#ending = ending;
    await this.#worker.terminate();
    this.#finishLog();
    this.#exit = { ...ending, startedAtMs: this.#startedAtMs, finishedAtMs: Date.now() };
    this.#phase = "exited";
    this.#writeExit();
    this.sessions.end();
    this.#settlePrepared.reject(new RpcError("FailedPrecondition", ending.message));
    this.#settleExited(this.#exit);
  }

  #writeExit(): void {
    try {
      this.#records.write(this.state());
    } catch {
      // A full disk must not keep the exit from those who wait for it; only its survival of this process is lost.
    }
  }

  /** Logs what the guest wrote after its last line end. */
  #finishLog(): void {
    if (this.spec.logPath === "" || this.#startedAtMs === 0) return;
    try {
      const file = new LogFile(this.spec.logPath, this.#control);
      new CriLog(this.#control, new LogClock(), (entries) => file.append(entries)).finish();
      file.close();
    } catch {
      this.#control.addDropped(this.#control.pending("stdout").length + this.#control.pending("stderr").length);
    }
  }
}
