import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricsRegistry } from "./metrics-registry.ts";

/** Adds the metrics every Prometheus client library has of its process, and those of Node's event loop. */
export function registerProcessMetrics(registry: MetricsRegistry, startedAtMs: number): void {
  const counter = (name: string, help: string, read: () => number | undefined) =>
    registry.observed("counter", name, help, read);
  const gauge = (name: string, help: string, read: () => number | undefined) =>
    registry.observed("gauge", name, help, read);
  counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", () => process.memoryUsage.rss());
  gauge(
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    () => startedAtMs / 1000,
  );
  gauge("process_open_fds", "Number of open file descriptors.", openFiles);
  gauge(
    "nodejs_heap_size_used_bytes",
    "Process heap size used from Node.js in bytes.",
    () => process.memoryUsage().heapUsed,
  );
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  gauge("nodejs_eventloop_lag_p99_seconds", "99th percentile of event loop delays since the last reading.", () => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
}

function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // Not Linux.
    return undefined;
  }
}
