import { rmSync } from "node:fs";
import { constants } from "node:os";
import { type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import { createServiceClient, engineService, type ServiceClient, TtrpcClient, taskService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import type { GuestExit, GuestSpec, GuestState, GuestStats } from "../guest.ts";
import { GuestRecords } from "../guest-record.ts";
import type { AttachSession, CallOptions, Host, HostLimits } from "../host.ts";
import { hostSocketPath } from "../host-directory.ts";
import { type Cgroup, withHostAllowance } from "../platform/cgroup.ts";
import { isRunning, killProcess, type ProcessIdentity } from "../platform/process-identity.ts";
import { guestSpecToMessage } from "../protocol/guest-spec-message.ts";
import { guestSpecMessage, guestSpecType } from "../protocol/guests.ts";
import { attachSession } from "./attach-client.ts";
import { asEngineCall } from "./call-errors.ts";
import { GuestExits } from "./guest-exits.ts";
import { exitFromMessage, stateFromMessage, statsFromAny } from "./guest-messages.ts";
import type { HostProcess, ProcessEnd } from "./host-process.ts";

/** How long a host may take to end its guests and itself. */
const shutdownTimeoutMs = 5_000;

/** Pause between looks at a process that is not a child of this one. */
const pollMs = 20;

const reconnectTries = 3;

export interface HostedPodOptions {
  readonly id: string;
  readonly directory: string;
  readonly process: ProcessIdentity;
  /** Undefined for a host that has died already. */
  readonly connection: TtrpcClient | undefined;
  readonly cgroup: Cgroup | undefined;
  /** Settles when the process is in `cgroup`; the host does not survive its failing. */
  readonly joined?: Promise<void> | undefined;
  /** Whether guests wait for `joined`: where the group limits nothing, it only counts. */
  readonly limited?: boolean;
  /** How the process ended, where it is a child of this one. */
  readonly child?: Pick<HostProcess, "ended" | "unref">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once its state is removed. */
  readonly onRemoved: () => void;
}

/** The engine's end of a host process. */
export class HostedPod implements Host {
  readonly #options: HostedPodOptions;
  readonly #records: GuestRecords;
  readonly #exits: GuestExits;
  readonly #death = Promise.withResolvers<{ readonly reason: string }>();
  #connection: TtrpcClient | undefined;
  #dead = false;
  #killReason: string | undefined;
  #removal: Promise<void> | undefined;

  constructor(options: HostedPodOptions) {
    this.#options = options;
    this.#records = new GuestRecords(options.directory);
    this.#exits = new GuestExits(this.#records, options.clock);
    this.#connection = options.connection;
    for (const guest of this.#records.list()) this.#exits.add(guest.id, guest.exit);
    if (options.connection === undefined) this.#onDeath("the host process is gone");
    else this.#watch(options.connection);
    options.joined?.catch((error: unknown) => this.kill(errorMessage(error)));
  }

  get id(): string {
    return this.#options.id;
  }

  get pid(): number {
    return this.#options.process.pid;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  get died(): Promise<{ readonly reason: string }> {
    return this.#death.promise;
  }

  async createGuest(spec: GuestSpec): Promise<void> {
    const value = guestSpecMessage.encode(guestSpecToMessage(spec));
    await asEngineCall(this.#task().create({ id: spec.id, options: { typeUrl: guestSpecType, value } }));
    this.#exits.add(spec.id, undefined);
    this.#follow(spec.id, this.#guests());
  }

  async startGuest(id: string): Promise<{ startedAtMs: number }> {
    if (this.#options.limited === true) await this.#options.joined;
    try {
      await asEngineCall(this.#task().start({ id }));
    } catch (error) {
      const { exit } = await this.guestState(id).catch((): { exit?: GuestExit } => ({}));
      if (exit?.reason === "StartError") throw new EngineError("StartError", exit.message, { cause: error });
      throw error;
    }
    return { startedAtMs: (await this.guestState(id)).startedAtMs ?? 0 };
  }

  async killGuest(id: string, signal: number): Promise<void> {
    await asEngineCall(this.#task().kill({ id, signal }));
  }

  async waitGuest(id: string, options: CallOptions = {}): Promise<GuestExit> {
    return await raceAbort(this.#exits.wait(id), options.signal);
  }

  async guestState(id: string): Promise<GuestState> {
    if (!this.#dead) return stateFromMessage(await asEngineCall(this.#guests().inspect({ id })));
    const found = this.#records.list().find((guest) => guest.id === id);
    if (found === undefined) throw new EngineError("NotFound", `There is no guest "${id}" in host "${this.id}"`);
    return found;
  }

  async listGuests(): Promise<GuestState[]> {
    if (this.#dead) return this.#records.list();
    const { guests } = await asEngineCall(this.#guests().list({}));
    return guests.map(stateFromMessage);
  }

  async deleteGuest(id: string): Promise<void> {
    if (this.#dead) this.#records.delete(id);
    else {
      try {
        await asEngineCall(this.#task().delete({ id }));
      } catch (error) {
        if (!(error instanceof EngineError && error.code === "NotFound")) throw error;
      }
    }
    this.#exits.delete(id);
  }

  async reopenLog(id: string): Promise<void> {
    await asEngineCall(this.#guests().reopenLog({ id }));
  }

  async stats(id: string): Promise<GuestStats> {
    const { stats } = await asEngineCall(this.#task().stats({ id }));
    return statsFromAny(stats);
  }

  async updateLimits(limits: HostLimits): Promise<void> {
    const { cgroup } = this.#options;
    if (cgroup === undefined) {
      throw new EngineError(
        "FailedPrecondition",
        `Cannot change limits of host "${this.id}": it has no cgroup of its own`,
      );
    }
    cgroup.update(withHostAllowance(limits));
  }

  async attach(id: string, session: AttachSession, options: CallOptions = {}): Promise<void> {
    await asEngineCall(attachSession(this.#guests(), id, session, options.signal));
  }

  onExit(handler: (exit: GuestExit & { readonly id: string }) => void): () => void {
    return this.#exits.onExit(handler);
  }

  shutdown(): Promise<void> {
    this.#removal ??= this.#shutdown();
    return this.#removal;
  }

  /** Resolves when the host has answered. */
  async ping(): Promise<void> {
    await asEngineCall(this.#guests().ping({}));
  }

  /** Kills the process; the reason shows in `died` and in the exits of its guests. */
  kill(reason: string): void {
    this.#killReason ??= reason;
    killProcess(this.#options.process);
  }

  /** Leaves the host to itself: ends this connection to it. */
  release(): void {
    this.#options.logger.debug("Leaving host to itself", { host: this.id, pid: this.pid });
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    this.#options.child?.unref();
  }

  async #shutdown(): Promise<void> {
    if (!this.#dead) {
      this.#killReason = "the host was shut down";
      await this.#endProcess();
      await this.#processEnd();
      await this.died;
    }
    await this.#options.joined?.catch(() => undefined);
    await this.#options.cgroup?.remove();
    rmSync(this.#options.directory, { recursive: true, force: true });
    this.#options.onRemoved();
  }

  async #endProcess(): Promise<void> {
    const { process } = this.#options;
    // What its guests left is recorded, and there is nothing else in it to end in order.
    if (this.#exits.pending().length === 0) return killProcess(process);
    try {
      await this.#task().shutdown({ id: this.id, now: true }, { timeoutMs: shutdownTimeoutMs });
    } catch {
      killProcess(process);
    }
  }

  /** Waits for the process to be gone, and makes it go when that takes too long. */
  async #processEnd(): Promise<void> {
    const { clock, process, child } = this.#options;
    const deadlineMs = clock.monotonic() + shutdownTimeoutMs;
    let told: Promise<void> | undefined = child?.ended.then(() => {
      told = undefined;
    });
    while (isRunning(process)) {
      if (clock.monotonic() > deadlineMs) killProcess(process);
      const pause = clock.sleep(pollMs);
      await (told === undefined ? pause : Promise.race([told, pause]));
    }
  }

  #task(): ServiceClient<typeof taskService.Task> {
    return createServiceClient(taskService.Task, this.#connected());
  }

  #guests(): ServiceClient<typeof engineService.Guests> {
    return createServiceClient(engineService.Guests, this.#connected());
  }

  #connected(): TtrpcClient {
    if (this.#connection !== undefined && !this.#dead) return this.#connection;
    throw new EngineError("Unavailable", `Host "${this.id}" (process ${this.pid}) is not there any more`);
  }

  #watch(connection: TtrpcClient): void {
    const guests = this.#guests();
    for (const id of this.#exits.pending()) this.#follow(id, guests);
    void connection.closed.then(() => {
      if (this.#connection === connection) void this.#onDisconnect();
    });
  }

  /** Learns of a guest's exit; when the connection breaks first, the next one or the host's death tells. */
  #follow(id: string, guests: ServiceClient<typeof engineService.Guests>): void {
    guests.await({ id }).then(
      (exit) => this.#exits.settle(id, exitFromMessage(exit)),
      (error: unknown) =>
        this.#options.logger.debug("Stopped waiting for a guest", {
          host: this.id,
          guest: id,
          error: errorMessage(error),
        }),
    );
  }

  async #onDisconnect(): Promise<void> {
    const { process, clock, directory, logger } = this.#options;
    for (let tries = 0; tries < reconnectTries && this.#killReason === undefined && isRunning(process); tries++) {
      try {
        const connection = await TtrpcClient.connect(hostSocketPath(directory), { clock });
        this.#connection = connection;
        this.#watch(connection);
        return;
      } catch (error) {
        logger.debug("Cannot reconnect to host", { host: this.id, error: errorMessage(error) });
        await clock.sleep(pollMs * 5);
      }
    }
    if (isRunning(process)) this.kill("the host process did not answer on its socket");
    await this.#processEnd();
    const end = await this.#options.child?.ended;
    this.#onDeath(this.#killReason ?? describeEnd(this.pid, end));
  }

  #onDeath(reason: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#connection = undefined;
    const outOfMemory = (this.#options.cgroup?.oomKills() ?? 0) > 0;
    this.#exits.hostDied(reason, outOfMemory);
    this.#death.resolve({ reason: outOfMemory ? `${reason} (out of memory)` : reason });
  }
}

function describeEnd(pid: number, end: ProcessEnd | undefined): string {
  if (end?.signal !== undefined) return `host process ${pid} was killed by ${signalName(end.signal)}`;
  return end?.code === undefined ? `host process ${pid} is gone` : `host process ${pid} ended with code ${end.code}`;
}

function signalName(signal: string | number): string {
  if (typeof signal === "string") return signal;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? `signal ${signal}`;
}
