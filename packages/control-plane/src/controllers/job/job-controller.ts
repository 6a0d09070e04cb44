import type { Logger } from "@wherry/base";
import { isPodReady, type Job, type JobStatus, type Pod } from "@wherry/kubernetes";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { jobs } from "../../resources/batch/jobs.ts";
import { pods } from "../../resources/pods.ts";
import { storageName } from "../../resources/resource-definition.ts";
import { deleteObject } from "../../verbs/delete-object.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { changeObject, currentOf, targetOf } from "../kit/change-object.ts";
import { findCondition, withoutCondition } from "../kit/conditions.ts";
import { runController, shortestWait } from "../kit/controller.ts";
import { claimObjects, controllerOf, ownersOf } from "../kit/ownership.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isActive, isTerminating } from "../kit/pod-state.ts";
import { podsToDelete } from "../kit/pods-to-delete.ts";
import { writeStatus } from "../kit/status-writer.ts";
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

const asJob = (object: ApiObject): Job => object as unknown as Job;

/** Runs the pods of a Job until enough have succeeded or too many have failed, and counts each of them exactly once. */
export class JobController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, "job-controller", logger);
    this.#pods = new PodControl(services, this.#events);
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    for (const { object } of this.#services.store.list(storageName(pods))) this.#releaseOrphan(object);
    return runController(
      {
        name: "job",
        services: this.#services,
        logger: this.#logger,
        definition: jobs,
        watches: [{ definition: pods, keysOf: (record) => ownersOf(this.#services, jobs, record) }],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  /** A pod whose job is gone is counted by nobody and must not be held. */
  #releaseOrphan(pod: ApiObject): void {
    const owner = controllerOf(pod.metadata);
    if (!hasTrackingFinalizer(pod as Pod)) return;
    if (owner?.kind === jobs.kind) {
      const key = storageKey(pod.metadata.namespace, owner.name);
      if (this.#services.store.get(storageName(jobs), key)?.object.metadata.uid === owner.uid) return;
    }
    this.#removeFinalizer(pod);
  }

  #removeFinalizer(pod: ApiObject): void {
    changeObject(this.#services, pods, pod, ({ metadata }) => {
      const others = (metadata.finalizers ?? []).filter((finalizer) => finalizer !== trackingFinalizer);
      if (others.length > 0) metadata.finalizers = others;
      else delete metadata.finalizers;
    });
  }

  #sync(key: string): number | undefined {
    const { store } = this.#services;
    for (const record of store.list(storageName(pods), key.slice(0, key.indexOf("/"))))
      this.#releaseOrphan(record.object);
    const object = store.get(storageName(jobs), key)?.object;
    if (object === undefined) return undefined;
    const claimed = claimObjects(this.#services, pods, object, asJob(object).spec?.selector);
    if (object.metadata.deletionTimestamp !== undefined) {
      for (const pod of claimed) this.#removeFinalizer(pod);
      return undefined;
    }
    if (isFinished(asJob(object))) return this.#expire(object);
    return this.#advance(object, claimed);
  }

  /** Deletes a finished job when it has been kept for as long as it wanted. */
  #expire(object: ApiObject): number | undefined {
    const seconds = asJob(object).spec?.ttlSecondsAfterFinished;
    const finished = finishedAt(asJob(object));
    if (seconds === undefined || finished === undefined) return undefined;
    const leftMs = Date.parse(finished) + seconds * 1000 - this.#services.clock.now();
    if (leftMs > 0) return leftMs;
    deleteObject(this.#services, targetOf(jobs, object), {
      propagationPolicy: "Foreground",
      preconditions: { uid: object.metadata.uid },
    });
    return undefined;
  }

  #advance(object: ApiObject, claimed: readonly ApiObject[]): number | undefined {
    const now = timestamp(this.#services.clock);
    const nowMs = this.#services.clock.now();
    let current = this.#begin(object, now);
    const all = claimed as readonly Pod[];
    const decided = pendingOutcome(asJob(current));
    const tally = tallyPods(asJob(current), all, false);
    const counts = { ...totals(tally.status), active: all.filter(isActive), pods: all };
    const outcome = decided ?? decideOutcome(asJob(current), counts, nowMs);
    if (outcome !== undefined) return this.#finish(current, claimed, outcome, now);
    const isSuspended = asJob(current).spec?.suspend ?? false;
    current = this.#count(current, claimed, false);
    const waits = [deadlineLeftMs(asJob(current), nowMs)];
    try {
      waits.push(isSuspended ? this.#suspend(current, claimed) : this.#manage(current, claimed, nowMs));
    } finally {
      this.#writeCounts(current);
    }
    return shortestWait(waits);
  }

  /** Notes when the job began, and that it is suspended or goes on. */
  #begin(object: ApiObject, now: string): ApiObject {
    const { spec, status = {} } = asJob(object);
    const suspended = findCondition(status.conditions, "Suspended");
    const isNoted = suspended?.status === "True";
    const others = withoutCondition(status.conditions, "Suspended");
    let next: JobStatus = status;
    if (spec?.suspend) {
      if (!isNoted) {
        const { startTime: _, ...rest } = status;
        next = { ...rest, conditions: [...others, jobCondition("Suspended", "JobSuspended", "Job suspended", now)] };
        this.#tell(object, "Normal", "Suspended", "Job suspended");
      }
    } else if (isNoted) {
      const resumed = jobCondition("Suspended", "JobResumed", "Job resumed", now, "False");
      next = { ...status, startTime: now, conditions: [...others, resumed] };
      this.#tell(object, "Normal", "Resumed", "Job resumed");
    } else if (status.startTime === undefined) next = { ...status, startTime: now };
    return next === status ? object : (writeStatus(this.#services, jobs, object, next) ?? object);
  }

  /** Counts ended pods: notes them, lets them go, then moves them from the notes to the counts. */
  #count(object: ApiObject, claimed: readonly ApiObject[], isOver: boolean): ApiObject {
    const { status, released } = tallyPods(asJob(object), claimed as readonly Pod[], isOver);
    let current = writeStatus(this.#services, jobs, object, status) ?? object;
    for (const pod of released) this.#removeFinalizer(pod as ApiObject);
    if (released.length === 0) return current;
    const left = this.#present(claimed);
    current =
      writeStatus(this.#services, jobs, current, tallyPods(asJob(current), left as Pod[], isOver).status) ?? current;
    return current;
  }

  /** The same pods as they are now, without those that have gone. */
  #present(claimed: readonly ApiObject[]): ApiObject[] {
    return claimed.flatMap((pod) => currentOf(this.#services, pods, pod) ?? []);
  }

  #owned(object: ApiObject): Pod[] {
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .filter((record) => controllerOf(record.object.metadata)?.uid === object.metadata.uid)
      .map((record) => record.object as Pod);
  }

  #writeCounts(object: ApiObject): ApiObject {
    const owned = this.#owned(object);
    const current = currentOf(this.#services, jobs, object) ?? object;
    const active = owned.filter(isActive);
    return (
      writeStatus(this.#services, jobs, current, {
        ...asJob(current).status,
        active: active.length,
        ready: active.filter(isPodReady).length,
        terminating: owned.filter(isTerminating).length,
      }) ?? current
    );
  }

  /** Ends what still runs, and says that the job is over when nothing does any more. */
  #finish(object: ApiObject, claimed: readonly ApiObject[], outcome: Outcome, now: string): undefined {
    const aimed = withOutcome(asJob(object).status ?? {}, outcome, now, false);
    let current = writeStatus(this.#services, jobs, object, aimed) ?? object;
    for (const pod of claimed) if (isActive(pod as Pod)) this.#pods.delete(object, pod);
    current = this.#count(current, this.#present(claimed), false);
    current = this.#writeCounts(current);
    const { active = 0, terminating = 0 } = asJob(current).status ?? {};
    if (active > 0 || terminating > 0) return undefined;
    current = this.#count(current, this.#present(claimed), true);
    writeStatus(this.#services, jobs, current, withOutcome(asJob(current).status ?? {}, outcome, now, true));
    if (outcome.type === "Complete") this.#tell(object, "Normal", "Completed", "Job completed");
    else this.#tell(object, "Warning", outcome.reason, outcome.message);
    return undefined;
  }

  #suspend(object: ApiObject, claimed: readonly ApiObject[]): undefined {
    for (const pod of this.#present(claimed)) if (isActive(pod as Pod)) this.#giveUp(object, pod);
    return undefined;
  }

  /** Deletes a pod that is one too many, without counting it as failed. */
  #giveUp(object: ApiObject, pod: ApiObject): void {
    this.#removeFinalizer(pod);
    this.#pods.delete(object, pod);
  }

  /** Creates or deletes pods until as many are active as should be; gives how long failures hold it back. */
  #manage(object: ApiObject, claimed: readonly ApiObject[], nowMs: number): number | undefined {
    const job = asJob(object);
    const owned = this.#present(claimed) as Pod[];
    const active = owned.filter(isActive);
    const { succeeded } = totals(job.status ?? {});
    const wanted = wantedActive(job, succeeded, active.length);
    if (active.length > wanted) {
      const surplus = podsToDelete(active, active, Math.min(active.length - wanted, burst));
      for (const pod of surplus) this.#giveUp(object, pod as ApiObject);
      return undefined;
    }
    const leaving = job.spec?.podReplacementPolicy === "Failed" ? owned.filter(isTerminating).length : 0;
    const missing = Math.min(wanted - active.length - leaving, burst);
    if (missing <= 0) return undefined;
    // Failures of pods that have been deleted since are no longer held against it.
    const leftMs = backoffLeftMs(owned, job, nowMs);
    if (leftMs > 0) return leftMs;
    if (job.spec?.completionMode === "Indexed") this.#createIndexed(object, owned, missing);
    else for (let count = missing; count > 0; count--) this.#create(object, undefined);
    return undefined;
  }

  #createIndexed(object: ApiObject, owned: readonly Pod[], count: number): void {
    const { spec, status } = asJob(object);
    const completions = spec?.completions ?? 0;
    const taken = parseIndexes(status?.completedIndexes, completions);
    const holding = spec?.podReplacementPolicy === "Failed" ? [isActive, isTerminating] : [isActive];
    for (const pod of owned) {
      const index = completionIndexOf(pod);
      if (index !== undefined && holding.some((holds) => holds(pod))) taken.add(index);
    }
    for (const index of nextIndexes(completions, taken, count)) this.#create(object, index);
  }

  #create(object: ApiObject, index: number | undefined): void {
    const { metadata, spec } = asJob(object);
    if (spec === undefined) return;
    const finalizers = [trackingFinalizer];
    if (index === undefined) {
      this.#pods.create(object, spec.template, { metadata: { finalizers } });
      return;
    }
    const mark = { [completionIndexKey]: String(index) };
    const name = `${metadata?.name}-${index}`;
    this.#pods.create(object, spec.template, {
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

  #tell(object: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.write(object, { type, reason, action: "", message });
  }
}
