import { describe, expect, test } from "vitest";
import { adaptState } from "../src/adapt-state.ts";
import { terminal } from "../src/errors.ts";
import { MachineRunner } from "../src/runner.ts";
import type { MachineDefinition, State } from "../src/state.ts";

const librarySteps = { fetching: ["running", "failed"], running: [], failed: [] } as const;

interface Tank {
  broken: boolean;
  fetched: number;
}

const fetching: State<typeof librarySteps, "fetching", Tank, string> = {
  name: "fetching",
  retry: { backoff: { initialMs: 1, maxMs: 1 }, maxTries: 1 },
  status: (tank) => `fetched ${tank.fetched}`,
  failed: () => "failed",
  async next(tank) {
    if (tank.broken) throw terminal(new Error("broken"));
    tank.fetched++;
    return "running";
  },
};

const edges = { loading: ["warming", "broken"], warming: ["warm"], broken: [], warm: [] } as const;

const machine: MachineDefinition<typeof edges, { tank: Tank; warmed: boolean }, string> = {
  name: "own",
  edges,
  initial: "loading",
  states: {
    loading: adaptState(fetching, {
      name: "loading",
      successors: { running: "warming", failed: "broken" },
      context: (own) => own.tank,
    }),
    warming: {
      name: "warming",
      async next(own) {
        own.warmed = true;
        return "warm";
      },
    },
    broken: { name: "broken", next: async () => "done" },
    warm: { name: "warm", next: async () => "done" },
  },
};

describe("adaptState()", () => {
  test("adaptState() leads successors along the other machine's edges and keeps work and description", async () => {
    const context = { tank: { broken: false, fetched: 0 }, warmed: false };
    const published: string[] = [];
    const runner = new MachineRunner(machine, { context, publish: (status) => void published.push(status) });
    expect(await runner.run(new AbortController().signal)).toBe("warm");
    expect(runner.log.map(({ to }) => to)).toEqual(["loading", "warming", "warm"]);
    expect(context).toEqual({ tank: { broken: false, fetched: 1 }, warmed: true });
    expect(published).toEqual(["fetched 0"]);
  });

  test("adaptState() does not compile with an edge the other machine lacks, nor with a successor left out", () => {
    type Own = State<typeof edges, "loading", Tank, string>;
    const fit = { name: "loading", context: (tank: Tank) => tank } as const;
    const noEdge = { running: "warm", failed: "broken" } as const;
    const leftOut = { running: "warming" } as const;
    // @ts-expect-error: loading has no edge to warm
    const wrong: Own = adaptState(fetching, { ...fit, successors: noEdge });
    // @ts-expect-error: where failed leads is not said
    const missing: Own = adaptState(fetching, { ...fit, successors: leftOut });
    expect([wrong.name, missing.name]).toEqual(["loading", "loading"]);
  });

  test("adaptState() leads the successor after a failure too", async () => {
    const context = { tank: { broken: true, fetched: 0 }, warmed: false };
    expect(await new MachineRunner(machine, { context }).run(new AbortController().signal)).toBe("broken");
  });
});
