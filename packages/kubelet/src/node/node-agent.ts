import { type Clock, errorMessage, type Logger, raceAbort, runTogether } from "@wherry/base";
import type { ContainerImage, Node, NodeAddress, Taint } from "@wherry/kubernetes";
import type { Runtime } from "@wherry/runtime";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import { chooseKubeletVersion, kubeletVersion } from "./kubelet-version.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { claimNodeName } from "./name-claim.ts";
import type { NodeApi } from "./node-api.ts";
import type { HealthTerm, NodePressure } from "./node-conditions.ts";
import { nodeImages } from "./node-images.ts";
import { defaultNodeLabels, type NodePlatform, validateNodeLabels, validateTaints } from "./node-labels.ts";
import { NodeLease } from "./node-lease.ts";
import { type NodeTemplate, registerNode } from "./node-registration.ts";
import { type NodeResourceOptions, nodeResources } from "./node-resources.ts";
import { computeNodeStatus, type NodeStatusInputs } from "./node-status.ts";
import { NodeStatusUpdater } from "./node-status-updater.ts";
import { RuntimeHealth } from "./runtime-health.ts";

const imageListTimeoutMs = 2_000;
const noPressure: NodePressure = { memory: false, disk: false, pid: false };

export interface NodeAgentOptions {
  readonly nodeName: string;
  /** From `readInstanceId`; tells our restart from another kubelet of the same name. */
  readonly instanceId: string;
  readonly api: NodeApi;
  readonly runtime: Pick<Runtime, "version" | "status"> & { readonly images: Pick<Runtime["images"], "listImages"> };
  readonly events: EventRecorder;
  readonly platform: NodePlatform;
  /** `--node-labels`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** `registerWithTaints`; those of the platform are added. */
  readonly taints?: readonly Taint[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly providerId?: string | undefined;
  /** @default true */
  readonly register?: boolean | undefined;
  readonly machineFacts: () => Promise<MachineFacts>;
  readonly addresses: () => readonly NodeAddress[];
  readonly resources: NodeResourceOptions;
  /** Which resources are short; none without an eviction manager. */
  readonly pressure?: (() => NodePressure) | undefined;
  /** Further terms of readiness; the runtime's own are always there. */
  readonly healthTerms?: readonly HealthTerm[] | undefined;
  readonly volumesInUse?: (() => readonly string[]) | undefined;
  /** Features this kubelet really has, of upstream's registry of declared node features. */
  readonly declaredFeatures?: readonly string[] | undefined;
  /** Port the node's HTTPS API is served at. */
  readonly kubeletPort: () => number | undefined;
  readonly statusUpdateEveryMs: number;
  readonly statusReportEveryMs: number;
  readonly statusMaxImages: number;
  readonly leaseDurationSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * The node's own representation in the API: makes sure no other kubelet has its name, registers it, renews its lease and keeps its
 * status true. Also what the other parts ask about the node.
 */
export class NodeAgent implements NodeFacts {
  readonly #options: NodeAgentOptions;
  readonly #template: NodeTemplate;
  readonly #health: RuntimeHealth;
  readonly #updater: NodeStatusUpdater;
  readonly #registered: PromiseWithResolvers<void> = Promise.withResolvers();
  #node: Node | undefined;
  #facts: MachineFacts | undefined;
  #kubeletVersion: string = kubeletVersion;

  /** Throws `NodeError` for labels or taints a node cannot have. */
  constructor(options: NodeAgentOptions) {
    this.#options = options;
    const taints = [...options.platform.taints, ...(options.taints ?? [])];
    validateNodeLabels(options.labels ?? {});
    validateTaints(taints);
    this.#template = {
      name: options.nodeName,
      labels: { ...options.labels, ...defaultNodeLabels(options.nodeName, options.platform) },
      annotations: options.annotations ?? {},
      taints,
      providerId: options.providerId,
    };
    const { clock, logger, runtime } = options;
    this.#health = new RuntimeHealth({ runtime, clock, logger, onChange: () => this.#updater.trigger() });
    this.#updater = this.#createUpdater();
    // Nobody may be waiting when run() fails; whoever waits still sees the rejection.
    this.#registered.promise.catch(() => undefined);
  }

  get nodeName(): string {
    return this.#options.nodeName;
  }

  get nodeUid(): string | undefined {
    return this.#node?.metadata?.uid;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#node?.metadata?.labels ?? this.#template.labels;
  }

  get taints(): readonly Taint[] {
    return this.#node === undefined ? this.#template.taints : (this.#node.spec?.taints ?? []);
  }

  get addresses(): readonly NodeAddress[] {
    return this.#options.addresses();
  }

  get hostIps(): readonly string[] {
    return this.addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
  }

  get allocatable(): Readonly<Record<string, string>> {
    if (this.#facts === undefined) return {};
    return nodeResources(this.#facts, this.#options.resources).allocatable;
  }

  get operatingSystem(): string {
    return this.#options.platform.os;
  }

  /** The Node object as last seen, or enough of it to record events on. */
  get node(): Pick<Node, "metadata"> {
    return this.#node ?? { metadata: { name: this.nodeName } };
  }

  /** Resolves when the Node object exists; rejects when `run` failed before that. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  /** Asks for a status update now, e.g. because a health term changed. */
  statusChanged(): void {
    this.#updater.trigger();
  }

  /**
   * Claims the name, registers, and keeps lease and status until `signal` aborts.
   *
   * Rejects with `NodeError` of code `NameInUse` when another live kubelet has the name, now or later.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#start(signal);
      this.#registered.resolve();
    } catch (error) {
      this.#registered.reject(error);
      if (signal.aborted) return;
      throw error;
    }
    const { events } = this.#options;
    events.event(
      { kind: "Node", node: this.node },
      { type: "Normal", reason: "Starting", message: "Starting kubelet." },
    );
    const { api, nodeName, instanceId, leaseDurationSeconds, clock, logger, random } = this.#options;
    const lease = new NodeLease({
      api,
      nodeName,
      instanceId,
      durationSeconds: leaseDurationSeconds,
      nodeUid: () => this.nodeUid,
      clock,
      logger,
      random,
    });
    await runTogether(signal, [
      (inner) => lease.run(inner),
      (inner) => this.#updater.run(inner),
      (inner) => this.#health.run(inner),
    ]);
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { api, nodeName, instanceId, clock, logger, register } = this.#options;
    await claimNodeName({ api, nodeName, instanceId, clock, logger }, signal);
    const [server] = await Promise.all([this.#serverVersion(signal), this.#health.check(signal)]);
    this.#kubeletVersion = chooseKubeletVersion(kubeletVersion, server);
    await this.#readFacts();
    if (register !== false) this.#node = await this.#register(signal);
  }

  async #serverVersion(signal: AbortSignal): Promise<string | undefined> {
    try {
      return await this.#options.api.serverVersion({ signal });
    } catch (error) {
      signal.throwIfAborted();
      this.#options.logger.warn("Cannot learn the API server's version", { error: errorMessage(error) });
      return undefined;
    }
  }

  #register(signal: AbortSignal): Promise<Node> {
    const { api, clock, logger } = this.#options;
    const initialStatus = async () => computeNodeStatus({}, await this.#statusInputs(signal)).status;
    return registerNode({ api, template: this.#template, initialStatus, clock, logger }, signal);
  }

  #createUpdater(): NodeStatusUpdater {
    const { api, events, nodeName, register, clock, logger, random } = this.#options;
    return new NodeStatusUpdater({
      api,
      events,
      nodeName,
      inputs: (signal) => this.#statusInputs(signal),
      register: register === false ? undefined : (signal) => this.#register(signal),
      onNode: (node) => {
        this.#node = node;
      },
      updateEveryMs: this.#options.statusUpdateEveryMs,
      reportEveryMs: this.#options.statusReportEveryMs,
      clock,
      logger,
      random,
    });
  }

  async #statusInputs(signal: AbortSignal | undefined): Promise<NodeStatusInputs> {
    const options = this.#options;
    const [facts, images] = await Promise.all([this.#readFacts(), this.#images(signal)]);
    const unhealthy = [this.#health.term, ...(options.healthTerms ?? [])]
      .map((term) => term())
      .filter((message) => message !== undefined);
    return {
      facts,
      addresses: options.addresses(),
      resources: options.resources,
      pressure: options.pressure?.() ?? noPressure,
      unhealthy,
      images,
      runtimeHandlers: this.#health.handlers,
      containerRuntimeVersion: this.#health.runtimeVersion,
      kubeletVersion: this.#kubeletVersion,
      architecture: options.platform.arch,
      kubeletPort: options.kubeletPort(),
      volumesInUse: options.volumesInUse?.(),
      declaredFeatures: options.declaredFeatures,
      nowMs: options.clock.now(),
    };
  }

  async #readFacts(): Promise<MachineFacts> {
    this.#facts = await this.#options.machineFacts();
    return this.#facts;
  }

  /** The images for the status; a runtime that cannot list them must not stop the heartbeat. */
  async #images(signal: AbortSignal | undefined): Promise<ContainerImage[]> {
    const { runtime, statusMaxImages, clock, logger } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.setTimer(imageListTimeoutMs, () =>
      timeout.abort(new Error("the runtime did not answer in time")),
    );
    const call = { signal: signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]) };
    try {
      return nodeImages(await raceAbort(runtime.images.listImages(call), call.signal), statusMaxImages);
    } catch (error) {
      logger.warn("Cannot list images for the node's status", { error: errorMessage(error) });
      return this.#node?.status?.images ?? [];
    } finally {
      cancel();
    }
  }
}
