import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PathTable } from "../src/path-table.ts";

describe("PathTable", () => {
  test("knows of each path the last layer that marked it, and its time", () => {
    const table = new PathTable();
    expect([table.mark("a", 1), table.mark("a", 1), table.mark("a", 2), table.mark("b", 1)]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect([table.isMarked("a", 1), table.isMarked("a", 2), table.isMarked("b", 1), table.isMarked("c", 1)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect([table.time("a"), table.time("c")]).toEqual([undefined, undefined]);
    table.setTime("a", 1.5);
    table.mark("a", 3);
    expect([table.time("a"), table.size]).toEqual([1.5, 2]);
  });

  test("answers as a map does, whatever it is asked", () => {
    const operation = fc.record({
      path: fc.string({ maxLength: 3 }),
      layer: fc.integer({ min: 1, max: 3 }),
      seconds: fc.double({ noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 2000, size: "max" }), (operations) => {
        const table = new PathTable();
        const layers = new Map<string, number>();
        const times = new Map<string, number>();
        for (const { path, layer, seconds } of operations) {
          expect(table.mark(path, layer)).toBe(layers.get(path) !== layer);
          table.setTime(path, seconds);
          layers.set(path, layer);
          times.set(path, seconds);
        }
        expect(table.size).toBe(layers.size);
        for (const [path, layer] of layers) {
          expect(table.isMarked(path, layer)).toBe(true);
          expect(table.isMarked(path, layer + 1)).toBe(false);
          expect(table.time(path)).toBe(times.get(path));
        }
      }),
      { numRuns: 20 },
    );
  });

  test("costs at most 75 bytes for a path, however long it is", () => {
    const table = new PathTable();
    for (let index = 0; index < 20_000; index++) {
      table.mark(`${index}/${"x".repeat(1000)}`, 1);
      if (index >= 1000) expect(table.byteLength).toBeLessThanOrEqual(75 * table.size);
    }
    expect(table.size).toBe(20_000);
  });
});
