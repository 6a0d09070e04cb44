import type { MetricsRegistry } from "../server/metrics/metrics-registry.ts";
import type { ProbeManager } from "./probe-manager.ts";
import type { ProbeResult } from "./probe-worker.ts";

const results: Readonly<Record<ProbeResult, string>> = {
  success: "successful",
  failure: "failed",
  unknown: "unknown",
};

/** Adds upstream's counter of probes. A pod's series end with the pod. */
export function registerProbeMetrics(registry: MetricsRegistry, probes: ProbeManager): void {
  const help = "Cumulative number of a liveness, readiness or startup probe for a container by result.";
  registry.collected("counter", "prober_probe_total", help, function* () {
    for (const { pod, container, kind, result, count } of probes.counts()) {
      const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
      const probeType = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
      const labels = { probe_type: probeType, result: results[result], container, pod: name, namespace, pod_uid: uid };
      yield [labels, count];
    }
  });
}
