import { formatFigure } from "./statistics.ts";

/** One line of a table that sets something against a reference measured in the same run; without `reference` there is no ratio. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly measured: number | undefined;
  readonly reference: number | undefined;
}

/** Prints comparisons as a Markdown table. */
export function printComparisons(
  title: string,
  names: { readonly measured: string; readonly reference: string },
  comparisons: readonly Comparison[],
): void {
  const { measured, reference } = names;
  const head = `| figure | ${reference} | ${measured} | ${measured} / ${reference} |\n| --- | --- | --- | --- |`;
  console.log(`\n### ${title}\n\n${head}`);
  for (const row of comparisons) {
    const cell = (value: number | undefined) => (value === undefined ? "" : `${formatFigure(value)} ${row.unit}`);
    const ratio =
      row.measured === undefined || row.reference === undefined ? "" : formatFigure(row.measured / row.reference);
    console.log(`| ${row.name} | ${cell(row.reference)} | ${cell(row.measured)} | ${ratio} |`);
  }
}
