import type { Counter, MetricsRegistry } from "../server/metrics/metrics-registry.ts";

/** Counts evicted pods. */
export interface EvictionCounter {
  /** @param signal what a limit was exceeded of, as upstream names it */
  evicted(signal: string): void;
}

/** Adds upstream's metric of evicted pods. */
export function registerEvictionMetrics(registry: MetricsRegistry): EvictionCounter {
  const evictions: Counter = registry.counter(
    "kubelet_evictions",
    "Cumulative number of pod evictions by eviction signal.",
  );
  return { evicted: (signal) => evictions.add({ eviction_signal: signal }) };
}
