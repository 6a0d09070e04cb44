import { describe, expect, test } from "vitest";
import { Distribution } from "../../src/server/metrics/distribution.ts";
import { MetricsRegistry } from "../../src/server/metrics/metrics-registry.ts";
import { registerProcessMetrics } from "../../src/server/metrics/process-metrics.ts";

describe("MetricsRegistry", () => {
  test("MetricsRegistry renders counters and gauges with labels, families by name", () => {
    const registry = new MetricsRegistry();
    const requests = registry.counter("requests_total", "Requests\nserved.");
    registry.gauge("a_gauge", "A gauge.").set(1.5);
    requests.add({ path: 'a"b\\c\n', code: "200" });
    requests.add({ code: "200", path: 'a"b\\c\n' }, 2);
    registry.observed("gauge", "unknown", "Not there.", () => undefined);
    expect(registry.render()).toBe(
      [
        "# HELP a_gauge A gauge.",
        "# TYPE a_gauge gauge",
        "a_gauge 1.5",
        "# HELP requests_total Requests\\nserved.",
        "# TYPE requests_total counter",
        'requests_total{path="a\\"b\\\\c\\n",code="200"} 3',
        "",
      ].join("\n"),
    );
  });

  test("MetricsRegistry renders histograms cumulatively", () => {
    const registry = new MetricsRegistry();
    const seconds = registry.histogram("seconds", "Durations.", [1, 2]);
    for (const value of [0.5, 1, 1.5, 9]) seconds.observe(value);
    expect(registry.render().split("\n").slice(2, -1)).toEqual([
      'seconds_bucket{le="1"} 2',
      'seconds_bucket{le="2"} 3',
      'seconds_bucket{le="+Inf"} 4',
      "seconds_sum 12",
      "seconds_count 4",
    ]);
  });

  test("MetricsRegistry renders distributions that are asked for when they are read", () => {
    const registry = new MetricsRegistry();
    const series = new Map([["a", new Distribution([1])]]);
    registry.collectedHistogram("seconds", "Durations.", function* () {
      for (const [id, distribution] of series) yield [{ id }, distribution];
    });
    series.get("a")?.observe(0.5);
    const other = new Distribution([1]);
    other.observe(2);
    series.get("a")?.add(other);
    expect(registry.render().split("\n").slice(1, -1)).toEqual([
      "# TYPE seconds histogram",
      'seconds_bucket{id="a",le="1"} 1',
      'seconds_bucket{id="a",le="+Inf"} 2',
      'seconds_sum{id="a"} 2.5',
      'seconds_count{id="a"} 2',
    ]);
    series.clear();
    expect(registry.render()).toBe("");
  });

  test("MetricsRegistry refuses a name twice and bounds the number of series", () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter("x", "X.");
    expect(() => registry.gauge("x", "X.")).toThrow('Cannot register the metric "x"');
    for (let index = 0; index < 5_000; index++) counter.add({ id: String(index) });
    expect(registry.render().split("\n").length).toBeLessThan(2_010);
  });

  test("registerProcessMetrics() tells memory and CPU of this process", () => {
    const registry = new MetricsRegistry();
    registerProcessMetrics(registry, 5_000);
    const text = registry.render();
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d{6,}$/m);
    expect(text).toMatch(/^process_start_time_seconds 5$/m);
  });
});
