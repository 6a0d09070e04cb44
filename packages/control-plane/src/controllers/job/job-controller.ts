import type { Clock, Logger } from "@wherry/base";
import { isPodReady, type Job, type JobStatus, type Pod } from "@wherry/kubernetes";
import { storageKey } from "../../resources/api-object.ts";
import { jobs } from "../../resources/batch/jobs.ts";
import { pods } from "../../resources/pods.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { findCondition, withoutCondition } from "../kit/conditions.ts";
import { type Controller, shortestWait } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { controllerOf } from "../kit/ownership.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isActive, isTerminating } from "../kit/pod-state.ts";
import { podsToDelete } from "../kit/pods-to-delete.ts";
import { completionIndexKey, completionIndexOf, nextIndexes, parseIndexes } from "./completion-indexes.ts";
import { tallyPods, totals } from "./count-pods.ts";
import { backoffLeftMs, hasTrackingFinalizer, trackingFinalizer } from "./finished-pods.ts";
import {
  deadlineLeftMs,
  decideOutcome,
  finishedAt,
  isFinished,
  jobCondition,
  type Outcome,
  pendingOutcome,
  wantedActive,
  withOutcome,
} from "./job-outcome.ts";

/** Pods that one pass creates or deletes at most; the next goes on. */
const burst = 500;

/** Runs the pods of a Job until enough have succeeded or too many have failed, and counts each of them exactly once. */
export class JobController implements Controller {
  readonly name = "job";
  readonly definition: ResourceDefinition = jobs;
  readonly owned: readonly ResourceDefinition[] = [pods];
  readonly #clock: Clock;
  readonly #jobs: Objects<Job>;
  readonly #events: EventWriter;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#jobs = new Objects(services, jobs);
    this.#events = new EventWriter(services, "job-controller", logger);
    this.#pods = new PodControl(services, this.#events);
  }

  begin(): Iterable<string> {
    this.#releaseOrphans();
    return [];
  }

  /** A pod whose job is gone is counted by nobody and must not be held. */
  #releaseOrphans(namespace?: string): void {
    for (const pod of this.#pods.objects.list(namespace)) {
      if (!hasTrackingFinalizer(pod)) continue;
      const owner = controllerOf(pod.metadata);
      const key = storageKey(pod.metadata.namespace, owner?.name ?? "");
      const isCounted = owner?.kind === jobs.kind && this.#jobs.get(key)?.metadata.uid === owner.uid;
      if (!isCounted) this.#removeFinalizer(pod);
    }
  }

  #removeFinalizer(pod: Pod): void {
    this.#pods.objects.change(pod, ({ metadata }) => {
      const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== trackingFinalizer);
      if (others.length > 0) metadata.finalizers = others;
      else delete metadata.finalizers;
    });
  }

  sync(key: string): number | undefined {
    this.#releaseOrphans(key.slice(0, key.indexOf("/")));
    const job = this.#jobs.get(key);
    if (job === undefined) return undefined;
    const claimed = this.#pods.objects.claim(job, job.spec?.selector);
    if (job.metadata.deletionTimestamp !== undefined) {
      for (const pod of claimed) this.#removeFinalizer(pod);
      return undefined;
    }
    return isFinished(job) ? this.#expire(job) : this.#advance(job, claimed);
  }

  /** Deletes a finished job when it has been kept for as long as it wanted. */
  #expire(job: Stored<Job>): number | undefined {
    const seconds = job.spec?.ttlSecondsAfterFinished;
    const finished = finishedAt(job);
    if (seconds === undefined || finished === undefined) return undefined;
    const leftMs = Date.parse(finished) + seconds * 1000 - this.#clock.now();
    if (leftMs > 0) return leftMs;
    this.#jobs.delete(job, { propagationPolicy: "Foreground" });
    return undefined;
  }

  #advance(job: Stored<Job>, claimed: readonly Stored<Pod>[]): number | undefined {
    const now = timestamp(this.#clock);
    const nowMs = this.#clock.now();
    let current = this.#noteBegin(job, now);
    const decided = pendingOutcome(current);
    const tally = tallyPods(current, claimed, false);
    const counts = { ...totals(tally.status), active: claimed.filter(isActive), pods: claimed };
    const outcome = decided ?? decideOutcome(current, counts, nowMs);
    if (outcome !== undefined) return this.#finish(current, claimed, outcome, now);
    const isSuspended = current.spec?.suspend ?? false;
    current = this.#count(current, claimed, false);
    const waits = [deadlineLeftMs(current, nowMs)];
    try {
      waits.push(isSuspended ? this.#suspend(current, claimed) : this.#manage(current, claimed, nowMs));
    } finally {
      this.#writeCounts(current);
    }
    return shortestWait(waits);
  }

  /** Notes when the job began, and that it is suspended or goes on. */
  #noteBegin(job: Stored<Job>, now: string): Stored<Job> {
    const { spec, status = {} } = job;
    const suspended = findCondition(status.conditions, "Suspended");
    const isNoted = suspended?.status === "True";
    const others = withoutCondition(status.conditions, "Suspended");
    let next: JobStatus = status;
    if (spec?.suspend) {
      if (!isNoted) {
        const { startTime: _, ...rest } = status;
        next = { ...rest, conditions: [...others, jobCondition("Suspended", "JobSuspended", "Job suspended", now)] };
        this.#tell(job, "Normal", "Suspended", "Job suspended");
      }
    } else if (isNoted) {
      const resumed = jobCondition("Suspended", "JobResumed", "Job resumed", now, "False");
      next = { ...status, startTime: now, conditions: [...others, resumed] };
      this.#tell(job, "Normal", "Resumed", "Job resumed");
    } else if (status.startTime === undefined) next = { ...status, startTime: now };
    return next === status ? job : this.#write(job, next);
  }

  /** The job as it is after its status was written; as it was, when it is gone. */
  #write(job: Stored<Job>, status: JobStatus): Stored<Job> {
    return this.#jobs.writeStatus(job, status) ?? job;
  }

  /** Counts ended pods: notes them, lets them go, then moves them from the notes to the counts. */
  #count(job: Stored<Job>, claimed: readonly Stored<Pod>[], isOver: boolean): Stored<Job> {
    const { status, released } = tallyPods(job, claimed, isOver);
    const noted = this.#write(job, status);
    for (const pod of released) this.#removeFinalizer(pod);
    if (released.length === 0) return noted;
    return this.#write(noted, tallyPods(noted, this.#present(claimed), isOver).status);
  }

  /** The same pods as they are now, without those that have gone. */
  #present(claimed: readonly Stored<Pod>[]): Stored<Pod>[] {
    return claimed.flatMap((pod) => this.#pods.objects.current(pod) ?? []);
  }

  #writeCounts(job: Stored<Job>): Stored<Job> {
    const owned = this.#pods.objects.controlledBy(job);
    const current = this.#jobs.current(job) ?? job;
    const active = owned.filter(isActive);
    return this.#write(current, {
      ...current.status,
      active: active.length,
      ready: active.filter(isPodReady).length,
      terminating: owned.filter(isTerminating).length,
    });
  }

  /** Ends what still runs, and says that the job is over when nothing does any more. */
  #finish(job: Stored<Job>, claimed: readonly Stored<Pod>[], outcome: Outcome, now: string): undefined {
    let current = this.#write(job, withOutcome(job.status ?? {}, outcome, now, false));
    for (const pod of claimed) if (isActive(pod)) this.#pods.delete(job, pod);
    current = this.#count(current, this.#present(claimed), false);
    current = this.#writeCounts(current);
    const { active = 0, terminating = 0 } = current.status ?? {};
    if (active > 0 || terminating > 0) return undefined;
    current = this.#count(current, this.#present(claimed), true);
    this.#write(current, withOutcome(current.status ?? {}, outcome, now, true));
    if (outcome.type === "Complete") this.#tell(job, "Normal", "Completed", "Job completed");
    else this.#tell(job, "Warning", outcome.reason, outcome.message);
    return undefined;
  }

  #suspend(job: Stored<Job>, claimed: readonly Stored<Pod>[]): undefined {
    for (const pod of this.#present(claimed)) if (isActive(pod)) this.#giveUp(job, pod);
    return undefined;
  }

  /** Deletes a pod that is one too many, without counting it as failed. */
  #giveUp(job: Stored<Job>, pod: Pod): void {
    this.#removeFinalizer(pod);
    this.#pods.delete(job, pod);
  }

  /** Creates or deletes pods until as many are active as should be; gives how long failures hold it back. */
  #manage(job: Stored<Job>, claimed: readonly Stored<Pod>[], nowMs: number): number | undefined {
    const owned = this.#present(claimed);
    const active = owned.filter(isActive);
    const { succeeded } = totals(job.status ?? {});
    const wanted = wantedActive(job, succeeded, active.length);
    if (active.length > wanted) {
      const surplus = podsToDelete(active, active, Math.min(active.length - wanted, burst));
      for (const pod of surplus) this.#giveUp(job, pod);
      return undefined;
    }
    const leaving = job.spec?.podReplacementPolicy === "Failed" ? owned.filter(isTerminating).length : 0;
    const missing = Math.min(wanted - active.length - leaving, burst);
    if (missing <= 0) return undefined;
    // Failures of pods that have been deleted since are no longer held against it.
    const leftMs = backoffLeftMs(owned, job, nowMs);
    if (leftMs > 0) return leftMs;
    if (job.spec?.completionMode === "Indexed") this.#createIndexed(job, owned, missing);
    else for (let count = missing; count > 0; count--) this.#create(job, undefined);
    return undefined;
  }

  #createIndexed(job: Stored<Job>, owned: readonly Pod[], count: number): void {
    const { spec, status } = job;
    const completions = spec?.completions ?? 0;
    const taken = parseIndexes(status?.completedIndexes, completions);
    const holding = spec?.podReplacementPolicy === "Failed" ? [isActive, isTerminating] : [isActive];
    for (const pod of owned) {
      const index = completionIndexOf(pod);
      if (index !== undefined && holding.some((holds) => holds(pod))) taken.add(index);
    }
    for (const index of nextIndexes(completions, taken, count)) this.#create(job, index);
  }

  #create(job: Stored<Job>, index: number | undefined): void {
    const { metadata, spec } = job;
    if (spec === undefined) return;
    const finalizers = [trackingFinalizer];
    if (index === undefined) {
      this.#pods.create(job, spec.template, { metadata: { finalizers } });
      return;
    }
    const mark = { [completionIndexKey]: String(index) };
    const name = `${metadata.name}-${index}`;
    this.#pods.create(job, spec.template, {
      metadata: { generateName: `${name}-`, labels: mark, annotations: mark, finalizers },
      adjust(podSpec) {
        podSpec.hostname ??= name;
        const fieldPath = `metadata.labels['${completionIndexKey}']`;
        for (const container of [...(podSpec.initContainers ?? []), ...podSpec.containers]) {
          if (container.env?.some((variable) => variable.name === "JOB_COMPLETION_INDEX")) continue;
          const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
          container.env = [...(container.env ?? []), variable];
        }
      },
    });
  }

  #tell(job: Stored<Job>, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.write(job, { type, reason, message });
  }
}
