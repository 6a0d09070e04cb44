import { FakeClock, silentLogger } from "@wherry/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { WatchedObjects } from "../../src/objects/watched-objects.ts";
import { FakeObjectSource } from "./fake-object-source.ts";

const seed = Number(process.env["WHERRY_TEST_SEED"] ?? Date.now() % 1_000_000);

const names = ["a", "b", "c"] as const;
const holders = ["p1", "p2", "p3"] as const;

type Step =
  | { readonly kind: "hold"; readonly holder: string; readonly names: string[] }
  | { readonly kind: "get"; readonly name: string }
  | { readonly kind: "write"; readonly name: string; readonly value: string | undefined }
  | { readonly kind: "wait"; readonly ms: number };

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("hold" as const),
    holder: fc.constantFrom(...holders),
    names: fc.uniqueArray(fc.constantFrom<string>(...names)),
  }),
  fc.record({ kind: fc.constant("get" as const), name: fc.constantFrom<string>(...names) }),
  fc.record({
    kind: fc.constant("write" as const),
    name: fc.constantFrom<string>(...names),
    value: fc.option(fc.string({ maxLength: 3 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(0, 10_000, 60_000) }),
);

test(`WatchedObjects answers the server's state and watches only what is held or was lately (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 40 }), async (steps) => {
      const source = new FakeObjectSource();
      const clock = new FakeClock();
      const objects = new WatchedObjects({ source, clock, logger: silentLogger, onChange: () => undefined });
      const held = new Map<string, readonly string[]>();
      const lastHeldMs = new Map<string, number>();
      for (const step of steps) {
        if (step.kind === "hold") {
          for (const name of held.get(step.holder) ?? []) lastHeldMs.set(name, clock.now());
          objects.hold(
            step.holder,
            step.names.map((name) => ({ namespace: "ns", name })),
          );
          held.set(step.holder, step.names);
        } else if (step.kind === "get") {
          const known = await objects.get("ns", step.name);
          expect(known?.data).toEqual(source.objects.get(`ns/${step.name}`)?.data);
        } else if (step.kind === "write") {
          if (step.value === undefined) source.objects.delete(`ns/${step.name}`);
          else source.set(step.name, { value: step.value });
          if (source.followed.has(step.name)) source.tell(step.name);
        } else {
          await clock.advance(step.ms);
        }
        const heldNow = new Set([...held.values()].flat());
        for (const name of source.followed)
          if (!heldNow.has(name)) expect(clock.now() - (lastHeldMs.get(name) ?? 0)).toBeLessThanOrEqual(60_000);
      }
      for (const holder of holders) objects.release(holder);
      await clock.advance(60_000);
      expect(source.followed.size).toBe(0);
      expect(objects.size).toBe(0);
      expect(clock.pending).toBe(0);
    }),
    { seed, numRuns: 100 },
  );
});
