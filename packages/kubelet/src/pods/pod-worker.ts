import { Backoff, type Clock, errorMessage, HandlerSet, isAbort, type Logger, raceAbort } from "@wherry/base";
import {
  describeResize,
  isStaticPod,
  isTerminalPhase,
  jsonEquals,
  kubeletConditionTypes,
  type Pod,
  type PodCondition,
  type PodStatus,
  parseApiTime,
} from "@wherry/kubernetes";
import { type EdgeTable, MachineRunner } from "@wherry/machine";
import type { ResizeHindrance } from "../admission/check-resize.ts";
import { rejectedMessage } from "../admission/refusal.ts";
import type { EventContent, EventRecorder } from "../ports/event-recorder.ts";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { PodDescription } from "../provider/pod-description.ts";
import type { PodHandle, PodTermination } from "../provider/pod-handle.ts";
import type { PodRefusal, Provider } from "../provider/provider.ts";
import { describedStatus } from "./described-status.ts";
import type { ResizeCounters } from "./resize-metrics.ts";
import { SyncFailures } from "./sync-failures.ts";

export interface PodWorkerOptions<E extends EdgeTable, Context> {
  readonly provider: Provider<E, Context>;
  readonly node: NodeFacts;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** The pod with what the node has given it. */
  readonly allocated: (pod: Pod) => Pod;
  readonly resizes?: ResizeCounters | undefined;
  /** A new status to publish. */
  readonly publish: (uid: string, status: PodStatus) => void;
}

const preemptionMessage = "Preempted in order to admit critical pod";
const deadlineMessage = "Pod was active on the node longer than the specified deadline";
/** What a pod gets whose object vanished without a grace period. */
const minGraceMs = 1000;

/** One pod on this node: its latest object, its machine, its status. The only one to drive the machine. */
export class PodWorker<E extends EdgeTable, Context> implements PodHandle {
  readonly uid: string;
  readonly logger: Logger;
  readonly #options: PodWorkerOptions<E, Context>;
  readonly #handlers: HandlerSet;
  readonly #failures: SyncFailures;
  #pod: Pod;
  /** As it is wanted. */
  #desired: Pod;
  #status: PodStatus;
  #description: PodDescription | undefined;
  #termination: PodTermination | undefined;
  #runner: MachineRunner<E, Context, PodDescription> | undefined;
  #cancelDeadline: (() => void) | undefined;
  #pendingResize: PodCondition | undefined;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #seen: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #resumed: boolean;
  #confirmed = false;
  #begun = false;
  #finished = false;
  #gone = false;

  constructor(pod: Pod, options: PodWorkerOptions<E, Context>) {
    const { uid = "", name, namespace } = pod.metadata ?? {};
    this.uid = uid;
    this.logger = options.logger.child({ pod: `${namespace}/${name}`, uid });
    this.#options = options;
    this.#handlers = new HandlerSet(this.logger);
    this.#failures = new SyncFailures({ clock: options.clock, event: (content) => this.event(content) });
    this.#desired = pod;
    this.#pod = options.allocated(pod);
    this.#status = pod.status ?? {};
    this.#resumed = this.#status.startTime !== undefined;
    this.#noticeDeletion();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get status(): PodStatus {
    return this.#status;
  }

  get termination(): PodTermination | undefined {
    return this.#termination;
  }

  get node(): NodeFacts {
    return this.#options.node;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Nothing of the pod runs and nothing will. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Whether the pod holds what it asks for of the node: it was not refused, and has not ended or is still ending. */
  get active(): boolean {
    if (this.#finished || this.#termination?.cause === "refused") return false;
    return this.#termination !== undefined || !isTerminalPhase(this.#status.phase);
  }

  /** Whether an earlier life of the kubelet took the pod in. */
  get resumed(): boolean {
    return this.#resumed;
  }

  /** Whether all that is known of the pod is what an earlier life of the kubelet wrote: it may have ended since, and have freed its place. */
  get unconfirmed(): boolean {
    return this.#resumed && !this.#confirmed;
  }

  /** Resolves when this life of the kubelet has seen that the pod goes on, or has ended; never rejects. */
  get seen(): Promise<void> {
    return this.#seen.promise;
  }

  /** The source no longer has the pod. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Resolves when nothing of the pod runs and nothing will; never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** State of the machine, for logs and debugging. */
  get state(): string {
    return this.#runner?.current ?? (this.#finished ? "finished" : "waiting");
  }

  describe(description: PodDescription): void {
    const before = this.#description;
    this.#description = description;
    try {
      this.#recompute();
    } catch (error) {
      // Everything to come would fail of it too, the end as well.
      this.#description = before;
      throw error;
    }
    // What is left of it by then, such as its volumes, holds nobody up.
    if (description.stopped === true) this.#ended.resolve();
    else if (description.sandboxReady === true || isAnyRunning(description)) this.#confirmed = true;
    else return;
    this.#seen.resolve();
  }

  event(content: EventContent): void {
    this.#failures.observe(content);
    this.#options.recorder.event({ kind: "Pod", pod: this.#pod }, content);
  }

  onChange(handler: () => void): () => void {
    return this.#handlers.add(handler);
  }

  /** Why a resize has not been granted; undefined where none is wanted. */
  get pendingResize(): PodCondition | undefined {
    return this.#pendingResize;
  }

  /**
   * Takes a newer object from the source, or the same one when the node has given the pod something else.
   *
   * @param hindrance why the resize that the object asks for cannot be granted
   */
  update(pod: Pod, hindrance?: ResizeHindrance): void {
    const before = this.#pod;
    if (pod.spec !== undefined && this.#desired.spec !== undefined)
      this.#options.resizes?.requested(this.#desired.spec, pod.spec);
    this.#desired = pod;
    this.#pod = this.#options.allocated(pod);
    const pendingChanged = this.#setPendingResize(pod, hindrance);
    if (!pendingChanged && !changed(before, this.#pod)) return;
    this.#noticeDeletion();
    this.#armDeadline();
    // Told first: what the provider has to say of the change belongs into the same status.
    this.#handlers.tell();
    if (this.#description !== undefined) this.#recompute();
  }

  /** Goes on from a status that an earlier life of the kubelet published: its start, its restarts, its times of transition. */
  resume(earlier: PodStatus): void {
    if (this.#finished || isTerminalPhase(earlier.phase)) return;
    this.#status = earlier;
    this.#armDeadline();
    this.#handlers.tell();
    if (this.#description !== undefined) this.#recompute();
    this.#options.publish(this.uid, this.#status);
  }

  /** The source no longer has the pod: whatever still runs is stopped, and quickly where the API had lost patience with it. */
  remove(): void {
    if (this.#gone) return;
    this.#gone = true;
    // Nobody could ask a static pod to end in another way.
    const gracePeriodMs = isStaticPod(this.#pod) ? ownGraceMs(this.#pod) : minGraceMs;
    this.terminate({ cause: "gone", gracePeriodMs });
  }

  /** Asks the pod to end; asking again can only shorten the grace period, or give an outcome where there was none. */
  terminate(termination: PodTermination): void {
    const before = this.#termination;
    const gracePeriodMs = Math.min(
      Math.max(termination.gracePeriodMs, minGraceMs),
      before?.gracePeriodMs ?? Number.POSITIVE_INFINITY,
    );
    const outcome = before?.outcome ?? termination.outcome;
    if (before !== undefined && before.gracePeriodMs === gracePeriodMs && before.outcome === outcome) return;
    this.#termination = { ...(before ?? termination), gracePeriodMs, outcome };
    this.#cancelDeadline?.();
    this.logger.info("Pod is to end", { cause: this.#termination.cause, gracePeriodMs, state: this.state });
    if (before === undefined) this.#runner?.interrupt(this.#options.provider.stopping);
    this.#handlers.tell();
  }

  /**
   * Ends a pod that the node does not take; to be called before `run`. Nothing of it is started, but after a restart something
   * may run that an earlier life of the kubelet took in.
   */
  refuse(refusal: PodRefusal): void {
    const { reason, message } = refusal;
    this.event({ type: "Warning", reason, message });
    this.terminate({
      cause: "refused",
      gracePeriodMs: ownGraceMs(this.#pod),
      outcome: { phase: "Failed", reason, message: rejectedMessage(refusal) },
    });
  }

  /** Ends the pod by its own grace period for a critical one. What ends by itself, or for a reason, keeps that outcome. */
  preempt(): void {
    const gracePeriodMs = ownGraceMs(this.#pod);
    if (this.endsByItself || this.#termination?.outcome !== undefined) {
      this.terminate({ cause: "evicted", gracePeriodMs });
      return;
    }
    this.event({ type: "Warning", reason: "Preempting", message: preemptionMessage });
    const disruption: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "TerminationByKubelet",
      message: "Pod was preempted by Kubelet to accommodate a critical pod.",
    };
    this.terminate({
      cause: "evicted",
      gracePeriodMs,
      outcome: { phase: "Failed", reason: "Preempting", message: preemptionMessage, conditions: [disruption] },
    });
  }

  /** Resolves when `room` does, or as soon as the pod is to end; to be called before `run`. Rejects only with the signal's reason. */
  async waitFor(room: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const told = Promise.withResolvers<void>();
    const look = () => {
      if (this.#termination !== undefined) told.resolve();
    };
    const endLook = this.onChange(look);
    look();
    try {
      await raceAbort(Promise.race([room, told.promise]), signal);
    } finally {
      endLook();
    }
  }

  /**
   * Waits `delayMs` or until `sooner` resolves (answers false), or until the pod is told to end, or to end faster (answers true). Not
   * while its machine runs; rejects only with the signal's reason.
   */
  async pause(delayMs: number, signal: AbortSignal, sooner?: Promise<unknown>): Promise<boolean> {
    const over = Promise.withResolvers<boolean>();
    void sooner?.then(() => over.resolve(false));
    const cancelTimer = this.clock.setTimer(delayMs, () => over.resolve(false));
    const before = this.#termination;
    const endLook = this.onChange(() => {
      if (this.#termination !== before) over.resolve(true);
    });
    try {
      return await raceAbort(over.promise, signal);
    } finally {
      cancelTimer();
      endLook();
    }
  }

  /** Shows that work on the pod failed which told nothing of it, and will be tried again. */
  syncFailed(error: unknown): void {
    this.#failures.begin();
    this.#failures.failed(error);
  }

  /** Runs the pod until nothing of it is left running; rejects only with the signal's reason. */
  async run(signal: AbortSignal): Promise<void> {
    this.#begun = true;
    const backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, jitter: 0.5, random: this.#options.random });
    this.#armDeadline();
    if (this.#status.startTime === undefined && this.#termination === undefined) this.#recompute();
    try {
      for (;;) {
        try {
          await this.#live(signal);
          break;
        } catch (error) {
          if (signal.aborted && isAbort(error, signal)) throw error;
          signal.throwIfAborted();
          const retryInMs = backoff.next();
          this.logger.error("Pod machine failed, will start it again", { error: errorMessage(error), retryInMs });
          this.#failures.failed(error);
          // What is done to end a pod is other work than what failed.
          if (await this.pause(retryInMs, signal)) backoff.reset();
        }
      }
    } finally {
      this.#cancelDeadline?.();
      this.#runner = undefined;
    }
    this.describe({ ...this.#description, stopped: true });
    this.#finished = true;
  }

  /** Whether the pod comes to its end without having been told to. */
  get endsByItself(): boolean {
    if (this.#finished || isTerminalPhase(this.#status.phase)) return true;
    return this.#termination === undefined && this.#runner?.current === this.#options.provider.stopping;
  }

  async #live(signal: AbortSignal): Promise<void> {
    const { provider } = this.#options;
    // Those of a machine that failed belong to a context nobody uses any more.
    this.#handlers.clear();
    this.#failures.begin();
    const ending = this.#termination !== undefined || isTerminalPhase(this.#status.phase);
    this.#runner = new MachineRunner(provider.machine, {
      context: provider.createContext(this),
      clock: this.clock,
      logger: this.logger,
      start: ending ? provider.stopping : undefined,
      publish: (description) => this.describe(description),
      onTry: () => this.#failures.begin(),
      onRetry: (_state, error) => this.#failures.failed(error),
    });
    await this.#runner.run(signal);
  }

  #setPendingResize(pod: Pod, hindrance: ResizeHindrance | undefined): boolean {
    const before = this.#pendingResize;
    const { generation } = pod.metadata ?? {};
    this.#pendingResize = hindrance && {
      type: "PodResizePending",
      status: "True",
      reason: hindrance.reason,
      message: hindrance.message,
      observedGeneration: generation,
    };
    if (hindrance !== undefined && (before?.reason !== hindrance.reason || before.observedGeneration !== generation)) {
      const { reason, message } = hindrance;
      if (hindrance.reason === "Infeasible") this.#options.resizes?.infeasible(hindrance.detail);
      const text = describeResize(pod.spec ?? { containers: [] }, generation, message);
      const why = (reason === "Deferred" && hindrance.shortage) || reason;
      this.event({ type: "Warning", reason: `Resize${reason}`, message: `Pod resize ${why}: ${text}` });
    }
    return !jsonEquals(before, this.#pendingResize);
  }

  #noticeDeletion(): void {
    const { deletionTimestamp, deletionGracePeriodSeconds } = this.#pod.metadata ?? {};
    if (deletionTimestamp === undefined) return;
    this.terminate({ cause: "deleted", gracePeriodMs: (deletionGracePeriodSeconds ?? 0) * 1000 });
  }

  #recompute(): void {
    const status = describedStatus({
      pod: this.#pod,
      description: this.#description ?? {},
      previous: this.#status,
      termination: this.#termination,
      pendingResize: this.#pendingResize,
      hostIps: this.#options.node.hostIps,
      nowMs: this.clock.now(),
    });
    if (jsonEquals(status, this.#status)) return;
    this.#status = status;
    this.#options.publish(this.uid, status);
  }

  /** `activeDeadlineSeconds` counts from the pod's start and may be lowered later; one that has passed has nothing of the pod started. */
  #armDeadline(): void {
    this.#cancelDeadline?.();
    const seconds = this.#pod.spec?.activeDeadlineSeconds;
    const { clock } = this.#options;
    if (seconds === undefined || !this.#begun || this.#finished || this.#termination !== undefined) return;
    const startMs = parseApiTime(this.#status.startTime) ?? clock.now();
    const remainingMs = startMs + seconds * 1000 - clock.now();
    if (remainingMs <= 0) this.#exceedDeadline();
    else this.#cancelDeadline = clock.setTimer(remainingMs, () => this.#exceedDeadline());
  }

  #exceedDeadline(): void {
    if (this.endsByItself) return;
    this.event({ type: "Normal", reason: "DeadlineExceeded", message: deadlineMessage });
    this.terminate({
      cause: "deadline",
      gracePeriodMs: ownGraceMs(this.#pod),
      outcome: { phase: "Failed", reason: "DeadlineExceeded", message: deadlineMessage },
    });
  }
}

function isAnyRunning({ initContainerStatuses = [], containerStatuses = [] }: PodDescription): boolean {
  return [...initContainerStatuses, ...containerStatuses].some(({ state }) => state?.running !== undefined);
}

/** The grace period that the pod gives itself. */
function ownGraceMs(pod: Pod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
}

/** Whether something changed that matters to the pod's life; the echo of our own status does not. */
function changed(before: Pod, after: Pod): boolean {
  const left = before.metadata ?? {};
  const right = after.metadata ?? {};
  return (
    left.generation !== right.generation ||
    left.deletionTimestamp !== right.deletionTimestamp ||
    left.deletionGracePeriodSeconds !== right.deletionGracePeriodSeconds ||
    !jsonEquals(left.labels, right.labels) ||
    !jsonEquals(left.annotations, right.annotations) ||
    !jsonEquals(before.spec, after.spec) ||
    !jsonEquals(foreignConditions(before), foreignConditions(after))
  );
}

function foreignConditions(pod: Pod): unknown {
  return (pod.status?.conditions ?? []).filter((condition) => !kubeletConditionTypes.includes(condition.type));
}
