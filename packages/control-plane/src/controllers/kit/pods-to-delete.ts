import { isPodReady, type Pod } from "@wherry/kubernetes";
import { readySinceMs, restartsOf } from "./pod-state.ts";

const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
const phaseOrder: readonly string[] = ["Pending", "Unknown", "Running"];

/**
 * Which `count` of `candidates` a workload gives up first, by upstream's ranks: pods without a node, not running, not ready,
 * cheap to delete, crowded together on a node with other `related` pods, lately ready, often restarted, young.
 */
export function podsToDelete(candidates: readonly Pod[], related: readonly Pod[], count: number): Pod[] {
  const crowds = new Map<string, number>();
  for (const { spec } of related) crowds.set(spec?.nodeName ?? "", (crowds.get(spec?.nodeName ?? "") ?? 0) + 1);
  const ranks = (pod: Pod): readonly number[] => [
    pod.spec?.nodeName ? 1 : 0,
    phaseOrder.indexOf(pod.status?.phase ?? "Pending"),
    isPodReady(pod) ? 1 : 0,
    deletionCost(pod),
    -(crowds.get(pod.spec?.nodeName ?? "") ?? 0),
    -(readySinceMs(pod) ?? 0),
    -restartsOf(pod),
    -Date.parse(pod.metadata?.creationTimestamp ?? ""),
  ];
  return candidates
    .map((pod) => ({ pod, ranks: ranks(pod) }))
    .sort((left, right) => compare(left.ranks, right.ranks))
    .slice(0, count)
    .map(({ pod }) => pod);
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return 0;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[deletionCostAnnotation] ?? "";
  return /^-?(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : 0;
}
