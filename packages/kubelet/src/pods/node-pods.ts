import { aborted, type Clock, type Logger, runTogether } from "@wherry/base";
import { createReflector, type KubernetesClient, resources } from "@wherry/client";
import type { EdgeTable } from "@wherry/machine";
import { admitPod } from "../admission/admit-pod.ts";
import type { Allocations } from "../ports/allocations.ts";
import type { EventRecorder } from "../ports/event-recorder.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { Provider } from "../provider/provider.ts";
import type { StatusWriter } from "../status/status-writer.ts";
import { ApiPodSource } from "./api-pod-source.ts";
import { createMirrorPodApi } from "./mirror-pod-api.ts";
import { MirrorPods } from "./mirror-pods.ts";
import { PodController } from "./pod-controller.ts";
import type { PodSource } from "./pod-source.ts";
import type { PreemptionCounter } from "./preemption-metrics.ts";
import type { ResizeCounters } from "./resize-metrics.ts";
import { FilePodSource } from "./static/file-pod-source.ts";
import type { ManifestRequest } from "./static/manifest-answer.ts";
import { UrlPodSource } from "./static/url-pod-source.ts";

export interface NodePodsOptions<E extends EdgeTable, Context> {
  readonly client: KubernetesClient;
  readonly provider: Provider<E, Context>;
  readonly statusWriter: StatusWriter;
  readonly node: NodeFacts;
  /** Labels, taints and resources of the node are known, without which no pod can be admitted. */
  readonly described: Promise<void>;
  /** The node is registered, without which no pod of the API is its. */
  readonly registered: Promise<void>;
  /** A manifest or a directory of manifests. @default no static pods */
  readonly staticPath?: string | undefined;
  readonly fileCheckEveryMs: number;
  /** Where a server has more manifests. @default nowhere */
  readonly staticUrl?: ManifestRequest | undefined;
  readonly httpCheckEveryMs: number;
  readonly recorder: EventRecorder;
  /** What pods were given of the node's resources. */
  readonly allocations: Allocations;
  readonly resizes: ResizeCounters;
  readonly preemptions: PreemptionCounter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** The pods of a node, wherever they come from. */
export interface NodePods<E extends EdgeTable, Context> {
  readonly controller: PodController<E, Context>;
  /** Runs the pods until `signal` aborts; they go on. */
  run(signal: AbortSignal): Promise<void>;
}

/** What a manifest's problems are reported as on the node. */
const invalidManifest = "InvalidStaticPod";

/** Wires the sources of pods, their controller and the mirror pods. */
export function createNodePods<E extends EdgeTable, Context>(
  options: NodePodsOptions<E, Context>,
): NodePods<E, Context> {
  const { node, statusWriter, clock, logger } = options;
  const api = apiSource(options);
  const staticSources = createStaticSources(options);
  const mirrors: MirrorPods = new MirrorPods({
    api: createMirrorPodApi(options.client),
    source: api,
    staticSources,
    statusWriter,
    node,
    onEarlierStatus: (podUid, status) => controller.resume(podUid, status),
    onProblem: problemRecorder(options),
    clock,
    logger,
  });
  const controller: PodController<E, Context> = new PodController<E, Context>({
    ...options,
    sources: [...staticSources, api],
    mirrors,
    admit: (pod, others) => admitPod(pod, others, node),
  });
  return {
    controller,
    run: (signal) =>
      runTogether(signal, [
        ...[api, ...staticSources].map((source) => (inner: AbortSignal) => source.run(inner)),
        (inner) => mirrors.run(inner),
        async (inner) => {
          await Promise.race([orNever(options.described), aborted(inner)]);
          await controller.run(inner);
        },
      ]),
  };
}

function apiSource<E extends EdgeTable, Context>(options: NodePodsOptions<E, Context>): ApiPodSource {
  const reflector = createReflector(options.client, resources.pods, {
    fieldSelector: `spec.nodeName=${options.node.nodeName}`,
    clock: options.clock,
    random: options.random,
    logger: options.logger,
  });
  return new ApiPodSource(reflector, orNever(options.registered));
}

function createStaticSources<E extends EdgeTable, Context>(options: NodePodsOptions<E, Context>): PodSource[] {
  const { staticPath, fileCheckEveryMs, staticUrl, httpCheckEveryMs, node, clock, logger } = options;
  const common = { nodeName: node.nodeName, clock, logger, onProblem: problemRecorder(options) };
  return [
    ...(staticPath === undefined
      ? []
      : [new FilePodSource({ ...common, path: staticPath, checkEveryMs: fileCheckEveryMs })]),
    ...(staticUrl === undefined
      ? []
      : [new UrlPodSource({ ...common, request: staticUrl, checkEveryMs: httpCheckEveryMs })]),
  ];
}

/** Makes events of the node of what is wrong with manifests. */
function problemRecorder<E extends EdgeTable, Context>({
  node: { nodeName },
  recorder,
}: NodePodsOptions<E, Context>): (message: string) => void {
  return (message) =>
    recorder.event(
      { kind: "Node", node: { metadata: { name: nodeName } } },
      { type: "Warning", reason: invalidManifest, message },
    );
}

/** As `promise`, but for its failure, which ends the kubelet elsewhere. */
function orNever(promise: Promise<void>): Promise<void> {
  return promise.catch(() => new Promise<void>(() => undefined));
}
