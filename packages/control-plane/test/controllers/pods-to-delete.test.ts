import { describe, expect, test } from "vitest";
import { availableInMs, isActive, isTerminating, nextAvailableInMs } from "../../src/controllers/kit/pod-state.ts";
import { podsToDelete } from "../../src/controllers/kit/pods-to-delete.ts";
import { nowMs, podNamed } from "./builders.ts";

const names = (pods: readonly { metadata?: { name?: string | undefined } | undefined }[]) =>
  pods.map(({ metadata }) => metadata?.name);

describe("podsToDelete()", () => {
  test("goes by node, phase, readiness, cost, crowd, ready time, restarts and age", () => {
    const cost = { "controller.kubernetes.io/pod-deletion-cost": "-5" };
    const ordered = [
      podNamed("unassigned"),
      podNamed("pending", { node: "a" }),
      podNamed("running", { node: "a", phase: "Running" }),
      podNamed("cheap", { node: "b", readyFor: 50, annotations: cost }),
      podNamed("crowded", { node: "a", readyFor: 50 }),
      podNamed("lately-ready", { node: "b", readyFor: 10 }),
      podNamed("restarted", { node: "b", readyFor: 50, restarts: 3 }),
      podNamed("young", { node: "b", readyFor: 50, age: 60 }),
      podNamed("old", { node: "b", readyFor: 50, age: 600 }),
    ];
    const more = ["x", "y", "z"].map((name) => podNamed(name, { node: "a", readyFor: 1 }));
    const shuffled = [...ordered].reverse();
    expect(names(podsToDelete(shuffled, [...shuffled, ...more], ordered.length))).toEqual(names(ordered));
    expect(names(podsToDelete(shuffled, shuffled, 2))).toEqual(["unassigned", "pending"]);
  });

  test("does not believe costs that are no numbers", () => {
    const strange = podNamed("strange", { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-1e9" } });
    const plain = podNamed("plain", { age: 1 });
    expect(names(podsToDelete([strange, plain], [], 1))).toEqual(["plain"]);
  });
});

describe("the state of a pod", () => {
  test("isActive() and isTerminating() tell those that count from those that go", () => {
    expect([podNamed("a"), podNamed("b", { going: true }), podNamed("c", { phase: "Failed" })].map(isActive)).toEqual([
      true,
      false,
      false,
    ]);
    expect(isTerminating(podNamed("b", { going: true }))).toBe(true);
    expect(isTerminating(podNamed("b", { going: true, phase: "Succeeded" }))).toBe(false);
  });

  test("availableInMs() waits for as long as a pod must be ready", () => {
    expect(availableInMs(podNamed("a", { readyFor: 4 }), 10, nowMs)).toBe(6000);
    expect(availableInMs(podNamed("a", { readyFor: 40 }), 10, nowMs)).toBe(0);
    expect(availableInMs(podNamed("a"), 10, nowMs)).toBeUndefined();
    const pods = [podNamed("a", { readyFor: 4 }), podNamed("b", { readyFor: 7 }), podNamed("c", { readyFor: 70 })];
    expect(nextAvailableInMs(pods, 10, nowMs)).toBe(3000);
    expect(nextAvailableInMs(pods, 0, nowMs)).toBeUndefined();
  });
});
