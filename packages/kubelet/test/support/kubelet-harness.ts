import { aborted, createLogger, FakeClock, type Logger, runTogether, silentLogger } from "@wherry/base";
import type { Container, Pod, PodSpec, PodStatus } from "@wherry/kubernetes";
import type { Mount } from "@wherry/runtime";
import { FakeRuntime, type FakeRuntimeOptions } from "@wherry/testkit";
import type { Preemption } from "../../src/admission/make-room.ts";
import { MirrorPods } from "../../src/pods/mirror-pods.ts";
import { PodController } from "../../src/pods/pod-controller.ts";
import type { PodSource } from "../../src/pods/pod-source.ts";
import { registerPreemptionMetrics } from "../../src/pods/preemption-metrics.ts";
import { registerResizeMetrics } from "../../src/pods/resize-metrics.ts";
import type { Allocations } from "../../src/ports/allocations.ts";
import type { EnvironmentVariable } from "../../src/ports/environment.ts";
import type { EventContent, EventRecorder } from "../../src/ports/event-recorder.ts";
import type { NodeFacts } from "../../src/ports/node-facts.ts";
import type { ContainerMountsOptions, VolumeCallOptions, VolumeManager } from "../../src/ports/volume-manager.ts";
import type { PodRefusal } from "../../src/provider/provider.ts";
import { MetricsRegistry } from "../../src/server/metrics/metrics-registry.ts";
import type { PodContext } from "../../src/standard/pod-context.ts";
import type { PodEdges } from "../../src/standard/pod-machine.ts";
import type { StandardProviderOptions } from "../../src/standard/standard-options.ts";
import { createStandardProvider, type StandardProvider } from "../../src/standard/standard-provider.ts";
import { StatusWriter } from "../../src/status/status-writer.ts";
import { FakePodApi } from "./fake-pod-api.ts";

export interface RecordedEvent extends EventContent {
  readonly pod: string;
}

export interface HarnessOptions {
  readonly clock?: FakeClock | undefined;
  readonly runtime?: Omit<FakeRuntimeOptions, "clock"> | undefined;
  readonly provider?: Partial<StandardProviderOptions> | undefined;
  /** @default the standard provider */
  readonly makeProvider?: ((options: StandardProviderOptions) => unknown) | undefined;
  readonly admit?: ((pod: Pod, others: readonly Pod[]) => PodRefusal | Preemption | undefined) | undefined;
  readonly podLogsDirectory?: string | undefined;
  readonly random?: (() => number) | undefined;
  readonly allocations?: Allocations | undefined;
  /** Where static pods come from; they are shown in the API. @default nowhere */
  readonly staticSource?: PodSource | undefined;
  /** @default silent, or the console with WHERRY_TEST_LOG */
  readonly logger?: Logger | undefined;
}

/** A kubelet on fakes: fake clock, fake runtime, fake API; `restart` ends it without a trace and starts another. */
export class KubeletHarness {
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly api: FakePodApi;
  readonly events: RecordedEvent[] = [];
  readonly volumes: FakeVolumes = new FakeVolumes();
  readonly runtimeClasses: Map<string, string> = new Map();
  /** UIDs of pods whose objects are followed. */
  readonly registered: Set<string> = new Set();
  environmentError: Error | undefined;
  /** Of the kubelet that runs now. */
  metrics: MetricsRegistry = new MetricsRegistry();
  probeMetrics: MetricsRegistry = new MetricsRegistry();
  controller!: PodController<PodEdges, PodContext>;
  provider!: StandardProvider;
  readonly #options: HarnessOptions;
  #abort: AbortController = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: HarnessOptions = {}) {
    this.#options = options;
    this.clock = options.clock ?? new FakeClock();
    this.runtime = new FakeRuntime({ clock: this.clock, ...options.runtime });
    this.api = new FakePodApi(this.clock);
    this.runtime.images.present.add("app:v1");
  }

  start(): void {
    const { clock } = this;
    const logger = this.#options.logger ?? harnessLogger();
    const recorder: EventRecorder = {
      event: (subject, content) =>
        void this.events.push({ pod: subject.kind === "Pod" ? (subject.pod.metadata?.name ?? "") : "", ...content }),
    };
    const makeProvider = this.#options.makeProvider ?? createStandardProvider;
    this.provider = makeProvider({
      runtime: this.runtime,
      volumes: this.volumes,
      environment: {
        containerEnvironment: async () => {
          if (this.environmentError !== undefined) throw this.environmentError;
          return [];
        },
        expandCommand: ({ command = [], args = [] }) => ({ command: [...command], args: [...args] }),
      },
      objects: {
        configMap: async () => undefined,
        secret: async () => undefined,
        trustAnchors: async () => undefined,
        serviceAccount: async () => undefined,
        registerPod: (pod) => void this.registered.add(pod.metadata?.uid ?? ""),
        unregisterPod: (uid) => void this.registered.delete(uid),
      },
      events: recorder,
      runtimeClasses: { handler: async (name) => this.runtimeClasses.get(name) },
      pullSecrets: { pullCredentials: async () => [] },
      terminationLogs: {
        prepare: async (_uid, container) => ({
          containerPath: container.terminationMessagePath ?? "/dev/termination-log",
          hostPath: "/nowhere",
          readOnly: false,
          propagation: "private",
        }),
        read: async () => "",
        prune: async () => undefined,
      },
      logFiles: { removeLog: async () => undefined, removeDirectory: async () => undefined },
      podLogsDirectory: this.#options.podLogsDirectory ?? "/nonexistent/wherry-test-logs",
      clock,
      logger,
      ...this.#options.provider,
    }) as StandardProvider;
    const statusWriter = new StatusWriter({ api: this.api, clock, logger });
    this.metrics = new MetricsRegistry();
    this.probeMetrics = new MetricsRegistry();
    this.provider.registerMetrics?.(this.metrics, this.probeMetrics);
    this.registered.clear();
    const staticSources = this.#options.staticSource === undefined ? [] : [this.#options.staticSource];
    const mirrors = new MirrorPods({
      api: {
        create: (pod, signal) => this.api.createPod(pod, signal),
        delete: (pod, signal) => this.api.deletePod(pod, signal),
      },
      source: this.api,
      staticSources,
      statusWriter,
      node: nodeFacts,
      onEarlierStatus: (uid, status) => this.controller.resume(uid, status),
      onProblem: (message) => {
        throw new Error(message);
      },
      clock,
      logger,
    });
    this.controller = new PodController({
      resizes: registerResizeMetrics(this.metrics, () => this.controller.list()),
      preemptions: registerPreemptionMetrics(this.metrics),
      sources: [...staticSources, this.api],
      mirrors: staticSources.length > 0 ? mirrors : undefined,
      provider: this.provider,
      statusWriter,
      node: nodeFacts,
      recorder,
      clock,
      logger,
      random: this.#options.random ?? (() => 0.5),
      admit: this.#options.admit ?? (() => undefined),
      allocations: this.#options.allocations,
    });
    this.#abort = new AbortController();
    this.#running = runTogether(this.#abort.signal, [
      (signal) => this.provider.run?.(signal) ?? Promise.resolve(),
      (signal) => statusWriter.run(signal),
      ...(staticSources.length > 0 ? [(signal: AbortSignal) => mirrors.run(signal)] : []),
      (signal) => this.controller.run(signal),
    ]);
  }

  /** Ends the kubelet; what it started goes on running. */
  async stop(): Promise<void> {
    this.#abort.abort();
    const running = this.#running;
    let ended = false;
    const done = running.finally(() => {
      ended = true;
    });
    for (let turn = 0; turn < 1000 && !ended; turn++) await this.clock.advance(1);
    await done;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
    await this.settle();
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
  }

  async advance(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs);
    await this.settle();
  }

  /** Waits in real time for what the file system has a part in. @throws Error when it takes longer than any disk does */
  async until(condition: () => boolean): Promise<void> {
    const end = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`Still not so: ${condition}`);
      await this.clock.advance(0);
    }
  }

  status(name: string): PodStatus {
    return this.api.byName(name)?.status ?? {};
  }

  reasons(pod: string): string[] {
    return this.events.filter((event) => event.pod === pod).map(({ reason }) => reason);
  }

  verbs(): string[] {
    return this.runtime.injector.calls
      .map(({ verb }) => verb)
      .filter((verb) => !/^(list|podSandboxStatus|containerStatus|version|status)/.test(verb));
  }
}

/** Volumes that are always there, unless told otherwise. */
export class FakeVolumes implements VolumeManager {
  error: Error | undefined;
  mountsError: Error | undefined;
  unmountError: Error | undefined;
  /** Asked for each call that has no error of its own. */
  fault: () => Error | undefined = () => undefined;
  /** Told of each pod whose volumes are given back. */
  onUnmount: (podUid: string) => void = () => undefined;
  readonly mounted: Set<string> = new Set();

  async mountPod(pod: Pod, _options?: VolumeCallOptions): Promise<void> {
    this.#throw(this.error);
    this.mounted.add(pod.metadata?.uid ?? "");
  }

  async containerMounts(
    _pod: Pod,
    { volumeMounts = [] }: Container,
    _environment: readonly EnvironmentVariable[],
    { imageVolumes = new Map() }: ContainerMountsOptions = {},
  ): Promise<Mount[]> {
    this.#throw(this.mountsError);
    return volumeMounts.flatMap(({ name, mountPath: containerPath, subPath: imageSubPath }) => {
      const image = imageVolumes.get(name);
      if (image === undefined) return [];
      return [{ containerPath, hostPath: "", readOnly: true, propagation: "private", image, imageSubPath }];
    });
  }

  async unmountPod(podUid: string): Promise<void> {
    this.#throw(this.unmountError);
    this.onUnmount(podUid);
    this.mounted.delete(podUid);
  }

  async mountedPods(): Promise<string[]> {
    return [...this.mounted];
  }

  podChanged(): void {}

  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
  }

  #throw(own: Error | undefined): void {
    const error = own ?? this.fault();
    if (error !== undefined) throw error;
  }
}

export const nodeFacts: NodeFacts = {
  nodeName: "node",
  nodeUid: "node-uid",
  labels: { "kubernetes.io/os": "linux" },
  taints: [],
  addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
  hostIps: ["10.0.0.1"],
  allocatable: { cpu: "4", memory: "8Gi", pods: "110" },
  operatingSystem: "linux",
};

/** A pod of one container `main` with image `app:v1`. */
export function podOf(name: string, spec: Partial<PodSpec> = {}, container: Partial<Container> = {}): Pod {
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}` },
    spec: {
      nodeName: "node",
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      containers: [{ name: "main", image: "app:v1", imagePullPolicy: "IfNotPresent", ...container }],
      ...spec,
    },
  };
}

function harnessLogger(): Logger {
  if (process.env["WHERRY_TEST_LOG"] === undefined) return silentLogger;
  return createLogger(({ level, message, fields }) => console.log(level, message, JSON.stringify(fields)), "debug");
}
