import type { Histogram, MetricsRegistry } from "../server/metrics/metrics-registry.ts";

const bucketsMs = [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];

/** How long it takes to give pods what a resize granted them, as upstream's metric of it. */
export class ResizeTimes {
  #histogram: Histogram | undefined;

  register(registry: MetricsRegistry): void {
    const help = "Duration in milliseconds to actuate a pod resize";
    this.#histogram = registry.histogram("kubelet_pod_resize_duration_milliseconds", help, bucketsMs);
  }

  /** Counts one round of calls to the runtime; before `register`, for nobody. */
  observe(durationMs: number, success: boolean): void {
    this.#histogram?.observe(durationMs, { success: String(success) });
  }
}
