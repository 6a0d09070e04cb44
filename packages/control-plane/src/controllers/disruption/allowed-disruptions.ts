import { isPodReady, type Pod, type PodDisruptionBudgetSpec, scaledIntOrPercent } from "@wherry/kubernetes";

/** How many pods a budget counts on, and how many of them must be healthy. */
export interface Expectation {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
}

/** Whether a budget is about the size of the workloads behind its pods rather than about the pods there are. */
export function needsScale({ maxUnavailable, minAvailable }: PodDisruptionBudgetSpec): boolean {
  return maxUnavailable !== undefined || typeof minAvailable === "string";
}

/** `scale` is the size of the workloads that the `present` pods belong to. */
export function expectationOf(
  { maxUnavailable, minAvailable }: PodDisruptionBudgetSpec,
  present: number,
  scale: number,
): Expectation {
  if (maxUnavailable !== undefined) {
    return {
      expectedPods: scale,
      desiredHealthy: Math.max(0, scale - scaledIntOrPercent(maxUnavailable, scale, "up")),
    };
  }
  if (typeof minAvailable === "string") {
    return { expectedPods: scale, desiredHealthy: scaledIntOrPercent(minAvailable, scale, "up") };
  }
  return { expectedPods: present, desiredHealthy: minAvailable ?? 0 };
}

/** Evicted pods that are still there are given this long to be marked for deletion before they count again. */
export const confirmationMs = 120_000;

/** Evictions that are not yet seen to happen, of those a budget has noted. */
export function unconfirmedEvictions(
  noted: Readonly<Record<string, string>> | undefined,
  pods: readonly Pod[],
  nowMs: number,
): Record<string, string> {
  const present = new Map(pods.map((pod) => [pod.metadata?.name ?? "", pod]));
  return Object.fromEntries(
    Object.entries(noted ?? {}).filter(([name, since]) => {
      const pod = present.get(name);
      const isGoing = pod === undefined || pod.metadata?.deletionTimestamp !== undefined;
      return !isGoing && Date.parse(since) + confirmationMs > nowMs;
    }),
  );
}

/** Pods that are ready and not about to go. */
export function countHealthy(pods: readonly Pod[], evicted: Readonly<Record<string, string>>): number {
  return pods.filter(
    (pod) =>
      isPodReady(pod) &&
      pod.metadata?.deletionTimestamp === undefined &&
      !Object.hasOwn(evicted, pod.metadata?.name ?? ""),
  ).length;
}
