import fc from "fast-check";
import { afterEach, describe, test, vi } from "vitest";
import { RandomLives } from "../support/random-lives.ts";
import { type PodPlan, podPlan, restartingPlan, staticPlan, steadyPlan } from "../support/random-plans.ts";
import { type Step, step } from "../support/random-steps.ts";

/**
 * Random pods on a node to which random things happen. For longer runs there are variables of the environment:
 *
 * - `WHERRY_RANDOM_RUNS=2000` tries that many lives of each kind,
 * - `WHERRY_RANDOM_SIZE=max` makes lives of up to 60 steps as likely as short ones,
 * - `WHERRY_RANDOM_SEED` and `WHERRY_RANDOM_PATH` begin where a failure was; its report has both, and the shrunken life.
 */
const runs = Number(process.env["WHERRY_RANDOM_RUNS"] ?? 80);
const size = process.env["WHERRY_RANDOM_SIZE"] === "max" ? "max" : "small";
const seed = process.env["WHERRY_RANDOM_SEED"];
const path = process.env["WHERRY_RANDOM_PATH"];
const timeoutMs = 300_000 + runs * 5000;

const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 60, size });

function plans(plan: fc.Arbitrary<PodPlan>): fc.Arbitrary<PodPlan[]> {
  return fc.array(plan, { minLength: 1, maxLength: 3 });
}

describe("standard provider, random lives", () => {
  afterEach(() => void vi.restoreAllMocks());

  async function check(
    pods: fc.Arbitrary<readonly PodPlan[]>,
    events: fc.Arbitrary<readonly Step[]> = steps,
    numRuns = runs,
  ): Promise<void> {
    const property = fc.asyncProperty(pods, events, fc.integer(), async (given, happening, chance) => {
      const random = mulberry32(chance);
      // Back-off that nobody gave another source of chance.
      vi.spyOn(Math, "random").mockImplementation(random);
      await new RandomLives(given, random).run(happening);
    });
    const replay = seed === undefined ? {} : { seed: Number(seed), ...(path !== undefined && { path }) };
    await fc.assert(property, { numRuns, ...replay });
  }

  test(
    "any pods under any faults keep the invariants, and all end once the faults do",
    async () => {
      await check(plans(podPlan));
    },
    timeoutMs,
  );

  test(
    "pods that restart all of their containers keep the invariants under any faults",
    async () => {
      const begun = fc
        .array(step, { maxLength: 30, size: "max" })
        .map((rest): Step[] => [{ kind: "create", pod: 0 }, ...rest]);
      // Each of these restarts for minutes, every second.
      await check(fc.tuple(restartingPlan), begun, Math.ceil(runs / 2));
    },
    timeoutMs,
  );

  test(
    "pods that run until they are told to end are well after all faults",
    async () => {
      await check(plans(steadyPlan));
    },
    timeoutMs,
  );

  test(
    "static pods come, change, go and return beside others, whatever happens",
    async () => {
      await check(plans(fc.oneof(staticPlan, steadyPlan)));
    },
    timeoutMs,
  );
});

function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
