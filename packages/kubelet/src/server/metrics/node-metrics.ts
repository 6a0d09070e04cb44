import type { ContainerStatus, Pod } from "@wherry/kubernetes";
import type { Counter, MetricsRegistry } from "./metrics-registry.ts";

export interface NodeMetricsOptions {
  readonly nodeName: string;
  /** The pods of this node with their latest status. */
  readonly pods: () => readonly Pod[];
}

/** Adds what upstream's kubelet tells of its node and pods, under its names. */
export function registerNodeMetrics(registry: MetricsRegistry, { nodeName, pods }: NodeMetricsOptions): void {
  registry.observed("gauge", "kubelet_node_name", "The node's name. The count is always 1.", () => 1, {
    node: nodeName,
  });
  registry.observed("gauge", "kubelet_running_pods", "Number of pods that have a running pod sandbox", () => {
    return pods().filter((pod) => containersOf(pod).some(({ state }) => state?.running !== undefined)).length;
  });
  registry.observed(
    "gauge",
    "kubelet_running_containers",
    "Number of containers currently running",
    () =>
      pods()
        .flatMap(containersOf)
        .filter(({ state }) => state?.running !== undefined).length,
    { container_state: "running" },
  );
}

/** Counts answered requests by method, kind of path and status. */
export function registerRequestMetrics(
  registry: MetricsRegistry,
): (method: string, path: string, status: number) => void {
  const requests: Counter = registry.counter(
    "kubelet_http_requests_total",
    "Number of the http requests received since the server started",
  );
  return (method, path, status) => {
    // Only the first segment: the rest names pods.
    const kind = path.split("/")[1] ?? "";
    requests.add({ method, path: kind, server_type: "readwrite", code: String(status) });
  };
}

function containersOf({ status }: Pod): ContainerStatus[] {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
}
