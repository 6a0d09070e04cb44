import type { Counter, MetricsRegistry } from "../server/metrics/metrics-registry.ts";

/** Counts a pod that ended for a critical one. */
export interface PreemptionCounter {
  /** @param signal the resource that was short */
  preempted(signal: string): void;
}

/** Adds upstream's metric of preempted pods. */
export function registerPreemptionMetrics(registry: MetricsRegistry): PreemptionCounter {
  const preemptions: Counter = registry.counter(
    "kubelet_preemptions",
    "Cumulative number of pod preemptions by preemption resource.",
  );
  return { preempted: (signal) => preemptions.add({ preemption_signal: signal }) };
}
