import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, errorCode, errorMessage, type Logger, runTogether, silentLogger, systemClock } from "@wherry/base";
import { createServiceClient, engineService, TtrpcClient } from "@wherry/rpc";
import { asEngineCall } from "./client/call-errors.ts";
import { watchHeartbeats } from "./client/heartbeat.ts";
import { HostLauncher, type IdleHost } from "./client/host-launcher.ts";
import { HostPool } from "./client/host-pool.ts";
import { type HostRecord, readHostRecord, writeHostRecord } from "./client/host-record.ts";
import { HostedPod, type HostedPodOptions } from "./client/hosted-pod.ts";
import { EngineError } from "./errors.ts";
import { checkId } from "./guest-record.ts";
import type { CallOptions, Host } from "./host.ts";
import { hostSocketPath } from "./host-directory.ts";
import { type Cgroup, type CgroupBackend, withHostAllowance } from "./platform/cgroup.ts";
import { isRunning, killProcess } from "./platform/process-identity.ts";
import { protocolVersion } from "./protocol/guests.ts";

export interface EngineOptions {
  /** Absolute path of a directory of this engine's own; made, with mode 0700, when missing. */
  readonly stateDirectory: string;
  readonly nodeExecutable: string;
  /** Flags for the Node of hosts, for example `--conditions=…`. */
  readonly nodeArguments?: readonly string[];
  /** Script of hosts. @default the one beside this module */
  readonly hostEntry?: string;
  /** Idle processes kept ready. @default 2 */
  readonly poolSize?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Control groups for hosts; see `detectCgroups`. @default none */
  readonly limits?: CgroupBackend | undefined;
}

export interface HostRequest {
  /** Unique: letters, digits, `.`, `_` and `-`, at most 128. */
  readonly id: string;
  /** Control group to make the host's group below, as a path below the hierarchy's root; goes with its last. @default "/wherry" */
  readonly cgroupParent?: string | undefined;
  readonly cpuLimitMillis?: number | undefined;
  /** Sum of the guests' limits; the host's own need is added. */
  readonly memoryLimitBytes?: number | undefined;
  /** `optimized` compiles modules with the optimising compiler at once, for long computations; its hosts start cold. */
  readonly tier?: "default" | "optimized" | undefined;
}

/** What the engine can enforce on this node. */
export interface EngineCapabilities {
  /** Version of the control groups that hosts are put into; undefined when limits of whole hosts are not enforced. */
  readonly cgroupVersion: 1 | 2 | undefined;
}

/** Runs guests in host processes; one engine for a state directory. */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  /** Keeps the pool filled and watches hosts until `signal` aborts; then idle hosts are ended, those with a pod go on. */
  run(signal: AbortSignal): Promise<void>;
  /** A new host from the pool. Leaves nothing behind when it rejects. */
  createHost(request: HostRequest, options?: CallOptions): Promise<Host>;
  /**
   * All hosts in the state directory, reattached; one that died meanwhile is there too, as dead, with the exits it left on disk
   * and those of the guests it took along. Call it once, before `createHost`.
   */
  recover(options?: CallOptions): Promise<Host[]>;
}

/** Creates an engine; nothing is started before `run`, `createHost` or `recover`. */
export function createEngine(options: EngineOptions): Engine {
  return new ProcessEngine(options);
}

class ProcessEngine implements Engine {
  readonly #options: Required<Omit<EngineOptions, "limits">>;
  readonly #limits: CgroupBackend | undefined;
  readonly #hostsDirectory: string;
  readonly #hosts: Map<string, HostedPod> = new Map();
  readonly #creating: Set<string> = new Set();
  readonly #pool: HostPool;
  readonly #launcher: HostLauncher;

  constructor(options: EngineOptions) {
    this.#options = {
      nodeArguments: [],
      hostEntry: defaultHostEntry(),
      poolSize: 2,
      clock: systemClock,
      logger: silentLogger,
      ...options,
    };
    this.#limits = options.limits;
    this.#hostsDirectory = join(options.stateDirectory, "hosts");
    const { poolSize, clock, logger } = this.#options;
    this.#launcher = new HostLauncher(this.#options);
    this.#pool = new HostPool({
      size: poolSize,
      concurrency: availableParallelism(),
      clock,
      logger,
      launcher: this.#launcher,
    });
  }

  get capabilities(): EngineCapabilities {
    return { cgroupVersion: this.#limits?.version };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      await runTogether(signal, [
        (inner) => this.#pool.run(inner),
        (inner) => watchHeartbeats(() => [...this.#hosts.values()], { clock, logger }, inner),
      ]);
    } finally {
      for (const host of this.#hosts.values()) host.release();
    }
  }

  async createHost(request: HostRequest, options: CallOptions = {}): Promise<Host> {
    const id = checkId("host", request.id);
    if (this.#hosts.has(id) || this.#creating.has(id))
      throw new EngineError("AlreadyExists", `Host "${id}" exists already`);
    this.#creating.add(id);
    try {
      const process =
        request.tier === "optimized"
          ? await this.#launcher.launch(["--no-liftoff"])
          : await this.#pool.take(options.signal);
      return await this.#assign(process, request);
    } finally {
      this.#creating.delete(id);
    }
  }

  async recover(options: CallOptions = {}): Promise<Host[]> {
    this.#launcher.removeLeftovers();
    this.#makeDirectory(this.#hostsDirectory);
    const names = readdirSync(this.#hostsDirectory);
    return (await Promise.all(names.map((name) => this.#reattach(name, options)))).filter((host) => host !== undefined);
  }

  async #assign(idle: IdleHost, request: HostRequest): Promise<Host> {
    const { id } = request;
    const directory = join(this.#hostsDirectory, id);
    let host = idle;
    let cgroup: Cgroup | undefined;
    let joined: Promise<void> | undefined;
    try {
      cgroup = this.#makeCgroup(request);
      joined = cgroup?.join(idle.identity.pid);
      joined?.catch(() => undefined);
      writeHostRecord(idle.directory, {
        id,
        process: idle.identity,
        createdAtMs: this.#options.clock.now(),
        cgroups: cgroup?.paths ?? [],
      });
      this.#makeDirectory(this.#hostsDirectory);
      moveHost(idle.directory, directory, id);
      host = { ...idle, directory };
      await asEngineCall(createServiceClient(engineService.Guests, idle.connection).assign({ hostId: id, directory }));
    } catch (error) {
      await this.#launcher.discard(host);
      await joined?.catch(() => undefined);
      await cgroup?.remove();
      throw error;
    }
    const limited = request.cpuLimitMillis !== undefined || request.memoryLimitBytes !== undefined;
    return this.#add(id, { process: idle.identity, connection: idle.connection, cgroup, joined, limited, child: idle });
  }

  async #reattach(name: string, options: CallOptions): Promise<Host | undefined> {
    const directory = join(this.#hostsDirectory, name);
    const record = readHostRecord(directory);
    if (record === undefined || record.id !== name) {
      // Without a record nothing was ever assigned: the process ended by itself.
      rmSync(directory, { recursive: true, force: true });
      return undefined;
    }
    const cgroup = record.cgroups.length === 0 ? undefined : this.#limits?.open(record.cgroups);
    const connection = await this.#reconnect(record, directory, options);
    // The engine before this one may have ended in the middle of it.
    const joined = connection === undefined ? undefined : cgroup?.join(record.process.pid);
    return this.#add(name, { process: record.process, connection, cgroup, joined, limited: true });
  }

  /** A connection to a host that is still what the record says; undefined when it is not. */
  async #reconnect(record: HostRecord, directory: string, options: CallOptions): Promise<TtrpcClient | undefined> {
    const { clock, logger } = this.#options;
    if (!isRunning(record.process)) return undefined;
    try {
      const connection = await TtrpcClient.connect(hostSocketPath(directory), { clock, ...options });
      const guests = createServiceClient(engineService.Guests, connection);
      const { version, hostId, pid } = await guests.ping({}, { timeoutMs: 5_000, ...options });
      if (version === protocolVersion && hostId === record.id && pid === record.process.pid) return connection;
      connection.close();
      throw new EngineError("FailedPrecondition", `Process ${pid} is host "${hostId}" of version ${version}`);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      logger.warn("Killing a host that cannot be reattached", { host: record.id, error: errorMessage(error) });
      killProcess(record.process);
      return undefined;
    }
  }

  #add(
    id: string,
    parts: Pick<HostedPodOptions, "process" | "connection" | "cgroup" | "joined" | "limited" | "child">,
  ): HostedPod {
    const { clock, logger } = this.#options;
    const host = new HostedPod({
      id,
      directory: join(this.#hostsDirectory, id),
      clock,
      logger,
      onRemoved: () => this.#hosts.delete(id),
      ...parts,
    });
    this.#hosts.set(id, host);
    return host;
  }

  #makeCgroup({ id, cgroupParent, cpuLimitMillis, memoryLimitBytes }: HostRequest): Cgroup | undefined {
    return this.#limits?.create(cgroupParent ?? "/wherry", id, withHostAllowance({ cpuLimitMillis, memoryLimitBytes }));
  }

  #makeDirectory(path: string): void {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
}

/** One step from the pool to a place of its own; fails where a host is already that was not recovered. */
function moveHost(from: string, to: string, id: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== "ENOTEMPTY" && errorCode(error) !== "EEXIST") throw error;
    throw new EngineError("AlreadyExists", `Cannot create host "${id}": its directory "${to}" is in use`);
  }
}

function defaultHostEntry(): string {
  const entry = import.meta.url.endsWith(".ts") ? "./host/main.ts" : "./host.js";
  return fileURLToPath(new URL(entry, import.meta.url));
}
