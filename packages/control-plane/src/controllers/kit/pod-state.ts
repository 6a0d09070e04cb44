import { findPodCondition, isPodReady, isPodTerminal, type Pod, parseApiTime } from "@wherry/kubernetes";

/** Whether a pod counts as running or about to run: neither ended nor being deleted. */
export function isActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;
}

/** Whether a pod was asked to go and has not ended yet. */
export function isTerminating(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata?.deletionTimestamp !== undefined;
}

/** When the pod became ready; undefined while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  if (!isPodReady(pod)) return undefined;
  return parseApiTime(findPodCondition(pod.status, "Ready")?.lastTransitionTime) ?? 0;
}

/** Milliseconds until a ready pod has been so for `minReadySeconds`, 0 when it has; undefined for one that is not ready. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = readySinceMs(pod);
  if (since === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - nowMs);
}

export function isAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  return availableInMs(pod, minReadySeconds, nowMs) === 0;
}

/** The shortest time after which one more of `pods` is available; undefined when time alone changes nothing. */
export function nextAvailableInMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  const waits = pods.flatMap((pod) => availableInMs(pod, minReadySeconds, nowMs) || []);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** The sum of restarts of a pod's containers. */
export function restartsOf(pod: Pod): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.reduce((sum, status) => sum + (status.restartCount ?? 0), 0);
}
