import type { Clock } from "@wherry/base";
import type { ContainerInstance } from "@wherry/kubernetes";
import type {
  CallOptions,
  ContainerResources,
  ContainerStatus,
  PodSandboxStatus,
  Runtime,
  SandboxResources,
} from "@wherry/runtime";
import { annotations } from "./labels.ts";
import { isRuntimeNotFound } from "./runtime-errors.ts";

/** One instance of a container, with what only this node needs to know of it. */
export interface Instance extends ContainerInstance {
  /** The runtime's ID, without its scheme. */
  readonly runtimeId: string;
  readonly sandboxId: string;
  /** Hash of the part of the spec that a change of restarts the container. */
  readonly specHash: string;
  readonly logPath: string;
  /** What the runtime gives it. */
  readonly resources: ContainerResources;
  /** What the pod as a whole was limited to when it was made; undefined where nobody noted that. */
  readonly podLimits?: SandboxResources | undefined;
  /** When it ended by the monotonic clock, which nobody sets; undefined while it has not. */
  readonly endedAtMs?: number | undefined;
}

export interface PodFactsOptions {
  readonly uid: string;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Scheme of container IDs. */
  readonly runtimeName: string;
  /** Completes the message of an exited container from its termination message file or log. */
  readonly exitMessage: (status: ContainerStatus) => Promise<string>;
}

/**
 * What the runtime says of one pod. Exited instances never change, so each is asked for once; everything else is asked for anew
 * whenever it may have changed.
 */
export class PodFacts {
  readonly #options: PodFactsOptions;
  readonly #instances: Map<string, Instance> = new Map();
  #sandboxes: readonly PodSandboxStatus[] = [];
  #known = false;

  constructor(options: PodFactsOptions) {
    this.#options = options;
  }

  /** Whether the runtime has been asked at all. */
  get known(): boolean {
    return this.#known;
  }

  /** All sandboxes of the pod, newest first. */
  get sandboxes(): readonly PodSandboxStatus[] {
    return this.#sandboxes;
  }

  /** The newest sandbox if it is ready. */
  get sandbox(): PodSandboxStatus | undefined {
    const [newest] = this.#sandboxes;
    return newest?.state === "ready" ? newest : undefined;
  }

  /** All instances, newest first. */
  get instances(): Instance[] {
    return [...this.#instances.values()].sort(
      (left, right) => right.attempt - left.attempt || right.createdAtMs - left.createdAtMs,
    );
  }

  /** Instances of one container, newest first. */
  of(name: string): Instance[] {
    return this.instances.filter((instance) => instance.name === name);
  }

  byRuntimeId(id: string): Instance | undefined {
    return this.#instances.get(id);
  }

  /** Whether any instance runs, or may for all the runtime says. */
  get anyRunning(): boolean {
    for (const { state } of this.#instances.values()) if (state === "running" || state === "unknown") return true;
    return false;
  }

  /** Asks the runtime for everything of the pod. */
  async refresh(options: CallOptions): Promise<void> {
    const { runtime, uid } = this.#options;
    const [sandboxes, containers] = await Promise.all([
      runtime.listPodSandboxes({ podUid: uid }, options),
      runtime.listContainers({ podUid: uid }, options),
    ]);
    const kept = new Set(containers.map((container) => container.id));
    for (const id of this.#instances.keys()) if (!kept.has(id)) this.#instances.delete(id);
    await Promise.all(containers.map((container) => this.refreshContainer(container.id, options)));
    const statuses = await Promise.all(sandboxes.map((sandbox) => this.#sandboxStatus(sandbox.id, options)));
    this.#sandboxes = statuses.filter((status) => status !== undefined).sort(newestSandboxFirst);
    this.#known = true;
  }

  /** Asks the runtime for one container; one that is gone is forgotten. */
  async refreshContainer(id: string, options: CallOptions): Promise<void> {
    if (this.#instances.get(id)?.state === "exited") return;
    try {
      const status = await this.#options.runtime.containerStatus(id, options);
      this.#instances.set(id, await this.#instance(status));
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
      this.#instances.delete(id);
    }
  }

  /** Takes in a sandbox that was just made. */
  async addSandbox(id: string, options: CallOptions): Promise<void> {
    const status = await this.#sandboxStatus(id, options);
    if (status === undefined) return;
    this.#sandboxes = [...this.#sandboxes.filter((sandbox) => sandbox.id !== id), status].sort(newestSandboxFirst);
  }

  forgetContainer(id: string): void {
    this.#instances.delete(id);
  }

  async #sandboxStatus(id: string, options: CallOptions): Promise<PodSandboxStatus | undefined> {
    const known = this.#sandboxes.find((sandbox) => sandbox.id === id);
    if (known?.state === "not-ready") return known;
    try {
      return await this.#options.runtime.podSandboxStatus(id, options);
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
      return undefined;
    }
  }

  async #instance(status: ContainerStatus): Promise<Instance> {
    const { runtimeName, exitMessage } = this.#options;
    return {
      id: `${runtimeName}://${status.id}`,
      runtimeId: status.id,
      sandboxId: status.sandboxId,
      name: status.name,
      attempt: status.attempt,
      state: status.state,
      createdAtMs: status.createdAtMs,
      startedAtMs: status.startedAtMs,
      finishedAtMs: status.finishedAtMs,
      exitCode: status.exitCode,
      reason: status.reason,
      message: status.state === "exited" ? await exitMessage(status) : status.message,
      image: status.annotations[annotations.imageName] ?? status.image.image,
      imageRef: status.imageRef,
      specHash: status.annotations[annotations.containerHash] ?? "",
      logPath: status.logPath,
      resources: status.resources,
      podLimits: podLimitsOf(status.annotations[annotations.podLimits]),
      endedAtMs: status.state === "exited" ? this.#endedAtMs(status) : undefined,
    };
  }

  /** Asked once for each instance. An end that lies ahead, because the wall clock was set back since, is one of now. */
  #endedAtMs({ finishedAtMs }: ContainerStatus): number {
    const { clock } = this.#options;
    return clock.monotonic() - Math.max(0, clock.now() - finishedAtMs);
  }
}

function podLimitsOf(text: string | undefined): SandboxResources | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as SandboxResources);
}

function newestSandboxFirst(left: PodSandboxStatus, right: PodSandboxStatus): number {
  return right.metadata.attempt - left.metadata.attempt || right.createdAtMs - left.createdAtMs;
}
