import { mkdir } from "node:fs/promises";
import { type Clock, errorMessage, type Logger, runTogether, silentLogger, systemClock } from "@wherry/base";
import type { EdgeTable } from "@wherry/machine";
import { clientCertificateRequests } from "./certificates/client-certificate-requests.ts";
import { RequestingPodCertificates } from "./certificates/pod-certificates.ts";
import { createEnvironmentResolver } from "./environment/environment-resolver.ts";
import { createClientServiceSource } from "./environment/service-source.ts";
import { KubeletError } from "./errors.ts";
import { ApiEventRecorder } from "./events/api-event-recorder.ts";
import { createEventSink } from "./events/event-sink.ts";
import { registerEvictionMetrics } from "./eviction/eviction-metrics.ts";
import { LocalStorageEviction } from "./eviction/local-storage-eviction.ts";
import { createImageAccess } from "./images/image-access.ts";
import { openPullRecords } from "./images/pull-records.ts";
import type { KubeletOptions, KubeletServices } from "./kubelet-options.ts";
import { LogCollector } from "./logs/log-collector.ts";
import { LogRotator } from "./logs/log-rotator.ts";
import { rotatedLogFiles } from "./logs/node-log-files.ts";
import { providerLogSource } from "./logs/provider-log-source.ts";
import { createNodeApi } from "./node/client-node-api.ts";
import { readInstanceId } from "./node/instance-id.ts";
import { readMachineFacts } from "./node/machine-facts.ts";
import { NodeAgent } from "./node/node-agent.ts";
import { createClientObjectCache } from "./objects/client-object-cache.ts";
import { clientRuntimeClasses } from "./objects/client-runtime-classes.ts";
import { createPullSecrets } from "./objects/pull-secrets.ts";
import { openAllocations } from "./pods/file-allocations.ts";
import { createNodePods } from "./pods/node-pods.ts";
import type { PodController } from "./pods/pod-controller.ts";
import { registerPreemptionMetrics } from "./pods/preemption-metrics.ts";
import { registerResizeMetrics } from "./pods/resize-metrics.ts";
import type { NodeFacts } from "./ports/node-facts.ts";
import type { Provider } from "./provider/provider.ts";
import { runProvider } from "./provider/run-provider.ts";
import { pingCheck } from "./server/health-checks.ts";
import { MetricsRegistry } from "./server/metrics/metrics-registry.ts";
import { type NodeServer, openNodeServer } from "./server/node-server.ts";
import { createPodStatusApi } from "./status/pod-status-api.ts";
import { StatusWriter } from "./status/status-writer.ts";
import { clientTokenSource } from "./tokens/client-token-source.ts";
import { CachingServiceAccountTokens } from "./tokens/service-account-tokens.ts";
import { createTerminationLogs } from "./volumes/termination-log.ts";
import { openVolumeManager } from "./volumes/volume-manager.ts";

/** A kubelet: one node of a cluster and its pods. */
export interface Kubelet {
  /** Resolves when the node is registered and its HTTP API answers; rejects when `run` fails before. */
  readonly ready: Promise<void>;
  /** Port of the HTTPS API, once ready; undefined where it is off. */
  readonly port: number | undefined;
  /**
   * Runs the node until `signal` aborts; pods go on and are found again by the next run on the same directories. Rejects with
   * `KubeletError` or `NodeError` for what a person has to put right (port in use, name taken, directory not writable). Once only.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** Enough for a pod to start in. */
const eventDelayMs = 50;

/** Makes a kubelet; nothing is touched before it runs. */
export function createKubelet<E extends EdgeTable, Context>(options: KubeletOptions<E, Context>): Kubelet {
  return new WiredKubelet(options);
}

class WiredKubelet<E extends EdgeTable, Context> implements Kubelet {
  readonly #options: KubeletOptions<E, Context>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #random: () => number;
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers();
  #server: NodeServer | undefined;

  constructor(options: KubeletOptions<E, Context>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#random = options.random ?? Math.random;
    this.#ready.promise.catch(() => undefined);
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get port(): number | undefined {
    return this.#server?.port;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal);
    } finally {
      this.#ready.reject(new KubeletError("Stopped", "The kubelet ended before it was ready"));
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { client, nodeName, configuration, rootDirectory } = this.#options;
    await this.#makeDirectories();
    const clock = this.#clock;
    const events = new ApiEventRecorder({
      sink: createEventSink(client),
      host: nodeName,
      perSecond: configuration.events.perSecond,
      burst: configuration.events.burst,
      delayMs: eventDelayMs,
      clock,
      logger: this.#component("events"),
    });
    const objects = createClientObjectCache(client, {
      clock,
      random: this.#random,
      logger: this.#component("objects"),
    });
    const tokens = new CachingServiceAccountTokens({
      source: clientTokenSource(client),
      logger: this.#component("tokens"),
      clock,
      random: this.#random,
    });
    const credentialProviders = this.#options.credentialProviders?.({ objects, tokens });
    const serviceSource = createClientServiceSource(client, {
      clock,
      random: this.#random,
      logger: this.#component("services"),
    });
    let agent: NodeAgent | undefined;
    const node = lateNode(nodeName, () => agent);
    const certificates = new RequestingPodCertificates({
      requests: clientCertificateRequests(client, nodeName, {
        clock,
        random: this.#random,
        logger: this.#component("certificates"),
      }),
      node,
      events,
      logger: this.#component("certificates"),
      clock,
      random: this.#random,
    });
    const volumes = await openVolumeManager({
      rootDirectory,
      memoryDirectory: this.#options.memoryDirectory,
      objects,
      tokens,
      certificates,
      node,
      events,
      logger: this.#component("volumes"),
      clock,
      random: this.#random,
    });
    const metrics = new MetricsRegistry();
    const provider = this.#options.provider({
      node,
      events,
      objects,
      volumes,
      environment: createEnvironmentResolver({ objects, events, services: serviceSource, files: volumes }),
      runtimeClasses: clientRuntimeClasses(client),
      pullSecrets: createPullSecrets({
        objects,
        events,
        providers: credentialProviders,
        logger: this.#component("pull-secrets"),
      }),
      imageAccess: createImageAccess({
        records: await openPullRecords(rootDirectory, this.#component("images")),
        policy: configuration.images.verification,
        metrics,
        clock,
        logger: this.#component("images"),
      }),
      terminationLogs: createTerminationLogs(rootDirectory),
      podLogsDirectory: configuration.logs.podLogsDirectory,
      logFiles: rotatedLogFiles(this.#options.containerLogsDirectory),
      clock,
      logger: this.#component("provider"),
      random: this.#random,
    });
    const probeMetrics = new MetricsRegistry();
    provider.registerMetrics?.(metrics, probeMetrics);
    const statusWriter = new StatusWriter({
      api: createPodStatusApi(client),
      clock,
      logger: this.#component("status"),
    });
    let controller: PodController<E, Context> | undefined;
    const nodeAgent = await this.#agent(provider, events, () =>
      controller === undefined ? [] : [controller.health()],
    );
    agent = nodeAgent;
    const pods = createNodePods({
      client,
      provider,
      statusWriter,
      node,
      described: nodeAgent.described,
      registered: nodeAgent.registered,
      staticPath: configuration.pods.staticPath,
      fileCheckEveryMs: configuration.pods.fileCheckEveryMs,
      staticUrl: configuration.pods.staticUrl,
      httpCheckEveryMs: configuration.pods.httpCheckEveryMs,
      recorder: events,
      clock,
      logger: this.#component("pods"),
      random: this.#random,
      allocations: await openAllocations(rootDirectory, this.#component("pods")),
      resizes: registerResizeMetrics(metrics, () => controller?.list() ?? []),
      preemptions: registerPreemptionMetrics(metrics),
    });
    controller = pods.controller;
    const logs = providerLogSource(controller, provider);
    const eviction = new LocalStorageEviction({
      pods: controller,
      volumes,
      podLogsDirectory: configuration.logs.podLogsDirectory,
      events,
      evictions: registerEvictionMetrics(metrics),
      clock,
      logger: this.#component("eviction"),
    });
    // The last step that can fail: nothing would close what already listens.
    const server = await openNodeServer({
      ...this.#options,
      metrics,
      probeMetrics,
      // The certificate names the node by its name already; of the addresses it takes those that are dialled as such.
      addresses: this.#options.addresses.filter(({ type }) => type === "InternalIP" || type === "ExternalIP"),
      pods: controller,
      logs,
      healthChecks: [pingCheck, { name: "syncloop", check: () => requireHealthy(controller.health()) }],
      clock,
      logger: this.#component("server"),
    });
    this.#server = server;
    const rotator = new LogRotator({ source: logs, ...configuration.logs, clock, logger: this.#component("logs") });
    const collector = new LogCollector({
      podLogsDirectory: configuration.logs.podLogsDirectory,
      linksDirectory: this.#options.containerLogsDirectory,
      knownPods: (inner) => knownPods(controller, provider, inner),
      clock,
      logger: this.#component("logs"),
    });
    nodeAgent.registered.then(
      () => this.#ready.resolve(),
      (error: unknown) => this.#ready.reject(error),
    );
    await runTogether(signal, [
      (inner) => events.run(inner),
      (inner) => server.run(inner),
      (inner) => nodeAgent.run(inner),
      (inner) => objects.run(inner),
      (inner) => serviceSource.run(inner),
      (inner) => certificates.run(inner),
      (inner) => volumes.run(inner),
      (inner) => rotator.run(inner),
      (inner) => collector.run(inner),
      ...(configuration.eviction.localStorage ? [(inner: AbortSignal) => eviction.run(inner)] : []),
      (inner) => statusWriter.run(inner),
      ...(provider.run === undefined ? [] : [(inner: AbortSignal) => runProvider(provider, inner)]),
      (inner) => pods.run(inner),
      ...(credentialProviders === undefined ? [] : [(inner: AbortSignal) => credentialProviders.run(inner)]),
    ]);
  }

  async #agent(
    provider: Provider<E, Context>,
    events: ApiEventRecorder,
    healthTerms: () => readonly { name: string; healthy: boolean; message: string }[],
  ): Promise<NodeAgent> {
    const { client, nodeName, configuration, rootDirectory, addresses } = this.#options;
    const instanceId = await readInstanceId(rootDirectory);
    const { eviction } = configuration;
    return new NodeAgent({
      ...configuration.node,
      nodeName,
      instanceId,
      api: createNodeApi(client, nodeName, {
        clock: this.#clock,
        random: this.#random,
        logger: this.#component("node"),
      }),
      provider,
      images: this.#options.images,
      events,
      platform: this.#options.platform,
      labels: this.#options.nodeLabels,
      machineFacts: () => readMachineFacts({ rootDirectory, fallbackId: instanceId }),
      addresses: () => addresses,
      resources: {
        ...configuration.node,
        evictionHard: {
          memoryAvailable: eviction.hard["memory.available"],
          nodefsAvailable: eviction.hard["nodefs.available"],
        },
        localStorage: eviction.localStorage,
      },
      healthTerms,
      kubeletPort: () => this.#server?.port,
      clock: this.#clock,
      logger: this.#component("node"),
      random: this.#random,
    });
  }

  async #makeDirectories(): Promise<void> {
    const { rootDirectory, configuration } = this.#options;
    const directories = { "--root-dir": rootDirectory, podLogsDir: configuration.logs.podLogsDirectory };
    for (const [field, path] of Object.entries(directories)) {
      try {
        await mkdir(path, { recursive: true, mode: 0o755 });
      } catch (error) {
        const message = `Cannot create ${field} "${path}": ${errorMessage(error)}; give a directory this user can write to`;
        throw new KubeletError("DirectoryUnusable", message, { cause: error });
      }
    }
  }

  #component(component: string): Logger {
    return this.#logger.child({ component });
  }
}

/** Facts of a node agent that is made later, because it needs parts that ask it. */
function lateNode(nodeName: string, agent: () => NodeAgent | undefined): NodeFacts {
  return {
    nodeName,
    get nodeUid() {
      return agent()?.nodeUid;
    },
    get labels() {
      return agent()?.labels ?? {};
    },
    get taints() {
      return agent()?.taints ?? [];
    },
    get addresses() {
      return agent()?.addresses ?? [];
    },
    get hostIps() {
      return agent()?.hostIps ?? [];
    },
    get allocatable() {
      return agent()?.allocatable ?? {};
    },
    get operatingSystem() {
      return agent()?.operatingSystem ?? "linux";
    },
  };
}

/** UIDs of which logs are kept; undefined while the node's pods are not all known. */
async function knownPods<E extends EdgeTable, Context>(
  controller: PodController<E, Context>,
  provider: Provider<E, Context>,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  if (!controller.health().healthy) return undefined;
  const held = (await provider.listPods?.({ signal })) ?? [];
  return new Set([...held, ...controller.list().map((pod) => pod.metadata?.uid ?? "")]);
}

function requireHealthy(term: { readonly healthy: boolean; readonly message: string }): void {
  if (!term.healthy) throw new KubeletError("Unhealthy", term.message);
}

export type { KubeletOptions, KubeletServices };
