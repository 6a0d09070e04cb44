import { rmSync } from "node:fs";
import { constants } from "node:os";
import { type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import { createServiceClient, engineService, type ServiceClient, type TtrpcClient, taskService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import type { GuestExit, GuestSpec, GuestState, GuestStats } from "../guest.ts";
import { guestFiles } from "../guest-directory.ts";
import { readGuestRecord, writeGuestRecord } from "../guest-record.ts";
import { GuestLog } from "../log/guest-log.ts";
import { isRunning, killProcess, type ProcessIdentity } from "../platform/process-identity.ts";
import { processUsage } from "../platform/process-usage.ts";
import { guestSpecToMessage } from "../protocol/guest-spec-message.ts";
import { guestSpecMessage, guestSpecType } from "../protocol/guests.ts";
import { defaultAction } from "../protocol/signals.ts";
import type { AttachOptions, AttachSession, CallOptions } from "../sandbox.ts";
import { attachSession } from "./attach-client.ts";
import { asEngineCall } from "./call-errors.ts";
import { exitFromMessage } from "./guest-messages.ts";
import { HostConnection } from "./host-connection.ts";
import type { HostProcess, ProcessEnd } from "./host-process.ts";

/** How long a process may take to end its guest in order, before it is killed: the guest may be computing. */
const orderlyEndMs = 100;

/** Pause between looks at a process that is not a child of this one, or whose end is due. */
const pollMs = 5;

export interface GuestProcessOptions {
  readonly id: string;
  /** Of the guest; exists. */
  readonly directory: string;
  readonly process: ProcessIdentity;
  /** Settles when the process is in the sandbox's cgroup; the guest does not survive its failing. */
  readonly joined: Promise<void> | undefined;
  /** Whether the guest's start waits for `joined`: where the group limits nothing, it only counts. */
  readonly limited: boolean;
  /** How the process ended, where it is a child of this one. */
  readonly child: Pick<HostProcess, "ended" | "unref"> | undefined;
  /** Whether the kernel has killed for lack of memory what nobody has accounted for yet. */
  readonly takeOutOfMemory: () => boolean;
  readonly onExit: (exit: GuestExit) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The engine's end of a guest and its process. What it says of the guest's state is always what is recorded on disk. */
export class GuestProcess {
  readonly #options: GuestProcessOptions;
  readonly #connection: HostConnection;
  readonly #exited = Promise.withResolvers<GuestExit>();
  #exit: GuestExit | undefined;
  #killed: { readonly exitCode: number; readonly message: string } | undefined;

  constructor(options: GuestProcessOptions) {
    const { id, directory, process, clock, logger } = options;
    this.#options = options;
    this.#connection = new HostConnection({
      guestId: id,
      process,
      socketPath: guestFiles.socket(directory),
      clock,
      logger,
    });
    this.#connection.onConnected = (client) => this.#follow(client);
    this.#connection.onGone = () => void this.#ended();
    options.joined?.catch((error: unknown) => {
      this.#killed ??= { exitCode: 137, message: errorMessage(error) };
      killProcess(process);
    });
  }

  get id(): string {
    return this.#options.id;
  }

  get exited(): Promise<GuestExit> {
    return this.#exited.promise;
  }

  /** Gives the process its guest. */
  async create(client: TtrpcClient, spec: GuestSpec): Promise<void> {
    const value = guestSpecMessage.encode(guestSpecToMessage(spec));
    const options = { typeUrl: guestSpecType, value };
    const task = createServiceClient(taskService.Task, client);
    await asEngineCall(task.create({ id: spec.id, bundle: this.#options.directory, options }));
    this.#connection.start(client);
  }

  /** Takes over a guest that was created by an earlier engine. */
  async reattach(): Promise<void> {
    const exit = readGuestRecord(this.#options.directory)?.exit;
    if (exit !== undefined) this.#settle(exit);
    else if (isRunning(this.#options.process)) this.#connection.start(undefined);
    else await this.#ended();
  }

  async start(): Promise<{ startedAtMs: number }> {
    this.#checkNotExited("start");
    if (this.#options.limited) await this.#options.joined;
    try {
      const task = await this.#task(undefined);
      await asEngineCall(task.start({ id: this.id }));
    } catch (error) {
      const exit = readGuestRecord(this.#options.directory)?.exit;
      // The process notes why, and ends: that the answer broke off explains nothing more.
      if (exit?.reason === "StartError") throw new EngineError("StartError", exit.message);
      throw error;
    }
    return { startedAtMs: this.state().startedAtMs ?? 0 };
  }

  async kill(signal: number): Promise<void> {
    const action = defaultAction(signal);
    if (action === "invalid") throw new EngineError("InvalidArgument", `Cannot send signal ${signal}: there is none`);
    if (action === "stop")
      throw new EngineError("Unimplemented", `Cannot send signal ${signal}: guests cannot be stopped`);
    if (this.#exit !== undefined) throw new EngineError("NotFound", `Guest "${this.id}" has exited`);
    if (action !== "terminate") return;
    this.#killed ??= { exitCode: 128 + signal, message: `Ended by signal ${signal}` };
    if (signal !== constants.signals.SIGKILL && (await this.#endsInOrder(signal))) return;
    killProcess(this.#options.process);
    await this.exited;
  }

  wait(options: CallOptions): Promise<GuestExit> {
    return raceAbort(this.exited, options.signal);
  }

  state(): GuestState {
    const record = readGuestRecord(this.#options.directory);
    if (record === undefined) throw new EngineError("NotFound", `There is no guest "${this.id}"`);
    return this.#exit === undefined ? record : { ...record, state: "exited", exit: this.#exit };
  }

  /** Removes what is left of a guest that does not run. */
  async delete(): Promise<void> {
    if (this.#exit === undefined) {
      if (this.state().state === "running")
        throw new EngineError("FailedPrecondition", `Cannot delete guest "${this.id}": it is running`);
      await this.kill(constants.signals.SIGKILL);
    }
    await this.remove();
  }

  /** Ends the guest, should it run, and its process, and removes all that is on disk. Idempotent. */
  async remove(): Promise<void> {
    const { process, directory, joined } = this.#options;
    if (this.#exit === undefined) this.#killed ??= { exitCode: 137, message: "Ended with its sandbox" };
    killProcess(process);
    if (this.#exit === undefined) await this.exited;
    await this.#processEnd();
    await joined?.catch(() => undefined);
    this.#connection.stop();
    rmSync(directory, { recursive: true, force: true });
  }

  stats(): GuestStats {
    const usage = this.#exit === undefined ? processUsage(this.#options.process.pid) : undefined;
    if (usage === undefined)
      throw new EngineError("FailedPrecondition", `Cannot read stats of guest "${this.id}": it has exited`);
    return {
      timeMs: this.#options.clock.now(),
      cpuUsageNanoseconds: usage.cpuNanoseconds,
      memoryUsageBytes: usage.memoryBytes,
      memoryWorkingSetBytes: usage.memoryBytes,
    };
  }

  async attach(session: AttachSession, options: AttachOptions): Promise<void> {
    this.#checkNotExited("attach to");
    const client = await this.#connection.get(options.signal);
    const guests = createServiceClient(engineService.Guests, client);
    await asEngineCall(attachSession(guests, this.id, session, options));
  }

  /** Leaves the process to itself. */
  release(): void {
    this.#connection.stop();
    this.#options.child?.unref();
  }

  #checkNotExited(action: string): void {
    if (this.#exit === undefined) return;
    throw new EngineError("FailedPrecondition", `Cannot ${action} guest "${this.id}": it has exited`);
  }

  async #task(signal: AbortSignal | undefined): Promise<ServiceClient<typeof taskService.Task>> {
    return createServiceClient(taskService.Task, await this.#connection.get(signal));
  }

  /** Whether the process did as it was told: it logs what the guest had begun to write, and lets attached clients read on. */
  async #endsInOrder(signal: number): Promise<boolean> {
    const deadline = new AbortController();
    const cancel = this.#options.clock.setTimer(orderlyEndMs, () => deadline.abort());
    try {
      const task = await this.#task(deadline.signal);
      await task.kill({ id: this.id, signal }, { signal: deadline.signal });
      await raceAbort(this.exited, deadline.signal);
    } catch {
      // Whatever kept it from that: the process is killed.
    } finally {
      cancel();
    }
    return this.#exit !== undefined;
  }

  /** Learns of the guest's exit; when the connection breaks first, the end of the process tells. */
  #follow(client: TtrpcClient): void {
    const { logger } = this.#options;
    createServiceClient(engineService.Guests, client)
      .await({ id: this.id })
      .then(
        (exit) => this.#settle(exitFromMessage(exit)),
        (error: unknown) => logger.debug("Stopped waiting for a guest", { guest: this.id, error: errorMessage(error) }),
      );
  }

  async #ended(): Promise<void> {
    await this.#processEnd();
    const { id, directory, logger, clock } = this.#options;
    const record = readGuestRecord(directory);
    if (record?.exit !== undefined) return this.#settle(record.exit);
    const exit = this.#exitOf(await this.#options.child?.ended, record?.startedAtMs ?? 0, clock.now());
    try {
      if (record !== undefined) {
        if (record.spec.logPath !== "") GuestLog.finishLeft(record.spec.logPath, guestFiles.unfinished(directory));
        writeGuestRecord(directory, { ...record, state: "exited", exit });
      }
    } catch (error) {
      // A full disk must not keep the exit from those who wait for it.
      logger.warn("Cannot note the end of a guest", { guest: id, error: errorMessage(error) });
    }
    this.#settle(exit);
  }

  /** What ended a guest that could not say so itself. */
  #exitOf(end: ProcessEnd | undefined, startedAtMs: number, finishedAtMs: number): GuestExit {
    const { process, takeOutOfMemory } = this.#options;
    const times = { startedAtMs, finishedAtMs };
    if (this.#killed !== undefined) return { ...this.#killed, reason: "Error", ...times };
    const outOfMemory = takeOutOfMemory();
    const message = `Ended with its host: ${describeEnd(process.pid, end)}${outOfMemory ? " (out of memory)" : ""}`;
    const signal = end === undefined ? constants.signals.SIGKILL : signalNumber(end.signal);
    const exitCode = signal === undefined ? 255 : 128 + signal;
    return { exitCode, reason: outOfMemory ? "OOMKilled" : "Error", message, ...times };
  }

  /** Waits for the process to be gone. */
  async #processEnd(): Promise<void> {
    const { clock, process, child } = this.#options;
    while (isRunning(process)) {
      const pause = clock.sleep(pollMs);
      await (child === undefined ? pause : Promise.race([child.ended, pause]));
    }
  }

  #settle(exit: GuestExit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.#exited.resolve(exit);
    this.#options.onExit(exit);
  }
}

function describeEnd(pid: number, end: ProcessEnd | undefined): string {
  if (end?.signal !== undefined) return `host process ${pid} was killed by ${signalName(end.signal)}`;
  return end?.code === undefined ? `host process ${pid} is gone` : `host process ${pid} ended with code ${end.code}`;
}

function signalNumber(signal: string | number | undefined): number | undefined {
  if (typeof signal !== "string") return signal;
  return (constants.signals as Readonly<Record<string, number>>)[signal];
}

function signalName(signal: string | number): string {
  if (typeof signal === "string") return signal;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}
