import type { Pod } from "@wherry/kubernetes";

/** Label and annotation with the index of a pod of an indexed job. */
export const completionIndexKey = "batch.kubernetes.io/job-completion-index";

/** Indexes as `status.completedIndexes` has them: `1,3-5,7`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...new Set(indexes)].sort((left, right) => left - right);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    const [first, last] = [sorted[start], sorted[end]];
    // Two in a row are written one by one, as upstream does.
    if (end === start) parts.push(String(first));
    else parts.push(end === start + 1 ? `${first},${last}` : `${first}-${last}`);
    start = end + 1;
  }
  return parts.join(",");
}

/** Reads what formatIndexes() writes; indexes that are not below `completions` are dropped. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const [, first = "", last = first] of (text ?? "").matchAll(/(\d+)(?:-(\d+))?/g)) {
    for (let index = Number(first); index <= Number(last) && index < completions; index++) indexes.add(index);
  }
  return indexes;
}

/** The index that a pod works on; undefined for one without. */
export function completionIndexOf({ metadata }: Pod): number | undefined {
  const text = metadata?.annotations?.[completionIndexKey];
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The lowest `count` indexes that are neither done nor being worked on. */
export function nextIndexes(completions: number, taken: ReadonlySet<number>, count: number): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < completions && indexes.length < count; index++) {
    if (!taken.has(index)) indexes.push(index);
  }
  return indexes;
}
