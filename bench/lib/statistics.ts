/** Nearest-rank percentile of `values`, `share` in 0..1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** One line of a result table: a figure, its ratio to the baseline of the same run, and the target it is held against. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly target?: string;
}

/** A number as tables show it. */
export function formatFigure(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

/** Prints figures as a Markdown table. */
export function printFigures(title: string, figures: readonly Figure[]): void {
  console.log(`\n### ${title}\n\n| figure | value | ratio | target |\n| --- | --- | --- | --- |`);
  for (const { name, value, unit, baseline, target } of figures) {
    const ratio = baseline === undefined ? "" : `${(value / baseline.value).toFixed(2)} x ${baseline.name}`;
    console.log(`| ${name} | ${formatFigure(value)} ${unit} | ${ratio} | ${target ?? ""} |`);
  }
}
