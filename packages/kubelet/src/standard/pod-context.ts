import {
  type Container,
  containerFieldPath,
  findContainer,
  findContainerStatus,
  findPodCondition,
  type Pod,
  type PodSpec,
} from "@wherry/kubernetes";
import type { HookRunner, HookSubject } from "../hooks/hook-runner.ts";
import type { EventContent } from "../ports/event-recorder.ts";
import { podLogDirectory } from "../ports/log-paths.ts";
import type { PodProbes, ProbedContainer, ProbeManager } from "../probes/probe-manager.ts";
import type { PodHandle } from "../provider/pod-handle.ts";
import { BackOffTable } from "./back-off-table.ts";
import { describePod } from "./describe-pod.ts";
import { exitMessage } from "./exit-message.ts";
import type { ImagePuller } from "./image-puller.ts";
import { PodFacts } from "./pod-facts.ts";
import type { RuntimeAbility } from "./pod-field-table.ts";
import { PodResize } from "./pod-resize.ts";
import type { ResizeTimes } from "./resize-times.ts";
import { resolveDelays, type StandardProviderOptions } from "./standard-options.ts";
import type { StartDelay } from "./start-outcome.ts";
import { Wakeup } from "./wakeup.ts";

/** What all pods of a standard provider share. */
export interface Shared {
  readonly options: StandardProviderOptions;
  readonly puller: ImagePuller;
  readonly probes: ProbeManager;
  readonly hooks: HookRunner;
  readonly resizeTimes: ResizeTimes;
  /** Name of the runtime, scheme of container IDs. */
  readonly runtimeName: () => string;
  /** Handlers the runtime knows; empty while it has not said. */
  readonly handlers: () => ReadonlySet<string>;
  /** What the runtime can do beyond what all can. */
  readonly abilities: ReadonlySet<RuntimeAbility>;
}

/** A container that cannot start now, and of which definition and instance that was said. */
export interface PendingStart extends StartDelay {
  readonly key: string;
}

/** What the states of one pod share. */
export class PodContext {
  readonly handle: PodHandle;
  readonly shared: Shared;
  readonly facts: PodFacts;
  readonly probes: PodProbes;
  readonly resize: PodResize;
  readonly wakeup: Wakeup = new Wakeup();
  /** Containers that are to start but cannot yet, by name. */
  readonly pending: Map<string, PendingStart> = new Map();
  readonly restartBackOff: BackOffTable;
  readonly pullBackOff: BackOffTable;
  /** Containers that are being stopped for another instance to start in their place, by name. */
  readonly replacing: Set<string> = new Set();
  /** Reason and cause of the last pull that failed, by image. */
  readonly pullFailures: Map<string, string> = new Map();
  /** Resolved handler of the pod's runtime class; undefined before `registered` found it. */
  runtimeHandler: string | undefined;
  /** Set by `refused`: why the node does not take the pod. */
  refusal: { readonly reason: string; readonly message: string } | undefined;
  /** When all containers were restarted last, by the monotonic clock. */
  restartedAllAtMs: number | undefined;
  /** Everything in the runtime may have changed. */
  staleAll = true;
  readonly staleContainers: Set<string> = new Set();
  /** Instances whose preStop hook has run, or had its time. */
  readonly preStopped: Set<string> = new Set();
  readonly #factHandlers: Set<() => void> = new Set();

  constructor(handle: PodHandle, shared: Shared) {
    const { options } = shared;
    const delays = resolveDelays(options);
    this.handle = handle;
    this.shared = shared;
    this.restartBackOff = new BackOffTable(delays.restart);
    this.pullBackOff = new BackOffTable(delays.pull);
    this.facts = new PodFacts({
      uid: handle.uid,
      runtime: options.runtime,
      clock: handle.clock,
      runtimeName: shared.runtimeName(),
      exitMessage: (status) => exitMessage(options.terminationLogs, handle.uid, status),
    });
    this.resize = new PodResize(this);
    this.probes = shared.probes.open(handle.pod, {
      event: (content) => this.event(content),
      changed: () => this.#probesChanged(),
    });
  }

  get pod(): Pod {
    return this.handle.pod;
  }

  get spec(): PodSpec {
    return this.handle.pod.spec ?? { containers: [] };
  }

  get options(): StandardProviderOptions {
    return this.shared.options;
  }

  /**
   * Whether all containers are being removed to begin again, by what was published. So a restarted kubelet knows it too, even where all of
   * the run before is gone, what asked for it among them.
   */
  get restartingAll(): boolean {
    return findPodCondition(this.handle.status, "AllContainersRestarting")?.status === "True";
  }

  /** Addresses of the sandbox, or the node's where the pod shares them; none while there is no sandbox. */
  get podIps(): readonly string[] {
    const { sandbox } = this.facts;
    if (sandbox === undefined) return [];
    return sandbox.ips.length > 0 ? sandbox.ips : this.handle.node.hostIps;
  }

  /** Absolute path of the pod's log directory. */
  get logDirectory(): string {
    const { namespace = "", name = "" } = this.pod.metadata ?? {};
    return podLogDirectory(this.options.podLogsDirectory, { namespace, name, uid: this.handle.uid });
  }

  event(content: EventContent): void {
    this.handle.event(content);
  }

  container(name: string): Container | undefined {
    return findContainer(this.spec, name)?.container;
  }

  /** The runtime told of something; cheap when it is only the echo of an own call. */
  noticeEvent(type: string, containerId: string | undefined): void {
    if (containerId === undefined) this.staleAll = true;
    else {
      const known = this.facts.byRuntimeId(containerId)?.state;
      if (type === "created" && known !== undefined) return;
      if (type === "started" && known === "running") return;
      if (type === "stopped" && known === "exited") return;
      if (type === "deleted" && known === undefined) return;
      // A container often ends because its sandbox did.
      if (type === "stopped") this.staleAll = true;
      else this.staleContainers.add(containerId);
    }
    this.wakeup.raise();
  }

  /** Brings the facts up to date: by single containers where only they changed. */
  async refresh(signal: AbortSignal): Promise<void> {
    const containers = [...this.staleContainers];
    this.staleContainers.clear();
    if (this.staleAll) {
      this.staleAll = false;
      try {
        await this.facts.refresh({ signal });
      } catch (error) {
        this.staleAll = true;
        throw error;
      }
    } else await this.#refreshContainers(containers, signal);
    this.factsChanged();
  }

  async #refreshContainers(ids: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      for (const id of ids) await this.facts.refreshContainer(id, { signal });
    } catch (error) {
      this.staleAll = true;
      throw error;
    }
  }

  /** Calls `handler` after each change of the facts, for log followers. The returned function ends it. */
  onFacts(handler: () => void): () => void {
    const registered = () => handler();
    this.#factHandlers.add(registered);
    return () => void this.#factHandlers.delete(registered);
  }

  /** Tells the probes what runs now, and whether the pod is to end. */
  updateProbes(): void {
    this.probes.update({
      address: this.podIps[0],
      ending: this.handle.termination !== undefined,
      running: (name) => this.#probed(name),
    });
  }

  factsChanged(): void {
    this.updateProbes();
    for (const handler of [...this.#factHandlers]) handler();
  }

  #probed(name: string): ProbedContainer | undefined {
    const [newest] = this.facts.of(name);
    if (newest?.state !== "running") return undefined;
    const { containerStatuses, initContainerStatuses } = this.handle.status;
    const status = findContainerStatus(containerStatuses, name) ?? findContainerStatus(initContainerStatuses, name);
    const published = status?.containerID === newest.id && { started: status.started === true, ready: status.ready };
    return { id: newest.runtimeId, startedAtMs: newest.startedAtMs, published: published || undefined };
  }

  /** Readiness is shown at once, also while the pod's state is busy; what else there is to do can wait for it. */
  #probesChanged(): void {
    const description = describePod(this);
    if (description !== undefined) this.handle.describe(description);
    this.wakeup.raise();
  }
}

/** What a hook of a container is run with. */
export function hookSubject(context: PodContext, container: Container, containerId: string): HookSubject {
  const fieldPath = containerFieldPath(context.spec, container.name);
  return {
    pod: context.pod,
    container,
    containerId,
    address: context.podIps[0],
    event: (content) => context.event({ ...content, fieldPath }),
  };
}
