import { errorMessage, runTogether } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import type { ContainerSummary } from "@wherry/runtime";
import { createContainerActions } from "../actions/create-container-actions.ts";
import { KubeletError } from "../errors.ts";
import { createHookRunner } from "../hooks/create-hook-runner.ts";
import { ImageGarbageCollector } from "../images/image-garbage-collector.ts";
import type { EventContent } from "../ports/event-recorder.ts";
import { nodeLogFiles } from "../ports/log-files.ts";
import { podLogDirectory } from "../ports/log-paths.ts";
import { createProbeManager } from "../probes/create-probe-manager.ts";
import { registerProbeMetrics } from "../probes/probe-metrics.ts";
import type { HealthTerm, NodeDetails } from "../provider/node-details.ts";
import type { PodHandle } from "../provider/pod-handle.ts";
import type { ContainerTarget, Provider, ProviderCallOptions } from "../provider/provider.ts";
import type { MetricsRegistry } from "../server/metrics/metrics-registry.ts";
import { activeLogs, containerLog } from "./container-logs.ts";
import { ephemeralWarnings } from "./ephemeral-containers.ts";
import { ImagePuller } from "./image-puller.ts";
import { PodContext, type Shared } from "./pod-context.ts";
import type { RuntimeAbility } from "./pod-field-table.ts";
import type { PodEdges } from "./pod-machine.ts";
import { ResizeTimes } from "./resize-times.ts";
import { type Believed, RuntimeWatch } from "./runtime-watch.ts";
import { standardMachine } from "./standard-machine.ts";
import type { StandardProviderOptions } from "./standard-options.ts";
import { publish } from "./sync-containers.ts";
import { refuseUnsupportedFields } from "./unsupported-fields.ts";

/** A provider whose pods live by `podEdges`. */
export type StandardProvider = Provider<PodEdges, PodContext>;

/**
 * The complete pod lifecycle over a `Runtime`.
 *
 * The runtime stays the caller's: it is neither started nor closed here.
 */
export function createStandardProvider(options: StandardProviderOptions): StandardProvider {
  return new RuntimeProvider(options);
}

/** Of what kind a container of a pod that is gone was, nobody knows any more. */
function killing(name: string): EventContent {
  return {
    type: "Normal",
    reason: "Killing",
    message: `Stopping container ${name}`,
    fieldPath: `spec.containers{${name}}`,
  };
}

/** Orphans and force-deleted pods are given this long, as upstream gives them. */
const orphanGraceMs = 1000;

class RuntimeProvider implements StandardProvider {
  readonly name: string = "standard";
  readonly machine: typeof standardMachine = standardMachine;
  readonly stopping = "stopping" as const;
  readonly resizesPods = true;
  readonly ready: Promise<void>;
  readonly exec: NonNullable<StandardProvider["exec"]>;
  readonly attach: NonNullable<StandardProvider["attach"]>;
  readonly #options: StandardProviderOptions;
  readonly #shared: Shared;
  readonly #contexts: Map<string, PodContext> = new Map();
  readonly #watch: RuntimeWatch;
  readonly #known: PromiseWithResolvers<void> = Promise.withResolvers();
  #runtimeName = "";
  #handlers: ReadonlySet<string> = new Set();

  constructor(options: StandardProviderOptions) {
    const { runtime, clock, logger } = options;
    this.#options = options;
    const actions = options.actions ?? createContainerActions(runtime);
    const abilities: ReadonlySet<RuntimeAbility> = new Set(options.execSupported === true ? (["exec"] as const) : []);
    this.ready = this.#known.promise;
    this.ready.catch(() => undefined);
    this.#shared = {
      options,
      probes: createProbeManager({ actions, clock, random: options.random }),
      hooks: createHookRunner({ actions, clock }),
      resizeTimes: new ResizeTimes(),
      puller: new ImagePuller({
        images: runtime.images,
        clock,
        access: options.imageAccess,
        maxParallelPulls: options.maxParallelPulls,
      }),
      runtimeName: () => this.#runtimeName,
      handlers: () => this.#handlers,
      abilities,
    };
    this.#watch = new RuntimeWatch({
      runtime,
      clock,
      logger,
      relistIntervalMs: options.relistIntervalMs ?? 10_000,
      believed: () => this.#believed(),
      notify: (podUid, type, containerId) => this.#contexts.get(podUid)?.noticeEvent(type, containerId),
      notifyAll: () => {
        for (const context of this.#contexts.values()) context.noticeEvent("overflow", undefined);
      },
    });
    this.exec = async (target, command, session, call) =>
      runtime.exec({ containerId: this.#runningId(target), command, tty: call.tty }, session, { signal: call.signal });
    this.attach = async (target, session, call) =>
      runtime.attach({ containerId: this.#runningId(target), tty: call.tty }, session, { signal: call.signal });
  }

  async nodeDetails(call: ProviderCallOptions = {}): Promise<NodeDetails> {
    const { runtime, architecture = "wasm32-wasi", taints = [] } = this.#options;
    const [version, status] = await Promise.all([runtime.version(call), runtime.status(call)]);
    return {
      architecture,
      operatingSystem: "linux",
      runtimeVersion: `${version.runtimeName}://${version.runtimeVersion}`,
      taints: taints.map((taint) => ({ ...taint })),
      // Without them the API server takes no resize of a pod as a whole, and the scheduler brings no pod with such a rule.
      declaredFeatures: ["InPlacePodLevelResourcesVerticalScaling", "RestartAllContainersOnContainerExits"],
      runtimeHandlers: status.handlers.map(({ name, features }) => ({ name, features: { ...features } })),
    };
  }

  async health(call: ProviderCallOptions = {}): Promise<readonly HealthTerm[]> {
    const status = await this.#options.runtime.status(call);
    this.#handlers = new Set(status.handlers.map(({ name }) => name));
    const terms = status.conditions.map(
      (condition): HealthTerm => ({
        name: condition.type,
        healthy: condition.status,
        message: condition.message || condition.reason,
      }),
    );
    return [...terms, this.#watch.health()];
  }

  async podCidrChanged(podCidr: string): Promise<void> {
    await this.#options.runtime.updateRuntimeConfig?.({ podCidr });
  }

  admit: NonNullable<StandardProvider["admit"]> = (pod) => refuseUnsupportedFields(pod, this.#shared.abilities);

  createContext(handle: PodHandle): PodContext {
    // Of a machine that failed and is started again.
    this.#contexts.get(handle.uid)?.probes.close();
    const context = new PodContext(handle, this.#shared);
    this.#contexts.set(handle.uid, context);
    const warnOfEphemeral = ephemeralWarnings(handle, this.#shared.abilities);
    warnOfEphemeral();
    handle.onChange(() => {
      warnOfEphemeral();
      this.#options.volumes.podChanged(handle.pod);
      this.#options.objects.registerPod(handle.pod);
      context.updateProbes();
      // In the same breath as the change, also of what an earlier life had published. An end shows itself only if it takes long.
      if (context.resize.noticeAllocation() || handle.termination === undefined) publish(context);
      context.wakeup.raise();
    });
    return context;
  }

  async listPods(call: ProviderCallOptions = {}): Promise<readonly string[]> {
    const { runtime, volumes } = this.#options;
    const [sandboxes, mounted] = await Promise.all([
      runtime.listPodSandboxes(undefined, call),
      volumes.mountedPods(call),
    ]);
    return [...new Set([...sandboxes.map((sandbox) => sandbox.metadata.uid), ...mounted])];
  }

  async removePod(podUid: string, call: ProviderCallOptions = {}): Promise<void> {
    const { runtime, volumes, objects, events, podLogsDirectory, logFiles = nodeLogFiles } = this.#options;
    this.#contexts.get(podUid)?.probes.close();
    this.#contexts.delete(podUid);
    const [running, sandboxes] = await Promise.all([
      runtime.listContainers({ podUid, state: "running" }, call),
      runtime.listPodSandboxes({ podUid }, call),
    ]);
    const { name = "", namespace = "" } = sandboxes[0]?.metadata ?? {};
    const pod: Pod = { metadata: { name, namespace, uid: podUid } };
    const stop = async ({ id, name }: ContainerSummary) => {
      events?.event({ kind: "Pod", pod }, killing(name));
      await runtime.stopContainer(id, orphanGraceMs, call);
    };
    await Promise.all(running.map(stop));
    for (const { id, metadata } of sandboxes) {
      await runtime.stopPodSandbox(id, call);
      // Before the sandbox, which alone tells the next life of the kubelet where the logs are.
      await logFiles.removeDirectory(podLogDirectory(podLogsDirectory, metadata));
      await runtime.removePodSandbox(id, call);
    }
    await volumes.unmountPod(podUid, call);
    objects.unregisterPod(podUid);
  }

  containerLog: NonNullable<StandardProvider["containerLog"]> = async (target, { previous }) =>
    containerLog(this.#contexts.get(target.podUid), target.container, previous);

  activeLogs(): readonly { readonly containerId: string; readonly path: string }[] {
    return [...this.#contexts.values()].flatMap(activeLogs);
  }

  reopenLog(containerId: string): Promise<void> {
    return this.#options.runtime.reopenContainerLog(containerId);
  }

  registerMetrics(metrics: MetricsRegistry, probeMetrics: MetricsRegistry): void {
    registerProbeMetrics(probeMetrics, this.#shared.probes);
    this.#shared.resizeTimes.register(metrics);
  }

  run(signal: AbortSignal): Promise<void> {
    const { runtime, imageGarbage, imageAccess: access, clock, logger } = this.#options;
    return runTogether(signal, [
      (child) => this.#shared.probes.run(child),
      (child) => this.#watchRuntime(child),
      ...(imageGarbage === undefined
        ? []
        : [
            (child: AbortSignal) =>
              new ImageGarbageCollector({ ...imageGarbage, runtime, access, clock, logger }).run(child),
          ]),
    ]);
  }

  async #watchRuntime(signal: AbortSignal): Promise<void> {
    const { runtime, imageAccess, clock, logger } = this.#options;
    for (;;) {
      try {
        const [version, status] = await Promise.all([runtime.version({ signal }), runtime.status({ signal })]);
        await imageAccess?.recover(runtime.images, { signal });
        this.#runtimeName = version.runtimeName;
        this.#handlers = new Set(status.handlers.map(({ name }) => name));
        break;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn("Runtime does not answer, will ask again", { error: errorMessage(error) });
        await clock.sleep(1000, signal).catch(() => undefined);
      }
    }
    this.#known.resolve();
    await this.#watch.run(signal);
  }

  *#believed(): Generator<Believed> {
    for (const [podUid, { facts }] of this.#contexts) {
      for (const { runtimeId: id, state } of facts.instances) yield { podUid, id, state };
      for (const { id, state } of facts.sandboxes)
        yield { podUid, id, state: state === "ready" ? "running" : "exited" };
    }
  }

  #runningId(target: ContainerTarget): string {
    const [newest] = this.#contexts.get(target.podUid)?.facts.of(target.container) ?? [];
    if (newest?.state === "running") return newest.runtimeId;
    throw new KubeletError(
      "ContainerNotRunning",
      `Cannot reach container ${JSON.stringify(target.container)}: ${newest === undefined ? "it has not started" : `it is ${newest.state}`}`,
    );
  }
}
