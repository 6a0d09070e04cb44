import { aborted, Backoff, errorMessage, isAbort, type Logger, WorkQueue } from "@wherry/base";
import {
  describeResize,
  isMirrorPod,
  isStaticPod,
  isTerminalPhase,
  objectKey,
  type Pod,
  type PodStatus,
  parseApiTime,
  podAllocation,
  withAllocation,
} from "@wherry/kubernetes";
import type { EdgeTable } from "@wherry/machine";
import { checkResize, type ResizeHindrance } from "../admission/check-resize.ts";
import type { Preemption } from "../admission/make-room.ts";
import { KubeletError } from "../errors.ts";
import { type Allocations, memoryAllocations } from "../ports/allocations.ts";
import type { PodDirectory } from "../ports/pod-directory.ts";
import type { HealthTerm } from "../provider/node-details.ts";
import type { PodRefusal } from "../provider/provider.ts";
import type { StatusWriter } from "../status/status-writer.ts";
import type { MirrorPods } from "./mirror-pods.ts";
import type { PodSource } from "./pod-source.ts";
import { PodWorker, type PodWorkerOptions } from "./pod-worker.ts";
import type { PreemptionCounter } from "./preemption-metrics.ts";

interface Admission<E extends EdgeTable, Context> {
  readonly refusal?: PodRefusal | undefined;
  /** Pods that have to end before this one starts. */
  readonly after: readonly PodWorker<E, Context>[];
}

/** There is no answer yet whether a pod is taken in. */
interface Undecided {
  /** What may bring the answer before its time. */
  readonly sooner?: Promise<unknown> | undefined;
}

/** How often a pod is asked about again for the sake of others that may have ended: a quarter of a minute. */
const maxDoubts = 4;

/** As often as upstream looks at resizes that wait. */
const deferredRetryMs = 180_000;

export interface PodControllerOptions<E extends EdgeTable, Context>
  extends Omit<PodWorkerOptions<E, Context>, "publish" | "allocated"> {
  /** Pods of one never remove those of another. */
  readonly sources: readonly PodSource[];
  readonly statusWriter: StatusWriter;
  /** Shows static pods in the API. @default nobody does */
  readonly mirrors?: Pick<MirrorPods, "track" | "publish" | "untrack"> | undefined;
  /** Whether the node takes the pod beside those it has, or in the place of some of them; pure. */
  readonly admit: (pod: Pod, others: readonly Pod[]) => PodRefusal | Preemption | undefined;
  readonly preemptions?: PreemptionCounter | undefined;
  /** What the node has given its pods. @default what ends with the process */
  readonly allocations?: Allocations | undefined;
  /** How often what the provider holds is compared with the pods known. @default 60_000 */
  readonly orphanIntervalMs?: number | undefined;
}

/**
 * Keeps one worker for each pod of the sources, and nothing for pods that are gone.
 *
 * Levels, not edges: an event only says which UID to look at. No pod of a source starts before that source is complete, and
 * nothing unknown is removed before all are, so a restart loses no pod. A static pod starts when nothing is left of the one that
 * had its name before.
 *
 * A pod of which the provider fails to say whether it can run is asked about again with back-off, until there is an answer or the
 * pod is to end. Until then nothing of it is started, a new one holds no room, and what runs of it since an earlier life goes on.
 *
 * What an earlier life wrote of pods may be out of date: those that have ended since hold no room, and who took their places may run
 * already. So a pod that lacks only the room of such ones is asked about again when they have had time to be looked at.
 */
export class PodController<E extends EdgeTable, Context> implements PodDirectory {
  readonly #options: PodControllerOptions<E, Context>;
  readonly #logger: Logger;
  readonly #workers: Map<string, PodWorker<E, Context>> = new Map();
  readonly #running: Set<Promise<void>> = new Set();
  /** Pods that end for critical ones: whoever comes now may have their places once they are free. */
  readonly #makingRoom: Set<PodWorker<E, Context>> = new Set();
  /** Pods of which the provider has not said yet whether it can run them. */
  readonly #undecided: Set<PodWorker<E, Context>> = new Set();
  readonly #removals: WorkQueue;
  /** Pods that are gone and of which something may be left. */
  readonly #leaving: Map<string, Pod> = new Map();
  readonly #allocations: Allocations;
  /** One at a time: each decision counts on those before it. */
  readonly #resizes: WorkQueue;
  #signal: AbortSignal | undefined;
  #ready = false;

  constructor(options: PodControllerOptions<E, Context>) {
    this.#options = options;
    this.#logger = options.logger;
    this.#allocations = options.allocations ?? memoryAllocations();
    this.#resizes = new WorkQueue((uid) => this.#resize(uid), {
      concurrency: 1,
      backoff: { initialMs: 1000, maxMs: 60_000 },
      clock: options.clock,
      onError: (uid, error, retryInMs) =>
        this.#logger.warn("Cannot record what a pod was given, will retry", {
          uid,
          error: errorMessage(error),
          retryInMs,
        }),
    });
    this.#removals = new WorkQueue((uid, signal) => this.#removeLeftovers(uid, signal), {
      concurrency: 16,
      backoff: { initialMs: 500, maxMs: 60_000 },
      clock: options.clock,
      onError: (uid, error, retryInMs) =>
        this.#logger.warn("Cannot remove what is left of a pod, will retry", {
          uid,
          error: errorMessage(error),
          retryInMs,
        }),
    });
  }

  list(): Pod[] {
    return [...this.#workers.values()].map(withStatus);
  }

  get(namespace: string, name: string): Pod | undefined {
    let found: PodWorker<E, Context> | undefined;
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      // A force-deleted pod may still be stopping beside the new one of its name.
      if (metadata?.name === name && metadata.namespace === namespace && (found === undefined || found.gone))
        found = worker;
    }
    return found && withStatus(found);
  }

  getByUid(uid: string): Pod | undefined {
    const worker = this.#workers.get(uid);
    return worker && withStatus(worker);
  }

  /** State of a pod's machine, for debugging. */
  stateOf(uid: string): string | undefined {
    return this.#workers.get(uid)?.state;
  }

  /** Ends a pod of this node before its time, e.g. under pressure; false if it is unknown, has ended or is about to by itself. */
  terminate(uid: string, termination: Parameters<PodWorker<E, Context>["terminate"]>[0]): boolean {
    const worker = this.#workers.get(uid);
    if (worker === undefined || worker.endsByItself) return false;
    worker.terminate(termination);
    return true;
  }

  /** A static pod goes on from a status that an earlier life of the kubelet gave it; that of others comes with their object. */
  resume(uid: string, earlier: PodStatus): void {
    this.#workers.get(uid)?.resume(earlier);
  }

  health(): HealthTerm {
    return {
      name: "sync-loop",
      healthy: this.#ready,
      message: this.#ready ? "pods are in sync" : "the pods of this node are not known yet",
    };
  }

  /** Follows the sources until `signal` aborts; pods go on running. */
  async run(signal: AbortSignal): Promise<void> {
    const { sources, provider } = this.#options;
    this.#signal = signal;
    const queues = [this.#removals.run(signal), this.#resizes.run(signal)];
    const stop = aborted(signal);
    await Promise.race([provider.ready, stop]);
    const ends: (() => void)[] = [];
    const followed = sources.map(async (source) => {
      await source.ready;
      if (!signal.aborted) ends.push(this.#follow(source));
    });
    await Promise.race([Promise.all(followed), stop]);
    if (!signal.aborted) {
      this.#ready = true;
      await this.#watchOrphans(signal);
    }
    await stop;
    for (const end of ends) end();
    this.#ready = false;
    await Promise.all([...queues, ...this.#running]);
  }

  #follow(source: PodSource): () => void {
    for (const pod of [...source.pods()].sort(byAge)) this.#look(pod.metadata?.uid ?? "");
    return source.onChange((uid) => this.#look(uid));
  }

  /** A pod that cannot even be looked at keeps neither the others nor the kubelet from going on. */
  #look(uid: string): void {
    try {
      this.#sync(uid);
    } catch (error) {
      this.#logger.error("Cannot follow a pod", { uid, error: errorMessage(error) });
    }
  }

  #sync(uid: string): void {
    if (uid === "" || this.#signal?.aborted) return;
    const pod = this.#find(uid);
    const worker = this.#workers.get(uid);
    if (pod === undefined) {
      if (worker === undefined) return;
      worker.remove();
      this.#settle(worker);
      return;
    }
    if (isMirrorPod(pod)) return;
    if (isStaticPod(pod)) {
      if (worker === undefined ? this.#isNameTaken(pod) : worker.gone) return;
      this.#options.mirrors?.track(pod);
    } else this.#options.statusWriter.observed(pod);
    if (worker === undefined) this.#start(pod);
    else if (this.#wantsResize(worker, pod)) this.#resizes.add(uid);
    else worker.update(pod);
  }

  #find(uid: string): Pod | undefined {
    for (const source of this.#options.sources) {
      const pod = source.get(uid);
      if (pod !== undefined) return pod;
    }
    return undefined;
  }

  /** Whether something is left of another life of the static pod; it starts once that is gone. */
  #isNameTaken(pod: Pod): boolean {
    const key = objectKey(pod);
    const held = [...[...this.#workers.values()].map((worker) => worker.pod), ...this.#leaving.values()];
    return held.some((other) => isStaticPod(other) && objectKey(other) === key);
  }

  #start(pod: Pod): void {
    const { statusWriter, mirrors } = this.#options;
    const worker = new PodWorker(pod, {
      ...this.#options,
      allocated: (object) => withAllocation(object, this.#allocations.get(object.metadata?.uid ?? "")),
      publish: (uid, status) => (isStaticPod(pod) ? mirrors?.publish(pod, status) : statusWriter.set(uid, status)),
    });
    this.#workers.set(worker.uid, worker);
    // Before anything else has its turn: each decision counts on those before it.
    const run = this.#run(worker, this.#tryAdmit(worker, pod, 0)).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Who has to end before the pod starts, which may have been refused by then. */
  #tryAdmit(worker: PodWorker<E, Context>, pod: Pod, tries: number): Admission<E, Context> | Undecided {
    this.#undecided.delete(worker);
    if (worker.termination !== undefined || isTerminalPhase(worker.status.phase)) return { after: [] };
    try {
      const answer = this.#admit(worker, pod, tries);
      if ("refusal" in answer && answer.refusal !== undefined) worker.refuse(answer.refusal);
      return answer;
    } catch (error) {
      worker.logger.error("Cannot admit a pod, will try again", { error: errorMessage(error) });
      worker.syncFailed(error);
      this.#undecided.add(worker);
      return {};
    }
  }

  async #decided(
    worker: PodWorker<E, Context>,
    first: Admission<E, Context> | Undecided,
    signal: AbortSignal,
  ): Promise<readonly PodWorker<E, Context>[]> {
    const backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, jitter: 0.5, random: this.#options.random });
    let answer = first;
    for (let tries = 1; !("after" in answer); tries++) {
      await worker.pause(backoff.next(), signal, answer.sooner);
      answer = this.#tryAdmit(worker, this.#find(worker.uid) ?? worker.pod, tries);
    }
    return answer.after;
  }

  /** Counts pods that make room as gone, which what comes now may have to wait for. */
  #admit(worker: PodWorker<E, Context>, wanted: Pod, tries: number): Admission<E, Context> | Undecided {
    const { admit, preemptions } = this.#options;
    const refusal = this.#askProvider(wanted);
    if (refusal !== undefined) return { refusal, after: [] };
    const all = this.#othersOf(worker);
    const doubtful = all.filter(({ unconfirmed }) => unconfirmed);
    const confirmed = all.filter(({ unconfirmed }) => !unconfirmed);
    // Who was taken in by an earlier life is not refused for the sake of one that may have ended.
    const others = worker.resumed && tries > 0 ? confirmed : all;
    // One whose object is gone is none that others see: what takes its place waits for its end, and is not refused.
    const leaving = others.filter((other) => this.#makingRoom.has(other) || other.gone);
    if (leaving.length > 0 && admit(worker.pod, podsOf(others)) === undefined) return { after: [] };
    const answer = admit(worker.pod, podsOf(others.filter((other) => !leaving.includes(other))));
    if (answer === undefined) return { after: leaving };
    if (others.length > confirmed.length && tries < maxDoubts && admit(worker.pod, podsOf(confirmed)) === undefined)
      return { sooner: Promise.all(doubtful.map(({ seen }) => seen)) };
    if (!("victims" in answer)) return { refusal: answer, after: [] };
    const victims = answer.victims.flatMap(({ metadata }) => this.#workers.get(metadata?.uid ?? "") ?? []);
    for (const victim of victims) {
      this.#makingRoom.add(victim);
      victim.preempt();
      preemptions?.preempted(answer.signal);
    }
    return { after: [...leaving, ...victims] };
  }

  #askProvider(pod: Pod): PodRefusal | undefined {
    const { provider } = this.#options;
    try {
      return provider.admit?.(pod);
    } catch (error) {
      const message = `admit() of provider ${JSON.stringify(provider.name)} failed; it has to answer a refusal or undefined`;
      throw new KubeletError("AdmitFailed", message, { cause: error });
    }
  }

  async #run(worker: PodWorker<E, Context>, first: Admission<E, Context> | Undecided): Promise<void> {
    const signal = this.#signal;
    if (signal === undefined) return;
    try {
      const after = "after" in first ? first.after : await this.#decided(worker, first, signal);
      await this.#keepAllocation(worker);
      if (after.length > 0) {
        worker.logger.info("Pod waits for others to make room", { pods: podsOf(after).map(objectKey) });
        await worker.waitFor(Promise.all(after.map(({ ended }) => ended)), signal);
      }
      await worker.run(signal);
    } catch (error) {
      if (!signal.aborted || !isAbort(error, signal))
        worker.logger.error("Pod worker failed", { error: errorMessage(error) });
      return;
    }
    this.#makingRoom.delete(worker);
    this.#settle(worker);
  }

  #othersOf(worker: PodWorker<E, Context>): PodWorker<E, Context>[] {
    return [...this.#workers.values()].filter((other) => other !== worker && other.active && !this.#isUnknown(other));
  }

  /** Whether nothing of the pod can run yet; one that has started before is believed to until it is refused. */
  #isUnknown(worker: PodWorker<E, Context>): boolean {
    return this.#undecided.has(worker) && worker.status.startTime === undefined;
  }

  /** A pod is given what its spec asked for when it was taken in, and nothing else before the node has looked at that. */
  async #keepAllocation(worker: PodWorker<E, Context>): Promise<void> {
    const { uid, pod } = worker;
    if (worker.termination !== undefined || this.#allocations.get(uid) !== undefined) return this.#sync(uid);
    const allocation = podAllocation(pod.spec ?? { containers: [] });
    if (allocation === undefined) return;
    try {
      await this.#allocations.set(uid, allocation);
    } catch (error) {
      worker.logger.warn("Cannot record what the pod was given", { error: errorMessage(error) });
    }
    this.#sync(uid);
  }

  #wantsResize(worker: PodWorker<E, Context>, pod: Pod): boolean {
    if (worker.finished || worker.termination !== undefined || pod.metadata?.deletionTimestamp !== undefined)
      return false;
    return withAllocation(pod, this.#allocations.get(worker.uid)) !== pod;
  }

  /** Grants a resize or says why not; what cannot be granted now is looked at again when another pod gives something back. */
  async #resize(uid: string): Promise<number | undefined> {
    const worker = this.#workers.get(uid);
    const pod = this.#find(uid);
    if (worker === undefined || pod === undefined) return undefined;
    if (!this.#wantsResize(worker, pod)) {
      worker.update(pod);
      return undefined;
    }
    const hindrance = this.#resizeHindrance(worker, pod);
    if (hindrance !== undefined) {
      worker.update(pod, hindrance);
      return hindrance.reason === "Deferred" ? deferredRetryMs : undefined;
    }
    try {
      await this.#allocations.set(uid, podAllocation(pod.spec ?? { containers: [] }) ?? { containers: {} });
    } catch (error) {
      worker.update(pod, { reason: "Deferred", message: `Cannot record the resize: ${errorMessage(error)}` });
      throw error;
    }
    const text = describeResize(pod.spec ?? { containers: [] }, pod.metadata?.generation);
    worker.event({ type: "Normal", reason: "ResizeStarted", message: `Pod resize started: ${text}` });
    worker.update(this.#find(uid) ?? pod);
    this.#retryDeferred();
    return undefined;
  }

  #resizeHindrance(worker: PodWorker<E, Context>, pod: Pod): ResizeHindrance | undefined {
    const { provider, node } = this.#options;
    if (provider.resizesPods !== true)
      return {
        reason: "Infeasible",
        message: `Provider ${provider.name} does not resize running pods`,
        detail: "unsupported_platform",
      };
    return checkResize(pod, podsOf(this.#othersOf(worker)), node.allocatable);
  }

  /** The most important pod first. */
  #retryDeferred(): void {
    const deferred = [...this.#workers.values()].filter(({ pendingResize }) => pendingResize?.reason === "Deferred");
    const priority = ({ pod }: PodWorker<E, Context>) => pod.spec?.priority ?? 0;
    for (const { uid } of deferred.sort((left, right) => priority(right) - priority(left))) this.#resizes.add(uid);
  }

  /** Lets go of a pod whose work is done: first its object, then, once that is gone, everything else. */
  #settle(worker: PodWorker<E, Context>): void {
    if (!worker.finished || this.#workers.get(worker.uid) !== worker) return;
    this.#retryDeferred();
    if (!worker.gone) {
      this.#options.statusWriter.finish(worker.uid);
      return;
    }
    this.#workers.delete(worker.uid);
    this.#allocations.forget(worker.uid);
    this.#resizes.forget(worker.uid);
    this.#options.statusWriter.forget(worker.uid);
    this.#leaving.set(worker.uid, worker.pod);
    this.#removals.add(worker.uid);
  }

  async #watchOrphans(signal: AbortSignal): Promise<void> {
    const { provider, clock, orphanIntervalMs = 60_000 } = this.#options;
    while (!signal.aborted) {
      try {
        for (const uid of (await provider.listPods?.({ signal })) ?? [])
          if (!this.#workers.has(uid)) this.#removals.add(uid);
        await clock.sleep(orphanIntervalMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn("Cannot list what the provider holds, will retry", { error: errorMessage(error) });
        await clock.sleep(1000, signal).catch(() => undefined);
      }
    }
  }

  async #removeLeftovers(uid: string, signal: AbortSignal): Promise<undefined> {
    if (this.#workers.has(uid)) return;
    await this.#options.provider.removePod?.(uid, { signal });
    const left = this.#leaving.get(uid);
    this.#leaving.delete(uid);
    if (left === undefined || !isStaticPod(left)) return;
    this.#options.mirrors?.untrack(left);
    for (const source of this.#options.sources)
      for (const pod of source.pods()) if (objectKey(pod) === objectKey(left)) this.#sync(pod.metadata?.uid ?? "");
  }
}

function withStatus<E extends EdgeTable, Context>(worker: PodWorker<E, Context>): Pod {
  return { ...worker.pod, status: worker.status };
}

function podsOf(workers: readonly { readonly pod: Pod }[]): Pod[] {
  return workers.map(({ pod }) => pod);
}

/** Pods that already started first, then the oldest: so that a restart never refuses a pod that runs in favour of a new one. */
function byAge(left: Pod, right: Pod): number {
  const started = Number(right.status?.startTime !== undefined) - Number(left.status?.startTime !== undefined);
  if (started !== 0) return started;
  return (parseApiTime(left.metadata?.creationTimestamp) ?? 0) - (parseApiTime(right.metadata?.creationTimestamp) ?? 0);
}
