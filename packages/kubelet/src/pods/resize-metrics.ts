import {
  type Container,
  findPodCondition,
  type Pod,
  type PodSpec,
  parseResourceList,
  resizableResources,
} from "@wherry/kubernetes";
import type { InfeasibleDetail } from "../admission/check-resize.ts";
import type { MetricsRegistry } from "../server/metrics/metrics-registry.ts";

/** Counts what is asked for and what cannot be. */
export interface ResizeCounters {
  /** A pod came with another spec than before. */
  requested(before: PodSpec, after: PodSpec): void;
  infeasible(detail: InfeasibleDetail): void;
}

/**
 * Adds upstream's metrics of resizes that are asked for, pending and in progress.
 *
 * @param pods the pods of this node with their latest status
 */
export function registerResizeMetrics(registry: MetricsRegistry, pods: () => readonly Pod[]): ResizeCounters {
  registry.collected("gauge", "kubelet_pod_pending_resizes", "Number of pending resizes for pods.", function* () {
    const reasons = pods().map(({ status }) => findPodCondition(status, "PodResizePending")?.reason?.toLowerCase());
    for (const reason of ["deferred", "infeasible"]) {
      const count = reasons.filter((other) => other === reason).length;
      if (count > 0) yield [{ reason }, count];
    }
  });
  registry.observed(
    "gauge",
    "kubelet_pod_in_progress_resizes",
    "Number of in-progress resizes for pods.",
    () => pods().filter(({ status }) => findPodCondition(status, "PodResizeInProgress") !== undefined).length,
  );
  const requested = registry.counter(
    "kubelet_container_requested_resizes_total",
    "Number of requested resizes, counted at the container level.",
  );
  const infeasible = registry.counter("kubelet_pod_infeasible_resizes_total", "Number of infeasible resizes for pods.");
  return {
    requested(before, after) {
      for (const labels of resizeOperations(before, after)) requested.add({ ...labels });
    },
    infeasible: (detail) => infeasible.add({ reason_detail: detail }),
  };
}

/** One amount of one container that a change of the spec asks to move. */
export interface ResizeOperation {
  readonly resource: string;
  readonly requirement: "limits" | "requests";
  readonly operation: "add" | "remove" | "increase" | "decrease";
}

/** What a change of the spec asks for, by container, resource and list. */
export function resizeOperations(before: PodSpec, after: PodSpec): ResizeOperation[] {
  const older = new Map(containersOf(before).map((container) => [container.name, container]));
  return containersOf(after).flatMap((container) => {
    const previous = older.get(container.name);
    return previous === undefined ? [] : operationsOf(previous, container);
  });
}

function operationsOf(before: Container, after: Container): ResizeOperation[] {
  return (["limits", "requests"] as const).flatMap((requirement) => {
    const from = parseResourceList(before.resources?.[requirement]);
    const to = parseResourceList(after.resources?.[requirement]);
    return resizableResources.flatMap((resource) => {
      const operation = operationOf(from[resource]?.nano ?? 0n, to[resource]?.nano ?? 0n);
      return operation === undefined ? [] : [{ resource, requirement, operation }];
    });
  });
}

function operationOf(from: bigint, to: bigint): ResizeOperation["operation"] | undefined {
  if (from === to) return undefined;
  if (from === 0n) return "add";
  if (to === 0n) return "remove";
  return to > from ? "increase" : "decrease";
}

function containersOf(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}
