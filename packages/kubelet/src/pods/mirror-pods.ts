import { aborted, type Clock, errorMessage, type Logger, WorkQueue } from "@wherry/base";
import { isForbidden, isInvalid } from "@wherry/client";
import {
  configHashAnnotation,
  configMirrorAnnotation,
  isMirrorPod,
  isTerminalPhase,
  objectKey,
  type Pod,
  type PodStatus,
} from "@wherry/kubernetes";
import { KubeletError } from "../errors.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { StatusWriter } from "../status/status-writer.ts";
import type { MirrorPodApi } from "./mirror-pod-api.ts";
import type { PodSource } from "./pod-source.ts";

export interface MirrorPodsOptions {
  readonly api: MirrorPodApi;
  /** The pods of this node in the API. */
  readonly source: PodSource;
  /** Where static pods come from; a mirror pod is left alone while its pod may still be found there. */
  readonly staticSources: readonly PodSource[];
  readonly statusWriter: Pick<StatusWriter, "observed" | "set" | "forget">;
  readonly node: Pick<NodeFacts, "nodeName" | "nodeUid">;
  /** Told the status that an earlier life of the kubelet gave the static pod, before anything is written over it. */
  readonly onEarlierStatus: (podUid: string, status: PodStatus) => void;
  /** Told once, in a sentence, that the API server finds a static pod invalid, which runs all the same. */
  readonly onProblem: (message: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Tracked {
  pod: Pod;
  status: PodStatus | undefined;
  /** Whether the status in the API is one of this life of the kubelet. */
  isShown: boolean;
  /** The mirror pod shows an end of an earlier life, of which that one knew more. */
  hasEnded?: boolean;
  /** Why the API server found the pod invalid, as told. */
  problem?: string | undefined;
}

/** How soon the node's own object is looked for again. */
const nodeRetryMs = 1000;

/**
 * Shows the static pods of this node in the API: one mirror pod for each, which names its pod by UID and has its status.
 *
 * A mirror pod that was deleted is made again, one of an earlier content is replaced, and one whose pod is gone is deleted. None
 * of this matters to the static pod itself: while the API server is away, or refuses the mirror pod, it only goes unseen.
 */
export class MirrorPods {
  readonly #options: MirrorPodsOptions;
  readonly #queue: WorkQueue;
  /** Static pods that run or end, by namespace and name. */
  readonly #tracked: Map<string, Tracked> = new Map();
  /** Mirror pods in the API, by namespace and name. */
  readonly #mirrors: Map<string, Pod> = new Map();

  constructor(options: MirrorPodsOptions) {
    this.#options = options;
    this.#queue = new WorkQueue((key, signal) => this.#reconcile(key, signal), {
      concurrency: 8,
      backoff: { initialMs: 200, maxMs: 10_000 },
      clock: options.clock,
      onError: (pod, error, retryInMs) =>
        options.logger.warn("Cannot show a static pod in the API, will retry", {
          pod,
          error: errorMessage(error),
          retryInMs,
        }),
    });
  }

  /** The static pod is on this node, with this content. Never blocks. */
  track(pod: Pod): void {
    const key = objectKey(pod);
    const known = this.#tracked.get(key);
    if (known?.pod.metadata?.uid === pod.metadata?.uid && known !== undefined) known.pod = pod;
    else this.#tracked.set(key, { pod, status: undefined, isShown: false });
    this.#queue.add(key);
  }

  /** The status the pod has now; it must be tracked. Never blocks. */
  publish(pod: Pod, status: PodStatus): void {
    const key = objectKey(pod);
    const known = this.#tracked.get(key);
    if (known?.pod.metadata?.uid !== pod.metadata?.uid || known === undefined) return;
    known.status = status;
    this.#queue.add(key);
  }

  /** Nothing of the static pod is left on this node. Never blocks. */
  untrack(pod: Pod): void {
    const key = objectKey(pod);
    if (this.#tracked.get(key)?.pod.metadata?.uid !== pod.metadata?.uid) return;
    this.#tracked.delete(key);
    this.#queue.add(key);
  }

  /** Keeps the API equal to what is tracked until `signal` aborts; mirror pods stay. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, staticSources } = this.#options;
    const stop = aborted(signal);
    // Before that a mirror pod that is not seen may exist, and one whose pod is not seen may be needed.
    await Promise.race([Promise.all([source, ...staticSources].map(({ ready }) => ready)), stop]);
    if (signal.aborted) return;
    for (const pod of source.pods()) if (isMirrorPod(pod)) this.#mirrors.set(objectKey(pod), pod);
    const end = source.onChange((uid) => this.#observe(uid));
    for (const key of new Set([...this.#tracked.keys(), ...this.#mirrors.keys()])) this.#queue.add(key);
    await this.#queue.run(signal);
    end();
  }

  #observe(uid: string): void {
    const pod = this.#options.source.get(uid);
    if (pod !== undefined) {
      if (!isMirrorPod(pod)) return;
      this.#mirrors.set(objectKey(pod), pod);
      this.#queue.add(objectKey(pod));
      return;
    }
    for (const [key, mirror] of this.#mirrors) if (mirror.metadata?.uid === uid) this.#lost(key, mirror);
  }

  #lost(key: string, mirror: Pod): void {
    this.#options.statusWriter.forget(mirror.metadata?.uid ?? "");
    if (this.#mirrors.get(key)?.metadata?.uid === mirror.metadata?.uid) this.#mirrors.delete(key);
    this.#queue.add(key);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<number | undefined> {
    const { api, node, statusWriter } = this.#options;
    const tracked = this.#tracked.get(key);
    const mirror = this.#mirrors.get(key);
    if (tracked === undefined) {
      if (mirror !== undefined && !this.#isExpected(key)) await this.#remove(key, mirror, signal);
      return undefined;
    }
    if (mirror !== undefined) {
      if (isMirrorOf(mirror, tracked)) {
        statusWriter.observed(mirror);
        this.#resume(tracked, mirror.status);
        if (tracked.status !== undefined && tracked.hasEnded !== true)
          statusWriter.set(mirror.metadata?.uid ?? "", tracked.status);
        return undefined;
      }
      await this.#remove(key, mirror, signal);
    }
    const { nodeUid } = node;
    if (nodeUid === undefined) return nodeRetryMs;
    const created = await api.create(mirrorPod(tracked.pod, node.nodeName, nodeUid), signal).catch((error: unknown) => {
      if (isInvalid(error) || isForbidden(error)) this.#report(tracked, errorMessage(error));
      throw error;
    });
    if (!isMirrorPod(created))
      throw new KubeletError("NameTaken", `a pod of the name ${key} exists that is no mirror pod; delete or rename it`);
    if (!this.#mirrors.has(key)) this.#mirrors.set(key, created);
    tracked.isShown = true;
    tracked.hasEnded = false;
    this.#queue.add(key);
    return undefined;
  }

  /** A pod that has ended gives nothing to one that lives again. */
  #resume(tracked: Tracked, earlier: PodStatus | undefined): void {
    if (!tracked.isShown && earlier?.startTime !== undefined) {
      tracked.hasEnded = isTerminalPhase(earlier.phase);
      if (!tracked.hasEnded) this.#options.onEarlierStatus(tracked.pod.metadata?.uid ?? "", earlier);
    }
    tracked.isShown = true;
  }

  #report(tracked: Tracked, problem: string): void {
    if (tracked.problem === problem) return;
    tracked.problem = problem;
    this.#options.onProblem(`Static pod "${objectKey(tracked.pod)}" runs but is not shown in the API: ${problem}`);
  }

  async #remove(key: string, mirror: Pod, signal: AbortSignal): Promise<void> {
    this.#options.logger.info("Deleting a mirror pod", { pod: key, uid: mirror.metadata?.uid });
    await this.#options.api.delete(mirror, signal);
    this.#lost(key, mirror);
  }

  #isExpected(key: string): boolean {
    return this.#options.staticSources.some((source) => [...source.pods()].some((pod) => objectKey(pod) === key));
  }
}

/** Whether the mirror pod may go on showing the static pod. */
function isMirrorOf(mirror: Pod, { pod, status }: Tracked): boolean {
  if (mirror.metadata?.deletionTimestamp !== undefined) return false;
  if (mirror.metadata?.annotations?.[configMirrorAnnotation] !== pod.metadata?.uid) return false;
  if (hashOf(mirror) !== hashOf(pod)) return false;
  // A terminal phase is never taken back, so a pod that runs again needs another object.
  const { initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  const isRunning = [...initContainerStatuses, ...containerStatuses].some(({ state }) => state?.running !== undefined);
  return !isTerminalPhase(mirror.status?.phase) || !isRunning;
}

function mirrorPod(pod: Pod, nodeName: string, nodeUid: string): Pod {
  const { name, namespace, labels, annotations, uid = "" } = pod.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      ...(labels !== undefined && { labels }),
      // By its UID `kubectl describe` finds the events of the static pod.
      annotations: { ...annotations, [configMirrorAnnotation]: uid },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeUid, controller: true }],
    },
    spec: pod.spec,
  };
}

function hashOf(pod: Pod): string {
  return pod.metadata?.annotations?.[configHashAnnotation] ?? "";
}
