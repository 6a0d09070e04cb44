import type { Trace } from "./trace.ts";

/** Facts of a subject that only one of the nodes tells. */
export interface KnownFacts {
  readonly subject: RegExp;
  /** What only the Go kubelet tells. */
  readonly go?: RegExp;
  /** What only Wherry tells. */
  readonly wherry?: RegExp;
}

/** Something that only one of the nodes does, and why that is right. */
export interface KnownDifference {
  /** Words that the documentation lists it by. */
  readonly title: string;
  readonly reason: string;
  /** Scenarios it is met in; all where undefined. */
  readonly scenarios?: readonly string[];
  readonly facts: readonly KnownFacts[];
  /** Whether a run may be without it, because it depends on time. @default false */
  readonly sometimes?: boolean;
}

export interface Comparison {
  /** Lines that tell what differs and is not known. */
  readonly differences: readonly string[];
  /** The patterns that a fact was known by. */
  readonly met: ReadonlySet<RegExp>;
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
  const met = new Set<RegExp>();
  const differences: string[] = [];
  const expected = known
    .filter(({ scenarios }) => scenarios === undefined || scenarios.includes(scenario))
    .flatMap(({ facts }) => facts);
  for (const subject of new Set([...go.keys(), ...wherry.keys()])) {
    const here = expected.filter((facts) => facts.subject.test(subject));
    const own = { go: go.get(subject) ?? [], wherry: wherry.get(subject) ?? [] };
    const strip = (node: "go" | "wherry", other: "go" | "wherry") =>
      own[node].filter((fact) => {
        if (own[other].includes(fact)) return true;
        const pattern = here.map((facts) => facts[node]).find((candidate) => candidate?.test(fact) === true);
        if (pattern !== undefined) met.add(pattern);
        return pattern === undefined;
      });
    const [left, right] = [strip("go", "wherry"), strip("wherry", "go")];
    if (left.length === right.length && left.every((fact, index) => fact === right[index])) continue;
    differences.push(`${subject}\n    Go kubelet: ${left.join(", ")}\n    Wherry:     ${right.join(", ")}`);
  }
  return { differences, met };
}

/** Patterns, as texts, of differences that every run must have, by which no fact was known. */
export function unmetDifferences(known: readonly KnownDifference[], met: ReadonlySet<RegExp>): string[] {
  return known.flatMap((difference) =>
    unmetFacts(difference, met).flatMap(({ subject, go, wherry }) =>
      [go, wherry]
        .filter((pattern) => pattern !== undefined && !met.has(pattern))
        .map((pattern) => `${difference.title}: ${subject} ${pattern}`),
    ),
  );
}

/** Names of the scenarios that show what has not been met. */
export function scenariosOfUnmet(known: readonly KnownDifference[], met: ReadonlySet<RegExp>): ReadonlySet<string> {
  return new Set(
    known.flatMap((difference) => (unmetFacts(difference, met).length > 0 ? (difference.scenarios ?? []) : [])),
  );
}

function unmetFacts({ sometimes, facts }: KnownDifference, met: ReadonlySet<RegExp>): KnownDifference["facts"] {
  if (sometimes === true) return [];
  return facts.filter(({ go, wherry }) => [go, wherry].some((pattern) => pattern !== undefined && !met.has(pattern)));
}
