import type { Job, JobCondition, JobStatus, Pod } from "@wherry/kubernetes";
import { hasCondition } from "../kit/conditions.ts";
import { restartsOf } from "../kit/pod-state.ts";
import { judgeFailure } from "./failure-policy.ts";
import { hasTrackingFinalizer } from "./finished-pods.ts";

/** Why a job is over, or about to be once its pods have gone. */
export interface Outcome {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

export function isFinished({ status }: Job): boolean {
  return hasCondition(status?.conditions, "Complete") || hasCondition(status?.conditions, "Failed");
}

/** When a finished job finished. */
export function finishedAt({ status }: Job): string | undefined {
  return status?.conditions?.find(({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"))
    ?.lastTransitionTime;
}

/** The outcome that an earlier pass has decided on, while pods still end. */
export function pendingOutcome({ status }: Job): Outcome | undefined {
  const find = (type: string): JobCondition | undefined =>
    status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
  const failure = find("FailureTarget");
  if (failure !== undefined) {
    return { type: "Failed", reason: failure.reason ?? "", message: failure.message ?? "" };
  }
  const success = find("SuccessCriteriaMet");
  if (success === undefined) return undefined;
  return { type: "Complete", reason: success.reason ?? "", message: success.message ?? "" };
}

/** What a job's pods add up to, those ended lately included. */
export interface JobCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly active: readonly Pod[];
  /** All pods there are. */
  readonly pods: readonly Pod[];
}

/** Whether a job has failed or succeeded; undefined while it has not. */
export function decideOutcome(job: Job, counts: JobCounts, nowMs: number): Outcome | undefined {
  return decideFailure(job, counts, nowMs) ?? decideSuccess(job, counts);
}

function decideFailure(job: Job, counts: JobCounts, nowMs: number): Outcome | undefined {
  const { spec = undefined, status = {} } = job;
  for (const pod of counts.pods) {
    if (!hasTrackingFinalizer(pod)) continue;
    const { action, message = "" } = judgeFailure(job, pod);
    if (action === "FailJob") return { type: "Failed", reason: "PodFailurePolicy", message };
  }
  const limit = spec?.backoffLimit ?? 6;
  const isNewFailure = counts.failed > (status.failed ?? 0);
  if ((isNewFailure && counts.failed > limit) || restartsBeyond(job, counts.active, limit)) {
    const message = "Job has reached the specified backoff limit";
    return { type: "Failed", reason: "BackoffLimitExceeded", message };
  }
  const left = deadlineLeftMs(job, nowMs);
  if (left !== undefined && left <= 0) {
    const message = "Job was active longer than specified deadline";
    return { type: "Failed", reason: "DeadlineExceeded", message };
  }
  return undefined;
}

/** Containers that are started again in place fail without their pod failing. */
function restartsBeyond({ spec }: Job, active: readonly Pod[], limit: number): boolean {
  if (spec?.template.spec?.restartPolicy !== "OnFailure") return false;
  const restarts = active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until the job has been active for too long; undefined without a deadline. */
export function deadlineLeftMs({ spec, status }: Job, nowMs: number): number | undefined {
  if (spec?.activeDeadlineSeconds === undefined || status?.startTime === undefined || spec.suspend) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000 - nowMs;
}

function decideSuccess({ spec }: Job, { succeeded, active }: JobCounts): Outcome | undefined {
  const isReached =
    spec?.completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= spec.completions;
  if (!isReached) return undefined;
  return { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
}

/** How many pods should be active now. */
export function wantedActive({ spec }: Job, succeeded: number, active: number): number {
  const parallelism = spec?.parallelism ?? 1;
  // Without a number of completions the first success tells the rest to come to an end.
  if (spec?.completions === undefined) return succeeded > 0 ? Math.min(active, parallelism) : parallelism;
  return Math.min(Math.max(0, spec.completions - succeeded), parallelism);
}

/** A condition of a job that has just come about. */
export function jobCondition(
  type: string,
  reason: string,
  message: string,
  now: string,
  status = "True",
): JobCondition {
  return { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
}

/** `status` with the conditions of an outcome: at first of what is aimed at, and the final one when `isOver`. */
export function withOutcome(status: JobStatus, outcome: Outcome, now: string, isOver: boolean): JobStatus {
  const { type, reason, message } = outcome;
  const wanted = [type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget", ...(isOver ? [type] : [])];
  const added = wanted
    .filter((item) => !hasCondition(status.conditions, item))
    .map((item) => jobCondition(item, reason, message, now));
  return {
    ...status,
    conditions: [...(status.conditions ?? []), ...added],
    ...(isOver && type === "Complete" ? { completionTime: now } : {}),
  };
}
