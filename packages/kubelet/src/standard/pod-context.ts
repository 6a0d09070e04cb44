import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import type { EventContent } from "../ports/event-recorder.ts";
import { podLogDirectory } from "../ports/log-paths.ts";
import type { PodHandle } from "../provider/pod-handle.ts";
import { BackOffTable } from "./back-off-table.ts";
import { exitMessage } from "./exit-message.ts";
import type { ImagePuller } from "./image-puller.ts";
import { PodFacts } from "./pod-facts.ts";
import { resolveDelays, type StandardProviderOptions } from "./standard-options.ts";
import type { StartDelay } from "./start-outcome.ts";
import { Wakeup } from "./wakeup.ts";

/** What all pods of a standard provider share. */
export interface Shared {
  readonly options: StandardProviderOptions;
  readonly puller: ImagePuller;
  /** Name of the runtime, scheme of container IDs. */
  readonly runtimeName: () => string;
  /** Handlers the runtime knows; empty while it has not said. */
  readonly handlers: () => ReadonlySet<string>;
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
  readonly wakeup: Wakeup = new Wakeup();
  /** Containers that are to start but cannot yet, by name. */
  readonly pending: Map<string, PendingStart> = new Map();
  readonly restartBackOff: BackOffTable;
  readonly pullBackOff: BackOffTable;
  /** Resolved handler of the pod's runtime class; undefined before `registered` found it. */
  runtimeHandler: string | undefined;
  /** Set by `refused`: why the node does not take the pod. */
  refusal: { readonly reason: string; readonly message: string } | undefined;
  /** Everything in the runtime may have changed. */
  staleAll = true;
  readonly staleContainers: Set<string> = new Set();
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
      runtimeName: shared.runtimeName(),
      exitMessage: (status) => exitMessage(options.terminationLogs, handle.uid, status),
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

  /** Absolute path of the pod's log directory. */
  get logDirectory(): string {
    const { namespace = "", name = "" } = this.pod.metadata ?? {};
    return podLogDirectory(this.options.podLogsDirectory, { namespace, name, uid: this.handle.uid });
  }

  event(content: EventContent): void {
    this.handle.event(content);
  }

  container(name: string): Container | undefined {
    return [...(this.spec.initContainers ?? []), ...this.spec.containers].find((container) => container.name === name);
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

  factsChanged(): void {
    for (const handler of [...this.#factHandlers]) handler();
  }
}
