import { closeSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Clock, errorCode, type Logger } from "@wherry/base";
import { EngineError } from "../errors.ts";
import type { GuestExit, GuestSpec, GuestState, GuestStats } from "../guest.ts";
import { checkId, readGuestRecord } from "../guest-record.ts";
import { maxReopenDelayMs, openLog } from "../log/log-file.ts";
import { type Cgroup, withProcessAllowance } from "../platform/cgroup.ts";
import { cpuPeriodUs } from "../platform/cgroup-directory.ts";
import { isRunning, killProcess, type ProcessIdentity } from "../platform/process-identity.ts";
import type { AttachOptions, AttachSession, CallOptions, Sandbox, SandboxLimits } from "../sandbox.ts";
import { GuestProcess } from "./guest-process.ts";
import type { HostProcess } from "./host-process.ts";
import { readProcessRecord, type SandboxRecord, writeProcessRecord, writeSandboxRecord } from "./sandbox-record.ts";

export interface ProcessSandboxOptions {
  readonly record: SandboxRecord;
  /** Of the sandbox; exists, with its record in it. */
  readonly directory: string;
  readonly cgroup: Cgroup | undefined;
  /** Whether the group limits anything, so that guests have to be in it before they start. */
  readonly limited: boolean;
  readonly usable: boolean;
  /** Gets a process ready for a guest. */
  readonly takeProcess: (options: CallOptions) => Promise<HostProcess>;
  readonly discardProcess: (process: HostProcess) => Promise<void>;
  /** Called once its state is removed. */
  readonly onRemoved: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface LeftGuest {
  readonly name: string;
  readonly directory: string;
  readonly process: ProcessIdentity;
  readonly hasExit: boolean;
}

/** A sandbox whose guests are processes of this machine. */
export class ProcessSandbox implements Sandbox {
  readonly #options: ProcessSandboxOptions;
  readonly #guestsDirectory: string;
  readonly #guests: Map<string, GuestProcess> = new Map();
  readonly #creating: Set<string> = new Set();
  readonly #exitHandlers: Set<(exit: GuestExit & { readonly id: string }) => void> = new Set();
  #memoryLimitBytes: number | undefined;
  #limited: boolean;
  #accountedOomKills = 0;
  #removal: Promise<void> | undefined;

  constructor(options: ProcessSandboxOptions) {
    this.#options = options;
    this.#guestsDirectory = join(options.directory, "guests");
    this.#memoryLimitBytes = options.record.memoryLimitBytes;
    this.#limited = options.limited;
  }

  get id(): string {
    return this.#options.record.id;
  }

  get usable(): boolean {
    return this.#options.usable && this.#removal === undefined;
  }

  /** Takes over the guests that an earlier engine left. */
  async reattach(): Promise<void> {
    const left = guestNames(this.#guestsDirectory).flatMap((name) => this.#findLeft(name) ?? []);
    // Those of guests that are forgotten, commands among them, have been told of; only what ended unseen may be one of the others.
    const unseen = left.filter(({ process, hasExit }) => !hasExit && !isRunning(process)).length;
    this.#accountedOomKills = Math.max(0, (this.#options.cgroup?.oomKills() ?? 0) - unseen);
    for (const { name, directory, process } of left) {
      // The engine before this one may have ended in the middle of it.
      const joined = isRunning(process) ? this.#options.cgroup?.join(process.pid) : undefined;
      const guest = this.#guestProcess(name, directory, process, joined, undefined);
      this.#guests.set(name, guest);
      await guest.reattach();
    }
  }

  /** A guest on disk; one that an engine had not made altogether is removed. */
  #findLeft(name: string): LeftGuest | undefined {
    const directory = join(this.#guestsDirectory, name);
    const process = readProcessRecord(directory);
    const state = readGuestRecord(directory);
    if (process !== undefined && state?.id === name)
      return { name, directory, process, hasExit: state.exit !== undefined };
    if (process !== undefined) killProcess(process);
    rmSync(directory, { recursive: true, force: true });
    return undefined;
  }

  async createGuest(spec: GuestSpec, options: CallOptions = {}): Promise<void> {
    const id = checkId("guest", spec.id);
    if (this.#guests.has(id) || this.#creating.has(id))
      throw new EngineError("AlreadyExists", `Guest "${id}" exists already in sandbox "${this.id}"`);
    this.#checkUsable(id);
    this.#creating.add(id);
    try {
      const process = await this.#options.takeProcess(options);
      await this.#create(process, spec).catch(async (error: unknown) => {
        await this.#options.discardProcess(process);
        rmSync(join(this.#guestsDirectory, id), { recursive: true, force: true });
        throw error;
      });
    } finally {
      this.#creating.delete(id);
    }
  }

  startGuest(id: string): Promise<{ startedAtMs: number }> {
    return this.#call(id, (guest) => guest.start());
  }

  killGuest(id: string, signal: number): Promise<void> {
    return this.#call(id, (guest) => guest.kill(signal));
  }

  waitGuest(id: string, options: CallOptions = {}): Promise<GuestExit> {
    return this.#call(id, (guest) => guest.wait(options));
  }

  guestState(id: string): GuestState {
    return this.#find(id).state();
  }

  listGuests(): GuestState[] {
    return [...this.#guests.values()].map((guest) => guest.state());
  }

  async deleteGuest(id: string): Promise<void> {
    const guest = this.#guests.get(id);
    if (guest === undefined) return;
    await guest.delete();
    this.#guests.delete(id);
  }

  async reopenLog(id: string): Promise<void> {
    const { logPath } = this.guestState(id).spec;
    if (logPath === "") return;
    try {
      closeSync(openLog(logPath));
    } catch (error) {
      throw new EngineError(
        "FailedPrecondition",
        `Cannot open log file "${logPath}": ${errorCode(error) ?? String(error)}`,
        {
          cause: error,
        },
      );
    }
    // The guest's process looks at the path itself. In the middle of a write its group may have used up its share of the CPU.
    const throttledMs = this.#limited ? (2 * cpuPeriodUs) / 1000 : 0;
    await this.#options.clock.sleep(2 * maxReopenDelayMs + throttledMs);
  }

  stats(id: string): Promise<GuestStats> {
    return this.#call(id, async (guest) => guest.stats());
  }

  async updateLimits({ memoryLimitBytes, cpuLimitMillis }: SandboxLimits): Promise<void> {
    const { cgroup } = this.#options;
    if (cgroup === undefined) {
      throw new EngineError(
        "FailedPrecondition",
        `Cannot change limits of sandbox "${this.id}": it has no cgroup of its own`,
      );
    }
    const limits = withProcessAllowance({ memoryLimitBytes, cpuLimitMillis }, this.#processes);
    const usedBytes = cgroup.memoryBytes();
    const shrinks =
      memoryLimitBytes !== undefined && memoryLimitBytes < (this.#memoryLimitBytes ?? Number.POSITIVE_INFINITY);
    if (shrinks && usedBytes > (limits.memoryLimitBytes ?? Number.POSITIVE_INFINITY)) {
      throw new EngineError(
        "ResourceExhausted",
        `Cannot limit memory of sandbox "${this.id}" to ${memoryLimitBytes} bytes (${limits.memoryLimitBytes} with its processes): ${usedBytes} are in use`,
      );
    }
    cgroup.update(limits);
    this.#limited = true;
    if (memoryLimitBytes === undefined || memoryLimitBytes === this.#memoryLimitBytes) return;
    this.#memoryLimitBytes = memoryLimitBytes;
    // A later engine counts with it when it makes the next guest.
    writeSandboxRecord(this.#options.directory, { ...this.#options.record, memoryLimitBytes });
  }

  attach(id: string, session: AttachSession, options: AttachOptions = {}): Promise<void> {
    return this.#call(id, (guest) => guest.attach(session, options));
  }

  onExit(handler: (exit: GuestExit & { readonly id: string }) => void): () => void {
    this.#exitHandlers.add(handler);
    return () => void this.#exitHandlers.delete(handler);
  }

  shutdown(): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  /** Leaves the guests to themselves. */
  release(): void {
    for (const guest of this.#guests.values()) guest.release();
  }

  /** How many processes the group has room for: several guests may be in the making. */
  get #processes(): number {
    return new Set([...this.#guests.keys(), ...this.#creating]).size;
  }

  async #create(host: HostProcess, spec: GuestSpec): Promise<void> {
    const { cgroup } = this.#options;
    this.#checkUsable(spec.id);
    const directory = join(this.#guestsDirectory, spec.id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeProcessRecord(directory, host.identity);
    const memoryLimitBytes = this.#memoryLimitBytes;
    if (memoryLimitBytes !== undefined) cgroup?.update(withProcessAllowance({ memoryLimitBytes }, this.#processes));
    const joined = cgroup?.join(host.identity.pid);
    const guest = this.#guestProcess(spec.id, directory, host.identity, joined, host);
    await guest.create(host.connection, spec);
    this.#guests.set(spec.id, guest);
    // The sandbox was ended meanwhile, without knowing of this guest.
    if (this.#removal !== undefined) await guest.remove();
  }

  #guestProcess(
    id: string,
    directory: string,
    process: HostProcess["identity"],
    joined: Promise<void> | undefined,
    child: HostProcess | undefined,
  ): GuestProcess {
    const { clock, logger } = this.#options;
    return new GuestProcess({
      id,
      directory,
      process,
      joined,
      limited: this.#limited,
      child,
      takeOutOfMemory: () => this.#takeOutOfMemory(),
      onExit: (exit) => this.#onExit(id, exit),
      clock,
      logger,
    });
  }

  #onExit(id: string, exit: GuestExit): void {
    for (const handler of this.#exitHandlers) handler({ ...exit, id });
  }

  #takeOutOfMemory(): boolean {
    const kills = this.#options.cgroup?.oomKills() ?? 0;
    if (kills <= this.#accountedOomKills) return false;
    this.#accountedOomKills++;
    return true;
  }

  async #remove(): Promise<void> {
    const { cgroup, directory, onRemoved } = this.#options;
    await Promise.all([...this.#guests.values()].map((guest) => guest.remove()));
    await cgroup?.remove();
    rmSync(directory, { recursive: true, force: true });
    onRemoved();
  }

  #checkUsable(id: string): void {
    if (this.usable) return;
    throw new EngineError("FailedPrecondition", `Cannot create guest "${id}": sandbox "${this.id}" has ended`);
  }

  #find(id: string): GuestProcess {
    const guest = this.#guests.get(id);
    if (guest === undefined) throw new EngineError("NotFound", `There is no guest "${id}" in sandbox "${this.id}"`);
    return guest;
  }

  async #call<T>(id: string, act: (guest: GuestProcess) => Promise<T>): Promise<T> {
    return await act(this.#find(id));
  }
}

function guestNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
