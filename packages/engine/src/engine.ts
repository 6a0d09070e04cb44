import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, errorCode, type Logger, silentLogger, systemClock } from "@wherry/base";
import { hostBundle } from "./client/host-bundle.ts";
import { HostLauncher } from "./client/host-launcher.ts";
import { HostPool } from "./client/host-pool.ts";
import { ProcessSandbox } from "./client/process-sandbox.ts";
import { readSandboxRecord, type SandboxRecord, writeSandboxRecord } from "./client/sandbox-record.ts";
import { EngineError } from "./errors.ts";
import { checkId } from "./guest-record.ts";
import { type Cgroup, type CgroupBackend, withProcessAllowance } from "./platform/cgroup.ts";
import { currentBootId } from "./platform/process-identity.ts";
import type { Sandbox } from "./sandbox.ts";

/** Where an engine keeps its state, and how it starts host processes. */
export interface EngineOptions {
  /** Absolute path of a directory of this engine's own; made, with mode 0700, when missing. */
  readonly stateDirectory: string;
  readonly nodeExecutable: string;
  /** Flags for the Node of hosts, for example `--conditions=…`. */
  readonly nodeArguments?: readonly string[];
  /** Script of hosts. @default the one beside this module */
  readonly hostEntry?: string;
  /** Bundle that `hostEntry` is to run; its compiled form is kept in the state directory. @default `hostEntry` does all itself */
  readonly hostCode?: string;
  /** Idle processes kept ready. @default 2 */
  readonly poolSize?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Control groups for hosts; see `detectCgroups`. @default none */
  readonly limits?: CgroupBackend | undefined;
}

/** A sandbox to be made, with the limits of all its guests together. */
export interface SandboxRequest {
  /** Unique: letters, digits, `.`, `_` and `-`, at most 128. */
  readonly id: string;
  /** Control group to make the sandbox's group below, as a path below the hierarchy's root; goes with its last. @default "/wherry" */
  readonly cgroupParent?: string | undefined;
  readonly cpuLimitMillis?: number | undefined;
  /** Sum of the guests' limits; what their processes need for themselves is added. */
  readonly memoryLimitBytes?: number | undefined;
  /** `optimized` compiles modules with the optimising compiler at once, for long computations; its processes start cold. */
  readonly tier?: "default" | "optimized" | undefined;
}

/** What the engine can enforce on this node. */
export interface EngineCapabilities {
  /** Version of the control groups that sandboxes are put into; undefined when limits of whole sandboxes are not enforced. */
  readonly cgroupVersion: 1 | 2 | undefined;
}

/** Runs guests in host processes; one engine for a state directory. */
export interface Engine {
  readonly capabilities: EngineCapabilities;
  /** Keeps the pool of processes filled until `signal` aborts; then idle ones are ended, those with a guest go on. */
  run(signal: AbortSignal): Promise<void>;
  /** A new sandbox without guests. Leaves nothing behind when it rejects. */
  createSandbox(request: SandboxRequest): Promise<Sandbox>;
  /**
   * All sandboxes in the state directory, with the guests that still run and the exits of those that ended meanwhile. Call it once,
   * before `createSandbox`.
   */
  recover(): Promise<Sandbox[]>;
}

/** Creates an engine; nothing is started before `run`, `createSandbox` or `recover`. */
export function createEngine(options: EngineOptions): Engine {
  return new ProcessEngine(options);
}

class ProcessEngine implements Engine {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: CgroupBackend | undefined;
  readonly #directory: string;
  readonly #sandboxes: Map<string, ProcessSandbox> = new Map();
  readonly #pool: HostPool;
  readonly #launcher: HostLauncher;

  constructor(options: EngineOptions) {
    const { clock = systemClock, logger = silentLogger, poolSize = 2 } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#limits = options.limits;
    this.#directory = join(options.stateDirectory, "sandboxes");
    this.#launcher = new HostLauncher({
      nodeExecutable: options.nodeExecutable,
      nodeArguments: options.nodeArguments ?? [],
      hostEntry: options.hostEntry ?? defaultHostEntry(),
      ...(options.hostCode === undefined ? {} : { bundle: hostBundle(options.hostCode, options.stateDirectory) }),
    });
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
    try {
      await this.#pool.run(signal);
    } finally {
      for (const sandbox of this.#sandboxes.values()) sandbox.release();
    }
  }

  async createSandbox(request: SandboxRequest): Promise<Sandbox> {
    const id = checkId("sandbox", request.id);
    const { cpuLimitMillis, memoryLimitBytes } = request;
    const directory = join(this.#directory, id);
    this.#makeDirectory(this.#directory);
    makeOwnDirectory(directory, id);
    let cgroup: Cgroup | undefined;
    try {
      const limits = withProcessAllowance({ cpuLimitMillis, memoryLimitBytes }, 1);
      cgroup = this.#limits?.create(request.cgroupParent ?? "/wherry", id, limits);
      const record: SandboxRecord = {
        id,
        createdAtMs: this.#clock.now(),
        bootId: currentBootId(),
        cgroups: cgroup?.paths ?? [],
        tier: request.tier ?? "default",
        memoryLimitBytes,
      };
      writeSandboxRecord(directory, record);
      const limited = cpuLimitMillis !== undefined || memoryLimitBytes !== undefined;
      return this.#add({ record, directory, cgroup, limited, usable: true });
    } catch (error) {
      await cgroup?.remove();
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  async recover(): Promise<Sandbox[]> {
    this.#makeDirectory(this.#directory);
    const bootId = currentBootId();
    for (const name of readdirSync(this.#directory)) {
      const directory = join(this.#directory, name);
      const record = readSandboxRecord(directory);
      if (record?.id !== name) {
        // The engine ended in the middle of its creation: there is nothing in it.
        rmSync(directory, { recursive: true, force: true });
        continue;
      }
      const cgroup = record.cgroups.length === 0 ? undefined : this.#limits?.open(record.cgroups);
      const sandbox = this.#add({ record, directory, cgroup, limited: true, usable: record.bootId === bootId });
      await sandbox.reattach();
    }
    return [...this.#sandboxes.values()];
  }

  #add(parts: {
    readonly record: SandboxRecord;
    readonly directory: string;
    readonly cgroup: Cgroup | undefined;
    readonly limited: boolean;
    readonly usable: boolean;
  }): ProcessSandbox {
    const { id, tier } = parts.record;
    const sandbox = new ProcessSandbox({
      ...parts,
      takeProcess: ({ signal }) =>
        tier === "optimized" ? this.#launcher.launch(["--no-liftoff"]) : this.#pool.take(signal),
      discardProcess: (process) => this.#launcher.discard(process),
      onRemoved: () => this.#sandboxes.delete(id),
      clock: this.#clock,
      logger: this.#logger,
    });
    this.#sandboxes.set(id, sandbox);
    return sandbox;
  }

  #makeDirectory(path: string): void {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
}

/** Fails where a sandbox of that name is already, also one that was not recovered. */
function makeOwnDirectory(path: string, id: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    throw new EngineError("AlreadyExists", `Cannot create sandbox "${id}": its directory "${path}" exists already`);
  }
}

/** TypeScript from source, JavaScript where this package was built. */
function defaultHostEntry(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`./host/main.${extension}`, import.meta.url));
}
