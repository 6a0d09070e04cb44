import type { EdgeTable } from "@wherry/machine";
import { describe, expect, test } from "vitest";
import type { ProviderBench } from "./provider-bench.ts";

export function machineTests<E extends EdgeTable, Context>(bench: () => ProviderBench<E, Context>): void {
  describe("machine", () => {
    const edgesOf = () => bench().provider.machine.edges as EdgeTable;

    test("every edge leads to a state, and every state is there under its name", () => {
      const { machine } = bench().provider;
      const names = Object.keys(edgesOf()).toSorted();
      expect(Object.keys(machine.states).toSorted()).toEqual(names);
      for (const [name, state] of Object.entries<{ readonly name: string }>(machine.states))
        expect(state.name).toBe(name);
      for (const successors of Object.values(edgesOf())) for (const to of successors) expect(names).toContain(to);
      expect(names).toContain(machine.initial);
      expect(names).toContain(bench().provider.stopping);
    });

    test("from every state in which a pod lives there is an edge to the one that ends it", () => {
      const { machine, stopping } = bench().provider;
      for (const name of reachable(edgesOf(), machine.initial, stopping))
        if (edgesOf()[name]?.length !== 0) expect(edgesOf()[name], `edges of "${name}"`).toContain(stopping);
    });

    test("the state that ends a pod leads to an end, and never back to one in which it lives", () => {
      const { machine, stopping } = bench().provider;
      const living = reachable(edgesOf(), machine.initial, stopping);
      const ending = reachable(edgesOf(), stopping, undefined);
      expect(ending.some((name) => edgesOf()[name]?.length === 0)).toBe(true);
      expect(
        ending.filter((name) => name !== stopping && living.includes(name) && edgesOf()[name]?.length !== 0),
      ).toEqual([]);
    });
  });
}

/** States that can be reached, without going beyond `until`. */
function reachable(edges: EdgeTable, from: string, until: string | undefined): string[] {
  const found = new Set([from]);
  for (const name of found) if (name !== until) for (const to of edges[name] ?? []) found.add(to);
  if (until !== undefined) found.delete(until);
  return [...found];
}
