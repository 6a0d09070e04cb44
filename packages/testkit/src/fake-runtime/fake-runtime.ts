import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, raceAbort } from "@wherry/base";
import {
  type CallOptions,
  type ContainerConfig,
  type ContainerFilter,
  type ContainerResources,
  type ContainerStats,
  type ContainerStatus,
  type ContainerSummary,
  type ExecSyncResult,
  type PodSandboxConfig,
  type PodSandboxFilter,
  type PodSandboxStatus,
  type PodSandboxSummary,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeEventType,
  type RuntimeHandler,
  type RuntimeStatus,
  type RuntimeVersion,
  type SandboxResources,
} from "@wherry/runtime";
import { EventFeed } from "./event-feed.ts";
import { type ContainerScript, type FakeContainer, statusOf, summaryOf } from "./fake-container.ts";
import { type FakeCommand, fakeExec } from "./fake-exec.ts";
import { FakeImages } from "./fake-images.ts";
import { requireSubPath } from "./fake-sub-paths.ts";
import { FaultInjector } from "./faults.ts";

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  /** What each new instance does. @default it runs until it is stopped */
  readonly script?: ((config: ContainerConfig, pod: PodSandboxConfig) => ContainerScript | undefined) | undefined;
  /** Handlers beside the default one. */
  readonly handlers?: readonly string[] | undefined;
  /** What a command in a container does. @default commands are `Unimplemented` */
  readonly command?: FakeCommand | undefined;
  /** Addresses of the sandbox with this number. @default none: it shares the node's */
  readonly ips?: ((index: number) => readonly string[]) | undefined;
  /** Events held for a consumer before it gets an overflow. @default 4096 */
  readonly eventCapacity?: number | undefined;
}

interface FakeSandbox {
  readonly id: string;
  /** Only its resources ever change. */
  config: PodSandboxConfig;
  readonly createdAtMs: number;
  readonly ips: readonly string[];
  ready: boolean;
}

/**
 * A runtime in memory whose containers follow scripts, and any of whose calls can be made to fail, to be late or to lose its
 * answer. It outlives the kubelets that use it, as real ones do.
 */
export class FakeRuntime implements Runtime {
  readonly images: FakeImages;
  readonly injector: FaultInjector;
  /** Containers by ID, also dead ones. */
  readonly containers: Map<string, FakeContainer> = new Map();
  readonly sandboxes: Map<string, FakeSandbox> = new Map();
  readonly conditions: RuntimeStatus["conditions"][number][] = [
    { type: "RuntimeReady", status: true, reason: "", message: "" },
    { type: "NetworkReady", status: true, reason: "", message: "" },
  ];
  script: NonNullable<FakeRuntimeOptions["script"]>;
  /** Told of each container before it starts. */
  onStart: (container: FakeContainer) => void = () => undefined;
  readonly #options: FakeRuntimeOptions;
  readonly #clock: Clock;
  readonly feed: EventFeed;
  #count = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.script = options.script ?? (() => undefined);
    this.injector = new FaultInjector(options.clock);
    this.images = new FakeImages(this.injector);
    this.feed = new EventFeed(options.eventCapacity);
  }

  version(options: CallOptions = {}): Promise<RuntimeVersion> {
    return this.#call("version", "", options, () => ({ runtimeName: "fake", runtimeVersion: "1.0.0" }));
  }

  status(options: CallOptions = {}): Promise<RuntimeStatus> {
    const features = { recursiveReadOnlyMounts: false, userNamespaces: false };
    const handlers: RuntimeHandler[] = ["", ...(this.#options.handlers ?? [])].map((name) => ({ name, features }));
    return this.#call("status", "", options, () => ({ conditions: [...this.conditions], handlers }));
  }

  runPodSandbox(config: PodSandboxConfig, options: CallOptions = {}): Promise<string> {
    return this.#call("runPodSandbox", config.metadata.name, options, () => {
      const { runtimeHandler } = config;
      if (!["", ...(this.#options.handlers ?? [])].includes(runtimeHandler))
        throw new RuntimeError("InvalidArgument", `Cannot run sandbox: runtime handler is "${runtimeHandler}"`);
      const id = `sandbox-${++this.#count}`;
      const ips = this.#options.ips?.(this.#count) ?? [];
      this.sandboxes.set(id, { id, config, createdAtMs: this.#clock.now(), ips, ready: true });
      this.#emit("started", id);
      return id;
    });
  }

  stopPodSandbox(sandboxId: string, options: CallOptions = {}): Promise<void> {
    return this.#call("stopPodSandbox", sandboxId, options, () => this.#stopSandbox(sandboxId));
  }

  removePodSandbox(sandboxId: string, options: CallOptions = {}): Promise<void> {
    return this.#call("removePodSandbox", sandboxId, options, () => {
      this.#stopSandbox(sandboxId);
      for (const container of this.#inSandbox(sandboxId)) this.containers.delete(container.id);
      const sandbox = this.sandboxes.get(sandboxId);
      this.sandboxes.delete(sandboxId);
      if (sandbox !== undefined) this.#emit("deleted", sandboxId, undefined, sandbox.config.metadata.uid);
    });
  }

  podSandboxStatus(sandboxId: string, options: CallOptions = {}): Promise<PodSandboxStatus> {
    return this.#call("podSandboxStatus", sandboxId, options, () => {
      const sandbox = this.#sandbox(sandboxId);
      const { config, ready, ips } = sandbox;
      return { ...sandboxSummary(sandbox), ips: ready ? ips : [], resources: config.resources ?? {} };
    });
  }

  listPodSandboxes(filter: PodSandboxFilter = {}, options: CallOptions = {}): Promise<PodSandboxSummary[]> {
    return this.#call("listPodSandboxes", filter.podUid ?? "", options, () =>
      [...this.sandboxes.values()]
        .filter(({ id, config }) => matches(filter.id, id) && matches(filter.podUid, config.metadata.uid))
        .filter(({ config }) => matchesLabels(filter, config))
        .map(sandboxSummary)
        .filter(({ state }) => matches(filter.state, state)),
    );
  }

  updatePodSandboxResources(sandboxId: string, resources: SandboxResources, options: CallOptions = {}): Promise<void> {
    return this.#call("updatePodSandboxResources", sandboxId, options, () => {
      const sandbox = this.#sandbox(sandboxId);
      sandbox.config = { ...sandbox.config, resources: { ...sandbox.config.resources, ...resources } };
    });
  }

  createContainer(sandboxId: string, config: ContainerConfig, options: CallOptions = {}): Promise<string> {
    return this.#call("createContainer", config.name, options, () => {
      const sandbox = this.#sandbox(sandboxId);
      if (!sandbox.ready) throw new RuntimeError("FailedPrecondition", `Sandbox "${sandboxId}" is not ready`);
      this.images.require(config.image.image);
      for (const mount of config.mounts) {
        this.images.requireMount(mount);
        requireSubPath(mount);
      }
      const id = `container-${++this.#count}`;
      this.containers.set(id, {
        id,
        sandboxId,
        config,
        script: this.script(config, sandbox.config) ?? {},
        createdAtMs: this.#clock.now(),
        logPath: join(sandbox.config.logDirectory, config.logPath),
        state: "created",
        startedAtMs: 0,
        finishedAtMs: 0,
        exitCode: 0,
        reason: "",
        message: "",
        cancelExit: undefined,
        exited: Promise.withResolvers(),
      });
      this.#emit("created", sandboxId, id);
      return id;
    });
  }

  startContainer(containerId: string, options: CallOptions = {}): Promise<void> {
    return this.#call("startContainer", this.#name(containerId), options, () => {
      const container = this.#container(containerId);
      if (container.state !== "created")
        throw new RuntimeError("FailedPrecondition", `Container "${containerId}" is ${container.state}`);
      this.onStart(container);
      container.state = "running";
      container.startedAtMs = this.#clock.now();
      this.#emit("started", container.sandboxId, containerId);
      const { exitAfterMs, exitCode = 0 } = container.script;
      if (exitAfterMs !== undefined)
        container.cancelExit = this.#clock.setTimer(exitAfterMs, () => this.exit(containerId, exitCode));
    });
  }

  stopContainer(containerId: string, timeoutMs: number, options: CallOptions = {}): Promise<void> {
    return this.#call("stopContainer", this.#name(containerId), options, async () => {
      const container = this.containers.get(containerId);
      if (container === undefined || container.state === "exited") return;
      const { obeysStop = true, stopExitCode = 143 } = container.script;
      if (container.state === "created" || timeoutMs === 0) this.exit(containerId, 137);
      else if (obeysStop) this.exit(containerId, stopExitCode);
      else {
        const cancelKill = this.#clock.setTimer(timeoutMs, () => this.exit(containerId, 137));
        try {
          await raceAbort(container.exited.promise, options.signal);
        } finally {
          cancelKill();
        }
      }
    });
  }

  removeContainer(containerId: string, options: CallOptions = {}): Promise<void> {
    return this.#call("removeContainer", this.#name(containerId), options, () => {
      const container = this.containers.get(containerId);
      if (container === undefined) return;
      if (container.state === "running") this.exit(containerId, 137);
      this.containers.delete(containerId);
      this.#emit("deleted", container.sandboxId, containerId);
    });
  }

  listContainers(filter: ContainerFilter = {}, options: CallOptions = {}): Promise<ContainerSummary[]> {
    return this.#call("listContainers", filter.podUid ?? "", options, () =>
      [...this.containers.values()]
        .filter((container) => matches(filter.id, container.id) && matches(filter.sandboxId, container.sandboxId))
        .filter((container) => matches(filter.state, container.state) && matchesLabels(filter, container.config))
        .filter((container) => matches(filter.podUid, this.#podUid(container.sandboxId)))
        .map(summaryOf),
    );
  }

  containerStatus(containerId: string, options: CallOptions = {}): Promise<ContainerStatus> {
    return this.#call("containerStatus", this.#name(containerId), options, () =>
      statusOf(this.#container(containerId)),
    );
  }

  updateContainerResources(
    containerId: string,
    resources: ContainerResources,
    options: CallOptions = {},
  ): Promise<void> {
    return this.#call("updateContainerResources", this.#name(containerId), options, () => {
      const container = this.#container(containerId);
      container.config = { ...container.config, resources };
    });
  }

  reopenContainerLog(containerId: string, options: CallOptions = {}): Promise<void> {
    return this.#call("reopenContainerLog", this.#name(containerId), options, () => void this.#container(containerId));
  }

  containerStats(containerId: string, options: CallOptions = {}): Promise<ContainerStats> {
    return this.#call("containerStats", this.#name(containerId), options, () => ({
      containerId: this.#container(containerId).id,
      timeMs: this.#clock.now(),
      cpuUsageNanoseconds: 0,
      memoryWorkingSetBytes: 0,
      memoryUsageBytes: 0,
    }));
  }

  execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    options: CallOptions = {},
  ): Promise<ExecSyncResult> {
    return this.#call("execSync", this.#name(containerId), options, () => {
      const container = this.#container(containerId);
      const { command: run } = this.#options;
      if (run === undefined)
        throw new RuntimeError("Unimplemented", `Cannot run a command in "${containerId}": fake runtime`);
      return fakeExec(run, this.#clock, container, command, timeoutMs, options.signal);
    });
  }

  exec(request: { readonly containerId: string }): Promise<void> {
    return Promise.reject(
      new RuntimeError("Unimplemented", `Cannot run a command in "${request.containerId}": fake runtime`),
    );
  }

  attach(request: { readonly containerId: string }): Promise<void> {
    return Promise.reject(new RuntimeError("Unimplemented", `Cannot attach to "${request.containerId}": fake runtime`));
  }

  events(options: CallOptions = {}): AsyncIterable<RuntimeEvent | { readonly type: "overflow" }> {
    return this.feed.subscribe(options.signal);
  }

  /** Ends a running container, as if by itself. */
  exit(
    containerId: string,
    exitCode: number,
    options: { readonly reason?: string; readonly message?: string } = {},
  ): void {
    const container = this.containers.get(containerId);
    if (container === undefined || container.state === "exited") return;
    container.cancelExit?.();
    container.state = "exited";
    container.exitCode = exitCode;
    container.finishedAtMs = this.#clock.now();
    container.reason = options.reason ?? container.script.reason ?? "";
    container.message = options.message ?? container.script.message ?? "";
    const messageFile = container.config.mounts.find(({ containerPath }) => containerPath === "/dev/termination-log");
    if (container.script.terminationMessage !== undefined && messageFile !== undefined)
      writeFileSync(messageFile.hostPath, container.script.terminationMessage);
    container.exited.resolve();
    this.#emit("stopped", container.sandboxId, containerId);
  }

  /** The newest instance of a pod's container. @throws Error if there is none */
  find(podName: string, containerName: string): FakeContainer {
    const found = [...this.containers.values()].findLast(
      (container) =>
        container.config.name === containerName &&
        this.sandboxes.get(container.sandboxId)?.config.metadata.name === podName,
    );
    if (found === undefined) throw new Error(`No container "${containerName}" of pod "${podName}"`);
    return found;
  }

  /** A sandbox dies with all that is in it, as after a reboot of the machine. */
  breakSandbox(sandboxId: string): void {
    this.#stopSandbox(sandboxId);
  }

  /** A container ends and is forgotten without a trace, as one that somebody else removed. */
  loseContainer(containerId: string): void {
    const container = this.containers.get(containerId);
    container?.cancelExit?.();
    container?.exited.resolve();
    this.containers.delete(containerId);
  }

  /** Everything is forgotten without a trace, as by a runtime that lost its state. */
  loseEverything(): void {
    for (const container of this.containers.values()) {
      container.cancelExit?.();
      container.exited.resolve();
    }
    this.containers.clear();
    this.sandboxes.clear();
  }

  #call<T>(verb: string, subject: string, options: CallOptions, effect: () => T | Promise<T>): Promise<T> {
    return this.injector.apply(verb, subject, options.signal, effect);
  }

  #stopSandbox(sandboxId: string): void {
    const sandbox = this.sandboxes.get(sandboxId);
    if (sandbox === undefined) return;
    for (const container of this.#inSandbox(sandboxId)) this.exit(container.id, 137);
    if (!sandbox.ready) return;
    sandbox.ready = false;
    this.#emit("stopped", sandboxId);
  }

  #inSandbox(sandboxId: string): FakeContainer[] {
    return [...this.containers.values()].filter((container) => container.sandboxId === sandboxId);
  }

  #sandbox(id: string): FakeSandbox {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError("NotFound", `No sandbox "${id}"`);
    return sandbox;
  }

  #container(id: string): FakeContainer {
    const container = this.containers.get(id);
    if (container === undefined) throw new RuntimeError("NotFound", `No container "${id}"`);
    return container;
  }

  #name(containerId: string): string {
    return this.containers.get(containerId)?.config.name ?? containerId;
  }

  #podUid(sandboxId: string): string {
    return this.sandboxes.get(sandboxId)?.config.metadata.uid ?? "";
  }

  #emit(type: RuntimeEventType, sandboxId: string, containerId?: string, uid = this.#podUid(sandboxId)): void {
    const event = { type, sandboxId, podUid: uid, timeMs: this.#clock.now() };
    this.feed.emit(containerId === undefined ? event : { ...event, containerId });
  }
}

function sandboxSummary(sandbox: FakeSandbox): PodSandboxSummary {
  const { id, config, ready, createdAtMs } = sandbox;
  const { metadata, labels, annotations, runtimeHandler } = config;
  return { id, metadata, state: ready ? "ready" : "not-ready", createdAtMs, labels, annotations, runtimeHandler };
}

function matchesLabels(
  filter: { readonly labels?: Readonly<Record<string, string>> | undefined },
  { labels }: { readonly labels: Readonly<Record<string, string>> },
): boolean {
  return Object.entries(filter.labels ?? {}).every(([name, value]) => labels[name] === value);
}

function matches<T>(wanted: T | undefined, value: T): boolean {
  return wanted === undefined || wanted === value;
}
