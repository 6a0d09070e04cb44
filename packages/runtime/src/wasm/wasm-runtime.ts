import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, errorCode, errorMessage, type Logger, silentLogger, systemClock } from "@wherry/base";
import type { Engine, GuestExit, GuestSocket, Sandbox } from "@wherry/engine";
import type {
  ContainerConfig,
  ContainerFilter,
  ContainerResources,
  ContainerStats,
  ContainerStatus,
} from "../container.ts";
import { RuntimeError } from "../errors.ts";
import { RuntimeEventStream } from "../event-stream.ts";
import type {
  CallOptions,
  ContainerSummary,
  ExecSyncOptions,
  Runtime,
  RuntimeEvent,
  RuntimeEventType,
  RuntimeStatus,
  RuntimeVersion,
} from "../runtime.ts";
import type {
  PodSandboxConfig,
  PodSandboxFilter,
  PodSandboxStatus,
  PodSandboxSummary,
  SandboxResources,
} from "../sandbox.ts";
import type { AttachRequest, ExecRequest, ExecSyncResult, StreamSession } from "../streaming.ts";
import { asRuntimeCall, runtimeErrorFrom } from "./engine-errors.ts";
import { ExecGuests, maxExecOutputBytes } from "./exec/exec-guests.ts";
import { execSpec } from "./exec/exec-spec.ts";
import { lostExit, neverStarted } from "./exits.ts";
import { guestSpec } from "./guest-spec.ts";
import { mountImages } from "./image-mounts.ts";
import type { ModuleImages } from "./module-images.ts";
import { containerSockets, refusePortClash, type SocketOwner } from "./network/container-sockets.ts";
import { PodNetwork, type PodNetworkOptions } from "./network/pod-network.ts";
import type { ContainerRecord, SandboxRecord } from "./record.ts";
import type { RecordStore } from "./record-store.ts";
import { recoverRecords } from "./recovery.ts";
import { checkSandbox, handlerNames, podName } from "./sandbox-checks.ts";
import { stopGuest } from "./stop-guest.ts";
import { stopSignalNumber } from "./stop-signal.ts";
import {
  containerStatusOf,
  matchesContainer,
  matchesSandbox,
  sandboxStatusOf,
  sandboxSummaryOf,
  summaryOf,
} from "./views.ts";

/** What the WebAssembly runtime stands on. */
export interface WasmRuntimeOptions {
  /** Directory for the runtime's own metadata; created with mode 0700. */
  readonly stateDirectory: string;
  readonly engine: Engine;
  readonly images: ModuleImages;
  /** Version to report, e.g. `0.1.0`. */
  readonly version: string;
  /** Addresses of pods. @default all share 127.0.0.1 */
  readonly network?: PodNetworkOptions | undefined;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * Runs pods of WebAssembly modules: a sandbox is one of the engine, a container a guest in it, with a process of its own.
 *
 * Guests go on when the process that holds this object ends; `openWasmRuntime` on the same state directory finds them again.
 */
export class WasmRuntime implements Runtime, AsyncDisposable {
  readonly images: ModuleImages;
  readonly #options: WasmRuntimeOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #records: RecordStore;
  readonly #network: PodNetwork;
  readonly #execs: ExecGuests;
  readonly #sandboxes: Map<string, Sandbox> = new Map();
  readonly #events: RuntimeEventStream = new RuntimeEventStream();

  /** Use `openWasmRuntime`. */
  constructor(options: WasmRuntimeOptions, records: RecordStore) {
    this.images = options.images;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#records = records;
    this.#execs = new ExecGuests(this.#clock, this.#logger);
    this.#network = new PodNetwork(options.network ?? { nodeAddress: "127.0.0.1" });
  }

  /** Takes over the guests that outlived an earlier process; called once, by `openWasmRuntime`. */
  async recover(): Promise<void> {
    const sandboxes = await this.#options.engine.recover();
    // First, so that no exit falls between the listing of guests and the wait for their exits.
    for (const sandbox of sandboxes) {
      if (sandbox.usable && this.#records.sandboxes.get(sandbox.id)?.state === "ready") this.#adopt(sandbox);
    }
    await recoverRecords(this.#records, sandboxes, this.#clock.now(), this.#logger);
    await this.#network.start(this.#podIps());
  }

  async version(): Promise<RuntimeVersion> {
    return { runtimeName: "wherry", runtimeVersion: this.#options.version };
  }

  async status(): Promise<RuntimeStatus> {
    const features = { recursiveReadOnlyMounts: false, userNamespaces: false };
    return {
      conditions: [
        { type: "RuntimeReady", status: true, reason: "", message: "" },
        { type: "NetworkReady", status: true, reason: "", message: "" },
      ],
      handlers: handlerNames.map((name) => ({ name, features })),
    };
  }

  async updateRuntimeConfig({ podCidr }: { readonly podCidr: string }, options: CallOptions = {}): Promise<void> {
    await this.#network.setPodCidr(podCidr, this.#podIps(), options);
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<string> {
    checkSandbox(config);
    const action = `run sandbox of pod "${podName(config)}"`;
    const id = newId();
    const ips = this.#network.assign(config);
    let sandbox: Sandbox | undefined;
    try {
      sandbox = await this.#options.engine.createSandbox({
        id,
        cgroupParent: config.cgroupParent,
        cpuLimitMillis: config.resources?.cpuLimitMillis,
        memoryLimitBytes: config.resources?.memoryLimitBytes,
        tier: config.annotations["wherry.dev/tier"] === "optimized" ? "optimized" : "default",
      });
      this.#records.putSandbox({ id, config, ips, createdAtMs: this.#clock.now(), state: "ready" });
    } catch (error) {
      this.#records.sandboxes.delete(id);
      await sandbox?.shutdown();
      this.#network.release(ips);
      throw runtimeErrorFrom(action, error);
    }
    this.#adopt(sandbox);
    this.#emit("created", id);
    this.#emit("started", id);
    return id;
  }

  async stopPodSandbox(sandboxId: string, options: CallOptions = {}): Promise<void> {
    const record = this.#records.sandboxes.get(sandboxId);
    if (record === undefined || record.state === "not-ready") return;
    const running = this.#records
      .containersOf(sandboxId)
      .filter(({ state }) => state === "running" || state === "created");
    const stops = await Promise.allSettled(running.map(({ id }) => this.stopContainer(id, 0, options)));
    options.signal?.throwIfAborted();
    for (const stop of stops) {
      // The end of the sandbox is the end of every guest in it.
      if (stop.status === "rejected")
        this.#logger.warn("Cannot stop a container, ending its sandbox", { error: errorMessage(stop.reason) });
    }
    const sandbox = this.#sandboxes.get(sandboxId);
    this.#sandboxes.delete(sandboxId);
    this.#keep(() => this.#records.putSandbox({ ...record, state: "not-ready" }));
    await sandbox?.shutdown();
    this.#network.release(record.ips ?? []);
    for (const container of this.#records.containersOf(sandboxId)) {
      if (container.state !== "exited")
        this.#exited(container.id, { ...lostExit(container, this.#clock.now()), reason: "Error" });
    }
    this.#emit("stopped", sandboxId);
  }

  async removePodSandbox(sandboxId: string, options: CallOptions = {}): Promise<void> {
    if (!this.#records.sandboxes.has(sandboxId)) return;
    await this.stopPodSandbox(sandboxId, options);
    for (const record of this.#records.containersOf(sandboxId)) this.#forget(record);
    this.#emit("deleted", sandboxId);
    this.#records.dropSandbox(sandboxId);
  }

  async podSandboxStatus(sandboxId: string): Promise<PodSandboxStatus> {
    return sandboxStatusOf(this.#sandboxRecord(sandboxId));
  }

  async updatePodSandboxResources(sandboxId: string, resources: SandboxResources): Promise<void> {
    this.#sandboxRecord(sandboxId);
    try {
      await this.#sandbox(sandboxId).updateLimits(resources);
    } catch (error) {
      // A node that may make no groups held nobody to the old limits either.
      if (errorCode(error) !== "FailedPrecondition")
        throw runtimeErrorFrom(`change the limits of sandbox "${sandboxId}"`, error);
    }
    const record = this.#sandboxRecord(sandboxId);
    const config = { ...record.config, resources: { ...record.config.resources, ...definedOf(resources) } };
    this.#records.putSandbox({ ...record, config });
  }

  async listPodSandboxes(filter: PodSandboxFilter = {}): Promise<PodSandboxSummary[]> {
    const { sandboxes } = this.#records;
    const candidates = filter.podUid === undefined ? [...sandboxes.values()] : sandboxes.of(filter.podUid);
    return candidates.filter((record) => matchesSandbox(record, filter)).map(sandboxSummaryOf);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, options: CallOptions = {}): Promise<string> {
    const sandboxRecord = this.#sandboxRecord(sandboxId);
    const sandbox = this.#sandbox(sandboxId);
    const image = await this.images.runnable(config.image.image, config.command, options);
    const mounts = await mountImages(this.images, config, options);
    const id = newId();
    const sockets = this.#sockets(sandboxRecord, config);
    refusePortClash(config, sockets, this.#socketOwners());
    const spec = guestSpec(id, { ...config, mounts }, sandboxRecord.config, image, sockets);
    if (spec.logPath !== "") await mkdir(dirname(spec.logPath), { recursive: true, mode: 0o755 });
    await asRuntimeCall(`create container "${config.name}"`, sandbox.createGuest(spec, options));
    // A container of a sandbox that was stopped meanwhile would stay for ever.
    if (this.#sandbox(sandboxId) !== sandbox) throw this.#sandboxGone(sandboxId);
    const record: ContainerRecord = {
      id,
      sandboxId,
      config: { ...config, stopSignal: config.stopSignal || image.stopSignal },
      imageRef: image.ref,
      createdAtMs: this.#clock.now(),
      state: "created",
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 0,
      reason: "",
      message: "",
    };
    try {
      this.#records.putContainer(record);
    } catch (error) {
      this.#records.containers.delete(id);
      await sandbox.deleteGuest(id);
      throw runtimeErrorFrom(`create container "${config.name}"`, error);
    }
    this.#emit("created", sandboxId, id);
    return id;
  }

  async startContainer(containerId: string): Promise<void> {
    const record = this.#container(containerId);
    if (record.state !== "created") {
      throw new RuntimeError(
        "FailedPrecondition",
        `Cannot start container "${containerId}": it is ${record.state}, expected created`,
      );
    }
    const sandbox = this.#sandbox(record.sandboxId);
    const { startedAtMs } = await asRuntimeCall(
      `start container "${record.config.name}"`,
      sandbox.startGuest(containerId),
    );
    // A short guest may have ended, and been recorded, before the answer to its start arrived.
    const current = this.#container(containerId);
    if (current.state === "created") this.#records.putContainer({ ...current, state: "running", startedAtMs });
    this.#emit("started", record.sandboxId, containerId);
  }

  async stopContainer(containerId: string, timeoutMs: number, options: CallOptions = {}): Promise<void> {
    const record = this.#records.containers.get(containerId);
    if (record === undefined || record.state === "exited") return;
    const sandbox = this.#sandboxes.get(record.sandboxId);
    if (sandbox === undefined) return this.#exited(containerId, lostExit(record, this.#clock.now()));
    if (record.state === "created") {
      // The answer to its start may have been lost.
      const guest = sandbox.listGuests().find(({ id }) => id === containerId);
      if (guest?.state !== "running") return this.#exited(containerId, guest?.exit ?? neverStarted(this.#clock.now()));
    }
    const stopSignal = stopSignalNumber(record.config.stopSignal);
    this.#exited(containerId, await stopGuest(this.#clock, sandbox, containerId, stopSignal, timeoutMs, options));
  }

  async removeContainer(containerId: string, options: CallOptions = {}): Promise<void> {
    const record = this.#records.containers.get(containerId);
    if (record === undefined) return;
    await this.stopContainer(containerId, 0, options);
    await this.#execs.end(containerId);
    await this.#sandboxes.get(record.sandboxId)?.deleteGuest(containerId);
    this.#forget(record);
  }

  async listContainers(filter: ContainerFilter = {}): Promise<ContainerSummary[]> {
    const podUid = (record: ContainerRecord) => this.#records.sandboxes.get(record.sandboxId)?.config.metadata.uid;
    return this.#candidates(filter)
      .filter((record) => matchesContainer(record, podUid(record), filter))
      .map(summaryOf);
  }

  /** The containers among which those of a filter are; a node has many pods, and a pod few. */
  #candidates({ sandboxId, podUid }: ContainerFilter): ContainerRecord[] {
    const { sandboxes, containers } = this.#records;
    if (sandboxId !== undefined) return containers.of(sandboxId);
    if (podUid !== undefined) return sandboxes.of(podUid).flatMap(({ id }) => containers.of(id));
    return [...containers.values()];
  }

  async containerStatus(containerId: string): Promise<ContainerStatus> {
    const record = this.#container(containerId);
    return containerStatusOf(record, this.#records.sandboxes.get(record.sandboxId)?.config.logDirectory ?? "");
  }

  async updateContainerResources(containerId: string, resources: ContainerResources): Promise<void> {
    const record = this.#container(containerId);
    if (
      resources.memoryLimitBytes !== undefined &&
      resources.memoryLimitBytes !== record.config.resources.memoryLimitBytes
    ) {
      throw new RuntimeError(
        "Unimplemented",
        `Cannot change the memory limit of container "${containerId}" to ${resources.memoryLimitBytes} bytes: the maximum of a running module's memory is fixed, restart the container`,
      );
    }
    this.#sandbox(record.sandboxId);
    this.#records.putContainer({
      ...this.#container(containerId),
      config: { ...record.config, resources: { ...record.config.resources, ...resources } },
    });
  }

  async reopenContainerLog(containerId: string): Promise<void> {
    const record = this.#container(containerId);
    if (record.state !== "running") return;
    await this.#sandbox(record.sandboxId).reopenLog(containerId);
  }

  async containerStats(containerId: string): Promise<ContainerStats> {
    const { sandboxId } = this.#running(containerId, "read stats of");
    return { containerId, ...(await this.#sandbox(sandboxId).stats(containerId)) };
  }

  /** The command's first word is the container's own module, or another `.wasm` file of its image; see `execSpec`. */
  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    { signal, maxOutputBytes = maxExecOutputBytes }: ExecSyncOptions = {},
  ): Promise<ExecSyncResult> {
    const record = this.#running(containerId, `execute ${JSON.stringify(command)} in`);
    const container = record.config.name;
    if (command.length === 0)
      throw new RuntimeError("InvalidArgument", `Cannot execute in container "${container}": the command is empty`);
    const sandbox = this.#sandbox(record.sandboxId);
    const { config } = this.#sandboxRecord(record.sandboxId);
    const spec = (stop: AbortSignal) => execSpec(newId(), this.images, record, config, command, { signal: stop });
    const output = Math.min(maxOutputBytes, maxExecOutputBytes);
    const exec = { containerId, container, command, timeoutMs, maxOutputBytes: output, sandbox, spec, signal };
    return await this.#execs.run(exec);
  }

  async exec({ containerId, command }: ExecRequest, _session: StreamSession): Promise<void> {
    this.#container(containerId);
    throw new RuntimeError(
      "Unimplemented",
      `Cannot execute ${JSON.stringify(command)} in container "${containerId}" with streams: the WebAssembly runtime runs commands to their end only`,
    );
  }

  async attach(request: AttachRequest, session: StreamSession, options: CallOptions = {}): Promise<void> {
    const record = this.#running(request.containerId, "attach to");
    await this.#sandbox(record.sandboxId).attach(record.id, session, { signal: options.signal });
  }

  events(options: CallOptions = {}): AsyncIterable<RuntimeEvent | { readonly type: "overflow" }> {
    return this.#events.subscribe(options.signal);
  }

  /** Lets go of the state; guests go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#records[Symbol.dispose]();
  }

  #adopt(sandbox: Sandbox): void {
    this.#sandboxes.set(sandbox.id, sandbox);
    sandbox.onExit(({ id, ...exit }) => this.#exited(id, exit));
  }

  #exited(containerId: string, exit: GuestExit): void {
    const record = this.#records.containers.get(containerId);
    if (record === undefined || record.state === "exited") return;
    void this.#execs.end(containerId);
    const startedAtMs = exit.startedAtMs || record.startedAtMs;
    this.#keep(() => this.#records.putContainer({ ...record, ...exit, startedAtMs, state: "exited" }));
    this.#emit("stopped", record.sandboxId, containerId);
  }

  /** Notes what has happened already: a full disk does not undo it, and the next start finds it out anew. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#logger.error("Cannot write runtime state", { error: errorMessage(error) });
    }
  }

  #forget(record: ContainerRecord): void {
    this.#records.dropContainer(record.id);
    this.#emit("deleted", record.sandboxId, record.id);
  }

  #emit(type: RuntimeEventType, sandboxId: string, containerId?: string): void {
    const podUid = this.#records.sandboxes.get(sandboxId)?.config.metadata.uid ?? "";
    this.#events.emit({
      type,
      sandboxId,
      podUid,
      timeMs: this.#clock.now(),
      ...(containerId === undefined ? {} : { containerId }),
    });
  }

  /** Addresses in use, those given first before others. */
  #podIps(): string[] {
    return [...this.#records.sandboxes.values()]
      .filter(({ state }) => state === "ready")
      .sort((a, b) => a.createdAtMs - b.createdAtMs)
      .flatMap(({ ips }) => ips ?? []);
  }

  #sockets({ ips }: SandboxRecord, { ports }: ContainerConfig): readonly GuestSocket[] {
    const { nodeAddress } = this.#network;
    return containerSockets(ports, ips?.[0] ?? nodeAddress, nodeAddress);
  }

  *#socketOwners(): Iterable<SocketOwner> {
    for (const { state, sandboxId, config } of this.#records.containers.values()) {
      const sandbox = this.#records.sandboxes.get(sandboxId);
      if (state === "exited" || sandbox === undefined) continue;
      yield { container: config.name, pod: podName(sandbox.config), sockets: this.#sockets(sandbox, config) };
    }
  }

  #sandboxRecord(id: string): SandboxRecord {
    const record = this.#records.sandboxes.get(id);
    if (record === undefined) throw new RuntimeError("NotFound", `Cannot find sandbox "${id}"`);
    return record;
  }

  #container(id: string): ContainerRecord {
    const record = this.#records.containers.get(id);
    if (record === undefined) throw new RuntimeError("NotFound", `Cannot find container "${id}"`);
    return record;
  }

  #running(id: string, action: string): ContainerRecord {
    const record = this.#container(id);
    if (record.state === "running") return record;
    throw new RuntimeError(
      "FailedPrecondition",
      `Cannot ${action} container "${id}": it is ${record.state}, expected running`,
    );
  }

  #sandboxGone(sandboxId: string): RuntimeError {
    return new RuntimeError(
      "FailedPrecondition",
      `Cannot use sandbox "${sandboxId}": it has been stopped, make a new sandbox`,
    );
  }

  #sandbox(sandboxId: string): Sandbox {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox === undefined) throw this.#sandboxGone(sandboxId);
    return sandbox;
  }
}

// Short enough that a socket path below the state directory stays within the 107 bytes of sun_path.
function newId(): string {
  return randomBytes(16).toString("hex");
}

function definedOf({ cpuLimitMillis, memoryLimitBytes }: SandboxResources): SandboxResources {
  return {
    ...(cpuLimitMillis !== undefined && { cpuLimitMillis }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
  };
}
