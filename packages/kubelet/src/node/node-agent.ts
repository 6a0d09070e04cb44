import { Backoff, errorMessage, runTogether } from "@wherry/base";
import type { Node, NodeAddress, Taint } from "@wherry/kubernetes";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { NodeDetails } from "../provider/node-details.ts";
import { chooseKubeletVersion, kubeletVersion } from "./kubelet-version.ts";
import type { MachineFacts } from "./machine-facts.ts";
import { claimNodeName } from "./name-claim.ts";
import type { NodeAgentOptions } from "./node-agent-options.ts";
import type { NodePressure } from "./node-conditions.ts";
import { listNodeImages } from "./node-images.ts";
import { type NodePlatform, validateNodeLabels, validateTaints } from "./node-labels.ts";
import { NodeLease } from "./node-lease.ts";
import { registerNode } from "./node-registration.ts";
import { nodeResources } from "./node-resources.ts";
import { computeNodeStatus, type NodeStatusInputs } from "./node-status.ts";
import { NodeStatusUpdater } from "./node-status-updater.ts";
import { type NodeTemplate, nodePlatform, nodeTemplate } from "./node-template.ts";
import { PodCidrHandover } from "./pod-cidr-handover.ts";
import { ProviderHealth } from "./provider-health.ts";

/** How long pods that need no API server wait for the node to be registered. */
const patienceMs = 10_000;
const noPressure: NodePressure = { memory: false, disk: false, pid: false };

/**
 * The node's own representation in the API: makes sure no other kubelet has its name, registers it, renews its lease and keeps its
 * status true. Also what the other parts ask about the node.
 */
export class NodeAgent implements NodeFacts {
  readonly #options: NodeAgentOptions;
  readonly #health: ProviderHealth;
  readonly #updater: NodeStatusUpdater;
  readonly #podCidr: PodCidrHandover;
  readonly #registered: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #described: PromiseWithResolvers<void> = Promise.withResolvers();
  #details: NodeDetails | undefined;
  #node: Node | undefined;
  #facts: MachineFacts | undefined;
  #kubeletVersion: string = kubeletVersion;

  /** Throws `NodeError` for labels or taints a node cannot have. */
  constructor(options: NodeAgentOptions) {
    this.#options = options;
    validateNodeLabels(options.labels ?? {});
    validateTaints(options.taints ?? []);
    const { clock, logger, provider } = options;
    this.#health = new ProviderHealth({
      health: provider.health === undefined ? undefined : (call) => provider.health?.(call) ?? Promise.resolve([]),
      clock,
      logger,
      onChange: () => this.#updater.trigger(),
    });
    this.#updater = this.#createUpdater();
    this.#podCidr = new PodCidrHandover({ provider, logger });
    // Nobody may be waiting when run() fails; whoever waits still sees the rejection.
    this.#registered.promise.catch(() => undefined);
    this.#described.promise.catch(() => undefined);
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
    return nodeResources(this.#facts, this.#options.resources, this.#details?.capacity).allocatable;
  }

  get operatingSystem(): string {
    return this.#platform.os;
  }

  /** The Node object as last seen, or enough of it to record events on. */
  get node(): Pick<Node, "metadata"> {
    return this.#node ?? { metadata: { name: this.nodeName } };
  }

  /** Resolves when the Node object exists; rejects when `run` failed before that. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  /**
   * Resolves with `registered`, but earlier, once labels, taints and resources are known, where the API server is away, so that
   * pods that need no server can start. Rejects as `registered` does.
   */
  get described(): Promise<void> {
    return this.#described.promise;
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
      this.#described.resolve();
    } catch (error) {
      this.#registered.reject(error);
      this.#described.reject(error);
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
      (inner) => api.watchNode((node) => this.#changed(node), inner),
    ]);
  }

  /** Labels and taints must be known as soon as pods are that were scheduled by them. */
  #changed(node: Node | undefined): void {
    if (node !== undefined) this.#accept(node);
    // Registered anew by the next update.
    else this.#updater.trigger();
  }

  #accept(node: Node): void {
    const { uid, resourceVersion } = this.#node?.metadata ?? {};
    // The watch may tell an earlier state than the answer to our own write.
    const stale = uid === node.metadata?.uid && isOlder(node.metadata?.resourceVersion, resourceVersion);
    if (stale) return;
    this.#node = node;
    void this.#podCidr.offer(node);
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { api, nodeName, instanceId, clock, logger, register } = this.#options;
    const described = this.#describe(signal);
    // It is awaited later, and may fail before.
    described.catch(() => undefined);
    const onUnreachable = () => void described.then(() => this.#described.resolve()).catch(() => undefined);
    await claimNodeName({ api, nodeName, instanceId, clock, logger, onUnreachable }, signal);
    const [server] = await Promise.all([this.#serverVersion(signal), described]);
    this.#kubeletVersion = chooseKubeletVersion(kubeletVersion, server);
    if (register === false) return;
    const impatience = clock.setTimer(patienceMs, () => this.#described.resolve());
    try {
      const node = await this.#register(signal);
      this.#accept(node);
      // Before the first pod asks for an address.
      await this.#podCidr.offer(node);
    } finally {
      impatience();
    }
  }

  /** Learns what the node is, which takes no API server. */
  async #describe(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#health.check(signal), this.#readFacts()]);
    this.#details = await this.#nodeDetails(signal);
  }

  /** Asks the provider until it answers: without its details there is no node. */
  async #nodeDetails(signal: AbortSignal): Promise<NodeDetails> {
    const { provider, clock, logger } = this.#options;
    const backoff = new Backoff({ initialMs: 100, maxMs: 7_000 });
    for (;;) {
      try {
        return await provider.nodeDetails({ signal });
      } catch (error) {
        signal.throwIfAborted();
        const delayMs = backoff.next();
        logger.warn("The provider does not describe its node yet", { error: errorMessage(error), retryInMs: delayMs });
        await clock.sleep(delayMs, signal);
      }
    }
  }

  get #platform(): NodePlatform {
    return nodePlatform(this.#options.platform, this.#details, this.#facts);
  }

  get #template(): NodeTemplate {
    return nodeTemplate(this.#options, this.#platform, this.#details);
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
      onNode: (node) => this.#accept(node),
      updateEveryMs: this.#options.statusUpdateEveryMs,
      reportEveryMs: this.#options.statusReportEveryMs,
      clock,
      logger,
      random,
    });
  }

  async #statusInputs(signal: AbortSignal | undefined): Promise<NodeStatusInputs> {
    const options = this.#options;
    const [facts, images] = await Promise.all([
      this.#readFacts(),
      listNodeImages(options, this.#node?.status?.images ?? [], signal),
    ]);
    const others = (options.healthTerms?.() ?? []).filter(({ healthy }) => !healthy).map(({ message }) => message);
    return {
      facts,
      addresses: options.addresses(),
      resources: options.resources,
      providedCapacity: this.#details?.capacity,
      pressure: options.pressure?.() ?? noPressure,
      unhealthy: [...this.#health.problems, ...others],
      images,
      runtimeHandlers: this.#details?.runtimeHandlers ?? [],
      containerRuntimeVersion: this.#details?.runtimeVersion ?? "",
      kubeletVersion: this.#kubeletVersion,
      architecture: this.#platform.arch,
      kubeletPort: options.kubeletPort(),
      volumesInUse: options.volumesInUse?.(),
      declaredFeatures: [...(options.declaredFeatures ?? []), ...(this.#details?.declaredFeatures ?? [])],
      nowMs: options.clock.now(),
    };
  }

  async #readFacts(): Promise<MachineFacts> {
    try {
      this.#facts = await this.#options.machineFacts();
    } catch (error) {
      // Known once, they are better than no heartbeat.
      if (this.#facts === undefined) throw error;
      this.#options.logger.warn("Cannot read facts of the machine", { error: errorMessage(error) });
    }
    return this.#facts;
  }
}

/** Whether resource version `a` came before `b`; they are decimal numbers of any length (KEP-5504). */
function isOlder(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
