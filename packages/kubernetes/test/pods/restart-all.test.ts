import { describe, expect, test } from "vitest";
import {
  awaitsRestartOfAll,
  type ContainerStatus,
  containerStatus,
  mayRestartAll,
  podConditions,
  podPhase,
  shouldRestartAllAfterExit,
} from "../../src/index.ts";
import { running, spec, status, terminated, waiting } from "./builders.ts";

const rule = (action: string, operator: string, ...values: number[]) => ({ action, exitCodes: { operator, values } });
const reason = {
  reason: "RestartingAllContainers",
  message: "The container is removed because RestartAllContainers in place",
};
const removed: Partial<ContainerStatus> = { lastState: { terminated: { exitCode: 137, ...reason } } };

describe("shouldRestartAllAfterExit()", () => {
  test.each([
    ["no rule", [], false],
    ["a rule for the code", [rule("RestartAllContainers", "In", 1, 42)], true],
    ["a rule for other codes", [rule("RestartAllContainers", "In", 1)], false],
    ["a rule for all but others", [rule("RestartAllContainers", "NotIn", 0, 1)], true],
    ["another action", [rule("Restart", "In", 42)], false],
    ["another action before it", [rule("Restart", "In", 42), rule("RestartAllContainers", "In", 42)], false],
    [
      "another action for other codes before it",
      [rule("Restart", "In", 1), rule("RestartAllContainers", "In", 42)],
      true,
    ],
  ])("shouldRestartAllAfterExit() by %s", (_by, restartPolicyRules, expected) => {
    expect(shouldRestartAllAfterExit({ restartPolicy: "Never", restartPolicyRules }, 42)).toBe(expected);
  });
});

test("mayRestartAll() looks at init and app containers", () => {
  const asking = { restartPolicy: "Never", restartPolicyRules: [rule("RestartAllContainers", "In", 1)] };
  expect(mayRestartAll(spec("Never", 2, [{}]))).toBe(false);
  expect(mayRestartAll({ containers: [{ name: "a", restartPolicyRules: [rule("Restart", "In", 1)] }] })).toBe(false);
  expect(mayRestartAll({ containers: [{ name: "a" }, { name: "b", ...asking }] })).toBe(true);
  expect(mayRestartAll(spec("Never", 1, [asking]))).toBe(true);
});

describe("containerStatus() while all containers are restarted", () => {
  const after = (previous: ContainerStatus | undefined, kind: "app" | "ephemeral" = "app", restartingAll = true) =>
    containerStatus({
      pod: { metadata: { name: "p" }, spec: spec("Never", 1) },
      kind,
      container: { name: "app-0" },
      instances: [],
      previous,
      waiting: undefined,
      stopping: false,
      restartingAll,
      started: false,
      ready: false,
    });
  const containerID = "rt://1";

  test.each([
    ["ran", running, {}],
    ["ended", terminated(0), {}],
    ["backed off", { waiting: { reason: "CrashLoopBackOff" } }, { lastState: terminated(1) }],
  ])("containerStatus() of one that %s counts its removal once", (_what, state, more) => {
    const first = after(status("app-0", state, { containerID, restartCount: 3, ...more }));
    expect(first).toEqual({
      ...status("app-0", { waiting: reason }, { restartCount: 4, started: false, ...removed }),
    });
    expect(after(first)).toEqual(first);
    expect(awaitsRestartOfAll(first)).toBe(true);
    const later = after(first, "app", false);
    expect(later).toMatchObject({ restartCount: 4, state: { waiting: { reason: "ContainerCreating" } }, ...removed });
    expect(awaitsRestartOfAll(later)).toBe(true);
    // A second restart finds nothing of it.
    expect(after(later)).toMatchObject({ restartCount: 4, state: { waiting: { reason: "ContainerCreating" } } });
  });

  test("containerStatus() of one that never started, or is ephemeral, is as ever", () => {
    expect(after(status("app-0", waiting))).toMatchObject({ restartCount: 0, state: waiting });
    expect(after(undefined)).toMatchObject({ restartCount: 0, state: waiting });
    const debug = after(status("app-0", running, { containerID }), "ephemeral");
    expect(debug.state?.terminated?.reason).toBe("ContainerStatusUnknown");
  });

  test("awaitsRestartOfAll() ends with the next instance", () => {
    expect(awaitsRestartOfAll(status("app-0", running, removed))).toBe(false);
    expect(awaitsRestartOfAll(status("app-0", waiting, { lastState: terminated(137) }))).toBe(false);
  });
});

describe("podPhase() after a restart of all containers", () => {
  const app = (state: ContainerStatus["state"]) => [status("app-0", state ?? {}, removed)];
  const phase = (init: ContainerStatus[] | undefined, apps: ContainerStatus[]) =>
    podPhase({
      spec: spec("Never", 1, init === undefined ? [] : [{}]),
      initContainerStatuses: init ?? [],
      containerStatuses: apps,
      terminal: false,
    });

  test("podPhase() is Pending until init containers have let an app container begin again", () => {
    expect(phase([status("init-0", waiting, removed)], app(waiting))).toBe("Pending");
    expect(phase([status("init-0", running, removed)], app(waiting))).toBe("Pending");
    expect(phase([status("init-0", terminated(0), removed)], app(waiting))).toBe("Pending");
    expect(phase([status("init-0", terminated(0), removed)], app(running))).toBe("Running");
    expect(phase([status("init-0", terminated(0), removed)], app(terminated(0)))).toBe("Succeeded");
  });
});

describe("podConditions(), AllContainersRestarting", () => {
  const condition = (restartingAll: boolean | undefined, phase: "Running" | "Succeeded" | "Failed" = "Running") =>
    podConditions({
      pod: { spec: spec("Never", 1) },
      phase,
      containerStatuses: [],
      initContainerStatuses: [],
      sandboxReady: true,
      restartingAll,
    }).find(({ type }) => type === "AllContainersRestarting");
  const type = "AllContainersRestarting";
  const message = "container exited with restart policy rule";

  test("podConditions() has it where it is said, and an end decides over it", () => {
    expect(condition(undefined)).toBeUndefined();
    expect(condition(false)).toEqual({ type, status: "False" });
    expect(condition(true)).toEqual({ type, status: "True", reason: "RestartAllContainersStarted", message });
    expect(condition(true, "Succeeded")).toEqual({ type, status: "False", reason: "PodCompleted" });
    expect(condition(false, "Failed")).toEqual({ type, status: "False", reason: "PodFailed" });
  });
});
