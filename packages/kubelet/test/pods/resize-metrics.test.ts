import type { Pod, PodSpec, ResourceRequirements } from "@wherry/kubernetes";
import { expect, test } from "vitest";
import { registerResizeMetrics, resizeOperations } from "../../src/pods/resize-metrics.ts";
import { MetricsRegistry } from "../../src/server/metrics/metrics-registry.ts";

const spec = (resources: ResourceRequirements): PodSpec => ({ containers: [{ name: "main", resources }] });

test("resizeOperations() counts each resource of each list, and nothing that is written otherwise", () => {
  const before = spec({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1" } });
  const after = spec({ limits: { cpu: "2000m", memory: "1024Mi", gpu: "1" }, requests: { memory: "1Gi" } });
  expect(resizeOperations(before, after)).toEqual([
    { resource: "cpu", requirement: "limits", operation: "increase" },
    { resource: "cpu", requirement: "requests", operation: "remove" },
    { resource: "memory", requirement: "requests", operation: "add" },
  ]);
  expect(resizeOperations(after, before)[0]?.operation).toBe("decrease");
  expect(resizeOperations(before, { containers: [{ name: "other" }] })).toEqual([]);
});

test("registerResizeMetrics() tells what pods say of themselves, under upstream's names", () => {
  const registry = new MetricsRegistry();
  const pods: Pod[] = [
    { status: { conditions: [{ type: "PodResizePending", status: "True", reason: "Deferred" }] } },
    {
      status: {
        conditions: [
          { type: "PodResizePending", status: "True", reason: "Infeasible" },
          { type: "PodResizeInProgress", status: "True" },
        ],
      },
    },
  ];
  const counters = registerResizeMetrics(registry, () => pods);
  counters.requested(spec({ limits: { cpu: "1" } }), spec({ limits: { cpu: "2" } }));
  counters.infeasible("static_pod");
  const samples = registry
    .render()
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(samples).toEqual([
    'kubelet_container_requested_resizes_total{resource="cpu",requirement="limits",operation="increase"} 1',
    "kubelet_pod_in_progress_resizes 1",
    'kubelet_pod_infeasible_resizes_total{reason_detail="static_pod"} 1',
    'kubelet_pod_pending_resizes{reason="deferred"} 1',
    'kubelet_pod_pending_resizes{reason="infeasible"} 1',
  ]);
  pods.length = 0;
  expect(registry.render()).not.toContain("kubelet_pod_pending_resizes");
});
