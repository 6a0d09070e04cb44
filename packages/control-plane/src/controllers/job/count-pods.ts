import type { Job, JobStatus, Pod } from "@wherry/kubernetes";
import { completionIndexOf, formatIndexes, parseIndexes } from "./completion-indexes.ts";
import { judgeFailure } from "./failure-policy.ts";
import { hasFailed, hasSucceeded, hasTrackingFinalizer } from "./finished-pods.ts";

/** What is new about ended pods: who is to be counted, and who may go. */
export interface Tally {
  /** The status to write before any finalizer is taken away. */
  readonly status: JobStatus;
  /** Pods whose finalizer is to be removed once `status` is written. */
  readonly released: readonly Pod[];
}

const isListed = (list: readonly string[] | undefined, { metadata }: Pod): boolean =>
  list?.includes(metadata?.uid ?? "") ?? false;

/**
 * Notes the pods that have ended in `uncountedTerminatedPods`, and moves those noted before whose finalizer is gone from
 * there to the counts. A crash between any two writes therefore counts no pod twice and forgets none.
 *
 * With `isOver` pods that have not ended are released too: nobody waits for them any more.
 */
export function tallyPods(job: Job, pods: readonly Pod[], isOver: boolean): Tally {
  const { spec, status = {} } = job;
  const uncounted = status.uncountedTerminatedPods ?? {};
  const held = new Set(pods.filter(hasTrackingFinalizer).map(({ metadata }) => metadata?.uid ?? ""));
  const isIndexed = spec?.completionMode === "Indexed";
  const stillSucceeded = (uncounted.succeeded ?? []).filter((uid) => held.has(uid));
  const stillFailed = (uncounted.failed ?? []).filter((uid) => held.has(uid));
  const completed = parseIndexes(status.completedIndexes, spec?.completions ?? 0);
  const released: Pod[] = [];
  for (const pod of pods) {
    if (!hasTrackingFinalizer(pod)) continue;
    const uid = pod.metadata?.uid ?? "";
    if (hasSucceeded(pod)) {
      const index = completionIndexOf(pod);
      if (!isIndexed) {
        if (!isListed(uncounted.succeeded, pod)) stillSucceeded.push(uid);
      } else if (index !== undefined && index < (spec?.completions ?? 0)) completed.add(index);
      released.push(pod);
    } else if (hasFailed(pod, job)) {
      if (!isListed(uncounted.failed, pod) && judgeFailure(job, pod).action !== "Ignore") stillFailed.push(uid);
      released.push(pod);
    } else if (isOver) released.push(pod);
  }
  const moved = (before: readonly string[] | undefined) => (before ?? []).filter((uid) => !held.has(uid)).length;
  return {
    status: {
      ...status,
      succeeded: isIndexed ? completed.size : (status.succeeded ?? 0) + moved(uncounted.succeeded),
      failed: (status.failed ?? 0) + moved(uncounted.failed),
      ...(isIndexed ? { completedIndexes: formatIndexes(completed) } : {}),
      uncountedTerminatedPods: {
        ...(stillSucceeded.length === 0 ? {} : { succeeded: stillSucceeded }),
        ...(stillFailed.length === 0 ? {} : { failed: stillFailed }),
      },
    },
    released,
  };
}

/** Successes and failures, those not counted yet included. */
export function totals({ succeeded = 0, failed = 0, uncountedTerminatedPods: uncounted }: JobStatus): {
  readonly succeeded: number;
  readonly failed: number;
} {
  return {
    succeeded: succeeded + (uncounted?.succeeded?.length ?? 0),
    failed: failed + (uncounted?.failed?.length ?? 0),
  };
}
