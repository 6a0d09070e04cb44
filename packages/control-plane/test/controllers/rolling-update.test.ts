import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  newReplicaSetSize,
  type Resize,
  rollingBounds,
  scaleProportionally,
  shrinkOldReplicaSets,
} from "../../src/controllers/deployment/rolling-update.ts";
import { deploymentWith, replicaSetNamed } from "./builders.ts";

const sizes = (resizes: readonly Resize[]) =>
  Object.fromEntries(resizes.map(({ replicaSet, replicas }) => [replicaSet.metadata?.name ?? "", replicas]));

describe("rollingBounds()", () => {
  test.each([
    [10, "25%", "25%", { maxSurge: 3, maxUnavailable: 2 }],
    [1, "25%", "25%", { maxSurge: 1, maxUnavailable: 0 }],
    [3, 0, "10%", { maxSurge: 0, maxUnavailable: 1 }],
    [2, 5, 5, { maxSurge: 5, maxUnavailable: 2 }],
    [0, "50%", "50%", { maxSurge: 0, maxUnavailable: 0 }],
  ])("of %d pods with surge %s and unavailable %s", (replicas, maxSurge, maxUnavailable, expected) => {
    const { spec } = deploymentWith(replicas, maxSurge, maxUnavailable);
    expect(rollingBounds(spec as NonNullable<typeof spec>)).toEqual(expected);
  });
});

describe("newReplicaSetSize()", () => {
  test.each([
    [10, 3, 10, 0, 3],
    [10, 3, 13, 3, 3],
    [10, 3, 11, 3, 5],
    [10, 3, 4, 0, 9],
    [10, 0, 10, 0, 0],
  ])("of %d with surge %d beside %d pods, %d of them new, is %d", (wanted, surge, total, present, expected) => {
    const sets = [replicaSetNamed("old", total - present, 0), replicaSetNamed("new", present, 0)];
    expect(newReplicaSetSize(deploymentWith(wanted, surge, 1), sets, present)).toBe(expected);
  });
});

describe("shrinkOldReplicaSets()", () => {
  test("takes no more than may be missing", () => {
    const deployment = deploymentWith(10, 0, 2);
    expect(sizes(shrinkOldReplicaSets(deployment, undefined, [replicaSetNamed("old", 10, 10)]))).toEqual({ old: 8 });
    expect(shrinkOldReplicaSets(deployment, replicaSetNamed("new", 2, 0), [replicaSetNamed("old", 8, 8)])).toEqual([]);
  });

  test("begins with pods that are not available anyway", () => {
    const deployment = deploymentWith(10, 2, 0);
    const old = [replicaSetNamed("a", 8, 8), replicaSetNamed("b", 2, 0)];
    expect(sizes(shrinkOldReplicaSets(deployment, replicaSetNamed("new", 2, 2), old))).toEqual({ b: 0 });
  });

  test("waits for new pods to become available", () => {
    const deployment = deploymentWith(3, 1, 0);
    const old = [replicaSetNamed("old", 3, 3)];
    expect(shrinkOldReplicaSets(deployment, replicaSetNamed("new", 1, 0), old)).toEqual([]);
    expect(sizes(shrinkOldReplicaSets(deployment, replicaSetNamed("new", 1, 1), old))).toEqual({ old: 2 });
  });

  test("never leaves fewer available pods than allowed", () => {
    const set = fc.record({ size: fc.nat(12), broken: fc.nat(12) });
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.nat(4),
        fc.nat(4),
        fc.array(set, { maxLength: 4 }),
        set,
        (wanted, surge, missing, olds, fresh) => {
          const make = (name: string, { size, broken }: { size: number; broken: number }) =>
            replicaSetNamed(name, size, Math.max(0, size - broken));
          const deployment = deploymentWith(wanted, surge, missing);
          const spec = deployment.spec as NonNullable<typeof deployment.spec>;
          const old = olds.map((item, index) => make(`old-${index}`, item));
          const newSet = make("new", fresh);
          const before = [...old, newSet].reduce((sum, item) => sum + (item.status?.availableReplicas ?? 0), 0);
          const lost = shrinkOldReplicaSets(deployment, newSet, old).reduce((sum, { replicaSet, replicas }) => {
            expect(replicas).toBeGreaterThanOrEqual(0);
            expect(replicas).toBeLessThan(replicaSet.spec?.replicas ?? 0);
            return sum + Math.max(0, (replicaSet.status?.availableReplicas ?? 0) - replicas);
          }, 0);
          expect(before - lost).toBeGreaterThanOrEqual(Math.min(before, wanted - rollingBounds(spec).maxUnavailable));
        },
      ),
    );
  });
});

describe("scaleProportionally()", () => {
  const max = (count: number) => ({ "deployment.kubernetes.io/max-replicas": String(count) });

  test("shares growth by size and gives the rest to the largest", () => {
    const active = [replicaSetNamed("old", 8, 8, max(13)), replicaSetNamed("new", 5, 5, max(13))];
    expect(sizes(scaleProportionally(deploymentWith(15, 3, 2), active))).toEqual({ old: 11, new: 7 });
  });

  test("shares shrinking", () => {
    const active = [replicaSetNamed("old", 8, 8, max(13)), replicaSetNamed("new", 5, 5, max(13))];
    expect(sizes(scaleProportionally(deploymentWith(5, 3, 2), active))).toEqual({ old: 5, new: 3 });
    expect(sizes(scaleProportionally(deploymentWith(0, 3, 2), active))).toEqual({ old: 0, new: 0 });
  });

  test("always ends with as many pods as are allowed", () => {
    const sizesOf = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(sizesOf, fc.nat(40), fc.nat(5), (counts, wanted, surge) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        const active = counts.map((count, index) => replicaSetNamed(`s${index}`, count, count, max(total)));
        const resized = Object.values(sizes(scaleProportionally(deploymentWith(wanted, surge, 1), active)));
        for (const size of resized) expect(size).toBeGreaterThanOrEqual(0);
        const sum = resized.reduce((all, size) => all + size, 0);
        expect(sum).toBe(wanted === 0 ? 0 : wanted + surge);
      }),
    );
  });
});
