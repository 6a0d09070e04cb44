import { describe, expect, test } from "vitest";
import { type ContainerState, type ContainerStatus, podPhase } from "../../src/index.ts";
import { running, spec, status, terminated, waiting } from "./builders.ts";

/** r running, w waiting, 0/1 terminated, b backing off after exit 1, ? no status. */
function statuses(code: string, prefix: string): ContainerStatus[] {
  const states: Record<string, ContainerState> = { r: running, w: waiting, 0: terminated(0), 1: terminated(1) };
  return [...code].flatMap((letter, index) => {
    if (letter === "?") return [];
    if (letter === "b")
      return [status(`${prefix}-${index}`, { waiting: { reason: "CrashLoopBackOff" } }, { lastState: terminated(1) })];
    const state = states[letter];
    return state === undefined ? [] : [status(`${prefix}-${index}`, state, { started: letter === "r" })];
  });
}

describe("podPhase()", () => {
  const cases: [policy: string, apps: string, expected: string, terminalPhase: string][] = [
    ["Always", "?", "Pending", "Failed"],
    ["Always", "w", "Pending", "Failed"],
    ["Always", "r", "Running", "Running"],
    ["Always", "rr", "Running", "Running"],
    ["Always", "rw", "Pending", "Pending"],
    ["Always", "r?", "Pending", "Pending"],
    ["Always", "r1", "Running", "Running"],
    ["Always", "0", "Running", "Succeeded"],
    ["Always", "1", "Running", "Failed"],
    ["Always", "b", "Running", "Failed"],
    ["OnFailure", "r", "Running", "Running"],
    ["OnFailure", "0", "Succeeded", "Succeeded"],
    ["OnFailure", "00", "Succeeded", "Succeeded"],
    ["OnFailure", "01", "Running", "Failed"],
    ["OnFailure", "b", "Running", "Failed"],
    ["OnFailure", "0r", "Running", "Running"],
    ["Never", "r", "Running", "Running"],
    ["Never", "0", "Succeeded", "Succeeded"],
    ["Never", "01", "Failed", "Failed"],
    ["Never", "1r", "Running", "Running"],
    ["Never", "1?", "Pending", "Failed"],
    ["Never", "0w", "Pending", "Failed"],
  ];
  test.each(cases)("podPhase() of %s with %s is %s, and %s at the end", (policy, apps, expected, atEnd) => {
    const facts = {
      spec: spec(policy, apps.length),
      initContainerStatuses: [],
      containerStatuses: statuses(apps, "app"),
    };
    expect(podPhase({ ...facts, terminal: false })).toBe(expected);
    expect(podPhase({ ...facts, terminal: true })).toBe(atEnd);
  });

  const initCases: [policy: string, init: string, sidecars: string, apps: string, expected: string][] = [
    ["Always", "r", "-", "?", "Pending"],
    ["Always", "?", "-", "w", "Pending"],
    ["Always", "0", "-", "r", "Running"],
    ["Always", "1", "-", "?", "Pending"],
    // In a new sandbox they run again.
    ["Always", "r", "-", "b", "Pending"],
    ["Always", "w", "-", "1", "Pending"],
    ["Always", "b", "-", "w", "Pending"],
    ["Never", "1", "-", "w", "Failed"],
    ["OnFailure", "1", "-", "w", "Pending"],
    ["Never", "0", "-", "0", "Succeeded"],
    ["Always", "r", "s", "r", "Running"],
    ["Always", "w", "s", "r", "Pending"],
    ["Always", "1", "s", "r", "Running"],
    ["Never", "r", "s", "0", "Running"],
    ["Never", "0", "s", "0", "Succeeded"],
    ["Never", "r", "s", "?", "Pending"],
  ];
  test.each(initCases)("podPhase() of %s with init %s (%s) and apps %s is %s", (policy, init, kind, apps, expected) => {
    const facts = {
      spec: spec(policy, apps.length, kind === "s" ? [{ restartPolicy: "Always" }] : [{}]),
      initContainerStatuses: statuses(init, "init"),
      containerStatuses: statuses(apps, "app"),
      terminal: false,
    };
    expect(podPhase(facts)).toBe(expected);
  });

  test("podPhase() is not terminal while a container's own policy would restart it", () => {
    const own = spec("Never", 2);
    if (own.containers[0] !== undefined) own.containers[0].restartPolicy = "OnFailure";
    const facts = { spec: own, initContainerStatuses: [], containerStatuses: statuses("10", "app"), terminal: false };
    expect(podPhase(facts)).toBe("Running");
  });
});
