import { KubeletError } from "../../errors.ts";
import { Distribution, defaultBuckets } from "./distribution.ts";

export type MetricLabels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  /** @param by 0 or more; @default 1 */
  add(labels?: MetricLabels, by?: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
}

/** A distribution over buckets. */
export interface Histogram {
  observe(value: number, labels?: MetricLabels): void;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Lines of the family, without its head. */
  render(): string[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
// A family with more series than this is a mistake in its labels; what is beyond is not counted.
const maxSeries = 2_000;

/** Metrics by name, and their text in Prometheus' exposition format 0.0.4. */
export class MetricsRegistry {
  readonly #families: Map<string, Family> = new Map();

  counter(name: string, help: string): Counter {
    const series = new SeriesMap<number>();
    this.#register({
      name,
      help,
      type: "counter",
      render: () => series.lines((labels, value) => [sample(name, labels, value)]),
    });
    return { add: (labels = {}, by = 1) => series.update(labels, (value = 0) => value + Math.max(0, by)) };
  }

  gauge(name: string, help: string): Gauge {
    const series = new SeriesMap<number>();
    this.#register({
      name,
      help,
      type: "gauge",
      render: () => series.lines((labels, value) => [sample(name, labels, value)]),
    });
    return { set: (value, labels = {}) => series.update(labels, () => value) };
  }

  /** A metric whose value is asked for when it is read; undefined leaves it out. */
  observed(
    type: "counter" | "gauge",
    name: string,
    help: string,
    read: () => number | undefined,
    labels: MetricLabels = {},
  ): void {
    const render = () => {
      const value = read();
      return value === undefined ? [] : [sample(name, labels, value)];
    };
    this.#register({ name, help, type, render });
  }

  /** A metric whose series are asked for when it is read, so that those of things that are gone go too. */
  collected(
    type: "counter" | "gauge",
    name: string,
    help: string,
    read: () => Iterable<readonly [labels: MetricLabels, value: number]>,
  ): void {
    const render = () => Array.from(read(), ([labels, value]) => sample(name, labels, value));
    this.#register({ name, help, type, render });
  }

  /** @param buckets upper bounds, ascending, without infinity */
  histogram(name: string, help: string, buckets: readonly number[] = defaultBuckets): Histogram {
    const series = new SeriesMap<Distribution>();
    const render = () => series.lines((labels, distribution) => histogramLines(name, labels, distribution));
    this.#register({ name, help, type: "histogram", render });
    return {
      observe: (value, labels = {}) =>
        series.update(labels, (distribution = new Distribution(buckets)) => {
          distribution.observe(value);
          return distribution;
        }),
    };
  }

  /** Distributions whose series are asked for when they are read, so that those of things that are gone go too. */
  collectedHistogram(
    name: string,
    help: string,
    read: () => Iterable<readonly [labels: MetricLabels, distribution: Distribution]>,
  ): void {
    const render = () =>
      Array.from(read(), ([labels, distribution]) => histogramLines(name, labels, distribution)).flat();
    this.#register({ name, help, type: "histogram", render });
  }

  /** The whole text, families by name. */
  render(): string {
    const families = [...this.#families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const lines = families.flatMap(({ name, help, type, render }) => {
      const samples = render();
      if (samples.length === 0) return [];
      return [
        `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
        `# TYPE ${name} ${type}`,
        ...samples,
      ];
    });
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  #register(family: Family): void {
    if (!namePattern.test(family.name))
      throw new KubeletError("MetricInvalid", `Cannot register the metric "${family.name}": it is no metric name`);
    if (this.#families.has(family.name))
      throw new KubeletError("MetricInvalid", `Cannot register the metric "${family.name}": it is registered already`);
    this.#families.set(family.name, family);
  }
}

/** Values by labels, of a bounded number. */
class SeriesMap<V> {
  readonly #series: Map<string, { readonly labels: MetricLabels; value: V }> = new Map();

  update(labels: MetricLabels, change: (value: V | undefined) => V): void {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const present = this.#series.get(key);
    if (present !== undefined) present.value = change(present.value);
    else if (this.#series.size < maxSeries) this.#series.set(key, { labels: { ...labels }, value: change(undefined) });
  }

  lines(render: (labels: MetricLabels, value: V) => string[]): string[] {
    return [...this.#series.values()].flatMap(({ labels, value }) => render(labels, value));
  }
}

function histogramLines(name: string, labels: MetricLabels, distribution: Distribution): string[] {
  const { sum, count } = distribution;
  const bucket = (le: string, value: number) => sample(`${name}_bucket`, { ...labels, le }, value);
  return [
    ...Array.from(distribution.cumulative(), ([bound, below]) => bucket(String(bound), below)),
    bucket("+Inf", count),
    sample(`${name}_sum`, labels, sum),
    sample(`${name}_count`, labels, count),
  ];
}

function sample(name: string, labels: MetricLabels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
