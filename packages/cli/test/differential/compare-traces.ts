import type { Trace } from "./trace.ts";

/** Something that only one of the nodes does, and why that is right. */
export interface KnownDifference {
  /** Words that the documentation lists it by. */
  readonly title: string;
  readonly reason: string;
  /** Scenarios it is met in; all where undefined. */
  readonly scenarios?: readonly string[];
  /** Subject of a trace. */
  readonly subject: RegExp;
  /** Facts that only the Go kubelet tells. */
  readonly go?: RegExp;
  /** Facts that only Wherry tells. */
  readonly wherry?: RegExp;
  /** Whether a run may be without it, because it depends on time. @default false */
  readonly sometimes?: boolean;
}

export interface Comparison {
  /** Lines that tell what differs and is not known. */
  readonly differences: readonly string[];
  readonly met: ReadonlySet<KnownDifference>;
}

/**
 * Compares two traces subject by subject.
 *
 * A known difference takes its facts away from the node that alone tells them; what is left must be equal, in order.
 */
export function compareTraces(
  scenario: string,
  go: Trace,
  wherry: Trace,
  known: readonly KnownDifference[],
): Comparison {
  const met = new Set<KnownDifference>();
  const differences: string[] = [];
  const expected = known.filter(({ scenarios }) => scenarios === undefined || scenarios.includes(scenario));
  for (const subject of new Set([...go.keys(), ...wherry.keys()])) {
    const here = expected.filter((difference) => difference.subject.test(subject));
    const own = { go: go.get(subject) ?? [], wherry: wherry.get(subject) ?? [] };
    const strip = (node: "go" | "wherry", other: "go" | "wherry") =>
      own[node].filter((fact) => {
        if (own[other].includes(fact)) return true;
        const difference = here.find((entry) => entry[node]?.test(fact) === true);
        if (difference !== undefined) met.add(difference);
        return difference === undefined;
      });
    const [left, right] = [strip("go", "wherry"), strip("wherry", "go")];
    if (left.length === right.length && left.every((fact, index) => fact === right[index])) continue;
    differences.push(`${subject}\n    Go kubelet: ${left.join(", ")}\n    Wherry:     ${right.join(", ")}`);
  }
  return { differences, met };
}
