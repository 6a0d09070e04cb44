import { findPodCondition, type Job, type Pod, parseApiTime } from "@wherry/kubernetes";

/** By it the controller holds pods until it has counted them. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";

export const hasTrackingFinalizer = ({ metadata }: Pod): boolean =>
  metadata?.finalizers?.includes(trackingFinalizer) ?? false;

export const hasSucceeded = ({ status }: Pod): boolean => status?.phase === "Succeeded";

/**
 * Whether a pod counts as failed: one that was deleted before it ended does so at once, unless the job waits for the end of
 * pods before it replaces them.
 */
export function hasFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === "Failed") return true;
  if (job.spec?.podReplacementPolicy === "Failed") return false;
  return pod.metadata?.deletionTimestamp !== undefined && !hasSucceeded(pod);
}

/** When a pod ended, as well as its status tells. */
export function finishedAtMs(pod: Pod): number {
  const { status, metadata } = pod;
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const times = statuses.flatMap(({ state }) => parseApiTime(state?.terminated?.finishedAt) ?? []);
  if (times.length > 0) return Math.max(...times);
  const ready = findPodCondition(status, "Ready");
  const since = ready?.status === "False" ? ready.lastTransitionTime : undefined;
  return (
    parseApiTime(since) ?? parseApiTime(metadata?.deletionTimestamp) ?? parseApiTime(metadata?.creationTimestamp) ?? 0
  );
}

const initialBackoffMs = 10_000;
const maxBackoffMs = 600_000;

/**
 * How long a job must wait before it replaces failed pods: 10 s after the first failure since the last success, doubling with
 * each further one up to 10 min, counted from the last failure.
 */
export function backoffLeftMs(pods: readonly Pod[], job: Job, nowMs: number): number {
  const finished = pods
    .filter((pod) => hasSucceeded(pod) || (hasFailed(pod, job) && !wasGivenUp(pod)))
    .map((pod) => ({ failed: !hasSucceeded(pod), atMs: finishedAtMs(pod) }))
    .sort((left, right) => right.atMs - left.atMs);
  const success = finished.findIndex(({ failed }) => !failed);
  const failures = success === -1 ? finished : finished.slice(0, success);
  const last = failures[0];
  if (last === undefined) return 0;
  const backoffMs = Math.min(maxBackoffMs, initialBackoffMs * 2 ** Math.min(failures.length - 1, 30));
  return Math.max(0, last.atMs + backoffMs - nowMs);
}

/** Whether the job itself deleted the pod as one too many. */
function wasGivenUp(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined && !hasTrackingFinalizer(pod);
}
