import { type FSWatcher, watch } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { abortReason, errorMessage } from "@wherry/base";
import {
  BackOffTable,
  containerLogPath,
  crashDelay,
  describeInstances,
  type KubeletServices,
  nextAttempt,
  type PodDescription,
  type PodHandle,
  planContainers,
  podLogDirectory,
  type StartDelay,
  Wakeup,
} from "@wherry/kubelet";
import { type Container, containerFieldPath, podTitle } from "@wherry/kubernetes";
import { asContainerInstance, type CommandInstance, type CommandStore } from "./command-store.ts";

export interface CommandOptions {
  readonly services: KubeletServices;
  readonly store: CommandStore;
  /** Longest delay between restarts of a container. */
  readonly maxRestartDelayMs: number;
  /** `PATH` of commands that name none. */
  readonly searchPath: string;
}

const firstRestartDelayMs = 10_000;
const configRetryMs = 10_000;
/** Of each container, so that `logs --previous` has something to show. */
const keptInstances = 2;

/** What the states of one pod share: what is known of its commands, and how to start one. */
export class PodCommands {
  readonly handle: PodHandle;
  readonly wakeup: Wakeup = new Wakeup();
  readonly waiting: Map<string, StartDelay> = new Map();
  instances: readonly CommandInstance[] = [];
  readonly #options: CommandOptions;
  readonly #backOff: BackOffTable;
  readonly #watchers: Map<string, FSWatcher> = new Map();
  readonly #refreshed: Set<() => void> = new Set();

  constructor(handle: PodHandle, options: CommandOptions) {
    this.handle = handle;
    this.#options = options;
    const { maxRestartDelayMs: maxMs } = options;
    this.#backOff = new BackOffTable({ initialMs: Math.min(firstRestartDelayMs, maxMs), maxMs });
  }

  get services(): KubeletServices {
    return this.#options.services;
  }

  get workingDirectory(): string {
    return join(this.#options.store.podDirectory(this.handle.uid), "work");
  }

  get logDirectory(): string {
    const { namespace = "", name = "" } = this.handle.pod.metadata ?? {};
    return podLogDirectory(this.services.podLogsDirectory, { namespace, name, uid: this.handle.uid });
  }

  /** Instances of a container, newest first. */
  of(container: string): CommandInstance[] {
    return this.instances.filter((instance) => instance.container === container);
  }

  plan(): ReturnType<typeof planContainers> {
    return planContainers({ ...this.#facts(), pod: this.handle.pod });
  }

  description(): PodDescription {
    const { pod, termination, node } = this.handle;
    return describeInstances({
      ...this.#facts(),
      pod,
      ending: termination !== undefined,
      waiting: (name) => this.waiting.get(name),
      podIps: node.hostIps,
    });
  }

  /** Looks at what is there, and shows it once there is anything to show. */
  async refresh(): Promise<void> {
    this.instances = await this.#options.store.instances(this.handle.uid);
    const alive = this.instances.filter(({ exit }) => exit === undefined).map(({ directory }) => directory);
    const unwatched = alive.filter((directory) => !this.#watchers.has(directory));
    for (const directory of unwatched) this.#watch(directory);
    // Once more, for what changed before it was watched.
    if (unwatched.length > 0) this.instances = await this.#options.store.instances(this.handle.uid);
    for (const { directory, exit } of this.instances) if (exit !== undefined) this.#unwatch(directory);
    if (this.instances.length > 0 || this.waiting.size > 0) this.handle.describe(this.description());
    for (const handler of [...this.#refreshed]) handler();
  }

  /** Starts the container's next instance, or notes why it cannot start yet. */
  async start(container: Container, signal: AbortSignal): Promise<void> {
    const { handle, services } = this;
    const { name } = container;
    const pending = this.waiting.get(name);
    if (pending !== undefined && pending.retryAtMs > handle.clock.now()) return;
    this.waiting.delete(name);
    const [newest] = this.of(name);
    // A start that was cut short: its supervisor goes on with it.
    if (newest !== undefined && isStarting(newest)) return this.#untilStarted(newest, signal);
    const delay = this.#crashDelay(container);
    if (delay !== undefined) return void this.waiting.set(name, delay);
    try {
      const facts = {
        podIps: handle.node.hostIps,
        hostIps: handle.node.hostIps,
        nodeAllocatable: handle.node.allocatable,
      };
      const variables = await services.environment.containerEnvironment(handle.pod, container, facts, { signal });
      const { command, args } = services.environment.expandCommand(container, variables);
      const env = {
        PATH: this.#options.searchPath,
        ...Object.fromEntries(variables.map((one) => [one.name, one.value])),
      };
      await this.#run(container, [...command, ...args], env, signal);
    } catch (error) {
      signal.throwIfAborted();
      const message = errorMessage(error);
      this.#event("Warning", "Failed", `Error: ${message}`, name);
      const retryAtMs = handle.clock.now() + configRetryMs;
      this.waiting.set(name, { kind: "waiting", reason: "CreateContainerConfigError", message, retryAtMs });
    }
  }

  /** When the first of the waiting containers may be tried again. */
  get retryInMs(): number | undefined {
    const times = [...this.waiting.values()].map(({ retryAtMs }) => retryAtMs);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - this.handle.clock.now());
  }

  /** Resolves after the next look at what is there. */
  refreshed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => () => {
        this.#refreshed.delete(onRefresh);
        signal.removeEventListener("abort", onAbort);
        end();
      };
      const onRefresh = settle(resolve);
      const onAbort = settle(() => reject(abortReason(signal)));
      if (signal.aborted) return onAbort();
      this.#refreshed.add(onRefresh);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Nobody looks any more. */
  close(): void {
    for (const directory of [...this.#watchers.keys()]) this.#unwatch(directory);
  }

  #facts() {
    const { uid, status } = this.handle;
    // What is only starting has nothing to show, and the one before it has.
    const shown = (name: string) => this.of(name).filter((instance) => !isStarting(instance));
    const instancesOf = (name: string) => shown(name).map((instance) => asContainerInstance(instance, uid));
    return { published: status, instancesOf };
  }

  #crashDelay(container: Container): StartDelay | undefined {
    const { pod, clock } = this.handle;
    const finishedAtMs = this.of(container.name)[0]?.exit?.finishedAtMs;
    if (finishedAtMs === undefined) return undefined;
    const delay = crashDelay(this.#backOff, { pod, container, finishedAtMs, nowMs: clock.now() });
    const message = `Back-off restarting failed container ${container.name} in pod ${podTitle(pod)}`;
    if (delay !== undefined) this.#event("Warning", "BackOff", message, container.name);
    return delay;
  }

  async #run(
    container: Container,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { uid, status, clock } = this.handle;
    const { name, image = "" } = container;
    const attempt = nextAttempt(name, this.of(name)[0], status);
    const logPath = join(this.logDirectory, containerLogPath(name, attempt));
    const note = { container: name, attempt, image, logPath, createdAtMs: clock.now() };
    const workingDirectory = container.workingDir || this.workingDirectory;
    const spec = { words, env, workingDirectory, logPath };
    const instance = await this.#options.store.start(uid, note, spec, () => this.wakeup.raise());
    this.#event("Normal", "Created", "Container created", name);
    await this.#untilStarted(instance, signal);
    for (const old of this.of(name).slice(keptInstances)) {
      await this.#options.store.discard(old.directory);
      await rm(old.logPath, { force: true });
    }
  }

  async #untilStarted({ directory, container }: CommandInstance, signal: AbortSignal): Promise<void> {
    for (;;) {
      this.wakeup.clear();
      await this.refresh();
      const found = this.instances.find((instance) => instance.directory === directory);
      if (found === undefined) throw new Error("The supervisor of the command ended at once");
      if (!isStarting(found)) break;
      await this.wakeup.wait(this.handle.clock, signal);
    }
    this.#event("Normal", "Started", "Container started", container);
  }

  #watch(directory: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.wakeup.raise());
      watcher.on("error", () => this.wakeup.raise());
      this.#watchers.set(directory, watcher);
    } catch {
      // Gone already, as the look that follows finds out.
      this.wakeup.raise();
    }
  }

  #unwatch(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  #event(type: "Normal" | "Warning", reason: string, message: string, container: string): void {
    const fieldPath = containerFieldPath(this.handle.pod.spec ?? { containers: [] }, container);
    this.handle.event({ type, reason, message, fieldPath });
  }
}

function isStarting({ running, exit }: CommandInstance): boolean {
  return running === undefined && exit === undefined;
}
