import { Distribution } from "../server/metrics/distribution.ts";
import type { MetricLabels, MetricsRegistry } from "../server/metrics/metrics-registry.ts";
import type { ProbeManager, ProbeSeries } from "./probe-manager.ts";
import type { ProbeResult } from "./probe-worker.ts";

const results: Readonly<Record<ProbeResult, string>> = {
  success: "successful",
  failure: "failed",
  unknown: "unknown",
};

/** Adds upstream's metrics of probes. A pod's series end with the pod. */
export function registerProbeMetrics(registry: MetricsRegistry, probes: ProbeManager): void {
  registry.collected(
    "counter",
    "prober_probe_total",
    "Cumulative number of a liveness, readiness or startup probe for a container by result.",
    function* () {
      for (const series of probes.series())
        for (const result of ["success", "failure", "unknown"] as const) {
          if (series.counts[result] === 0) continue;
          const { probe_type, ...rest } = labelsOf(series);
          const pod_uid = series.pod.metadata?.uid ?? "";
          yield [{ probe_type, result: results[result], ...rest, pod_uid }, series.counts[result]];
        }
    },
  );
  registry.collectedHistogram(
    "prober_probe_duration_seconds",
    "Duration in seconds for a probe response.",
    function* () {
      // Of two pods of one name the older one may still be ending.
      const byName = new Map<string, readonly [MetricLabels, Distribution]>();
      for (const series of probes.series()) {
        if (series.seconds.count === 0) continue;
        const labels = labelsOf(series);
        const key = JSON.stringify(labels);
        const [, total] = byName.get(key) ?? [labels, new Distribution(series.seconds.buckets)];
        total.add(series.seconds);
        byName.set(key, [labels, total]);
      }
      yield* byName.values();
    },
  );
}

function labelsOf({
  pod,
  container,
  kind,
}: ProbeSeries): Record<"probe_type" | "container" | "pod" | "namespace", string> {
  const { name = "", namespace = "" } = pod.metadata ?? {};
  return { probe_type: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, container, pod: name, namespace };
}
