/** A test of ours, by its file from the root of the repository and its title. */
export type TestReference = readonly [file: string, title: string];

/** A behaviour that upstream's NodeConformance suite asks of a node, and where it is shown. */
export interface Behaviour {
  /** Upstream's name, without its labels. */
  readonly name: string;
  readonly result: "covered" | "not applicable" | "missing";
  readonly tests: readonly TestReference[];
  /** Why it is not covered. */
  readonly why?: string;
}

/** Behaviours of one part of a node. */
export interface BehaviourGroup {
  /** What upstream's names begin with. */
  readonly area: string;
  readonly behaviours: readonly Behaviour[];
}

export function covered(name: string, ...tests: readonly TestReference[]): Behaviour {
  return { name, result: "covered", tests };
}

/** The same reason for each of several names. */
export function notApplicable(why: string, ...names: readonly string[]): Behaviour[] {
  return names.map((name) => ({ name, result: "not applicable", why, tests: [] }));
}

/** What a guest could meet, and the node does not offer yet. */
export function missing(name: string, why: string): Behaviour {
  return { name, result: "missing", why, tests: [] };
}
