import { describe, expect, test } from "vitest";
import { type ContainerInstance, type ContainerStatusFacts, containerStatus, endedStatuses } from "../../src/index.ts";
import { running, spec, status, terminated } from "./builders.ts";

const start = Date.parse("2026-01-01T00:00:00.900Z");

function instance(more: Partial<ContainerInstance> = {}): ContainerInstance {
  return {
    id: "rt://1",
    name: "app-0",
    attempt: 0,
    state: "running",
    createdAtMs: start,
    startedAtMs: start,
    finishedAtMs: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: "image:v1",
    imageRef: "image@sha256:1",
    ...more,
  };
}

function facts(more: Partial<ContainerStatusFacts> = {}): ContainerStatusFacts {
  return {
    pod: { metadata: { name: "p" }, spec: spec("Always", 1) },
    kind: "app",
    container: { name: "app-0", image: "image:v1" },
    instances: [],
    previous: undefined,
    waiting: undefined,
    stopping: false,
    started: true,
    ready: true,
    ...more,
  };
}

const exited = instance({ state: "exited", exitCode: 2, finishedAtMs: start + 5000 });

describe("containerStatus()", () => {
  test("containerStatus() of a container nobody has seen waits", () => {
    expect(containerStatus(facts()).state).toEqual({ waiting: { reason: "ContainerCreating" } });
    const withInit = { spec: spec("Always", 1, [{}]) };
    expect(containerStatus(facts({ pod: withInit })).state).toEqual({ waiting: { reason: "PodInitializing" } });
  });

  test("containerStatus() tells what is mounted, from before the first start on", () => {
    const volumeMounts = [
      { name: "data", mountPath: "/data" },
      { name: "token", mountPath: "/token", readOnly: true, subPath: "a", recursiveReadOnly: "IfPossible" },
    ];
    const container = { name: "app-0", volumeMounts };
    const expected = [
      { name: "data", mountPath: "/data" },
      { name: "token", mountPath: "/token", readOnly: true, recursiveReadOnly: "Disabled" },
    ];
    expect(containerStatus(facts({ container })).volumeMounts).toEqual(expected);
    expect(containerStatus(facts({ container, instances: [instance()] })).volumeMounts).toEqual(expected);
  });

  test("containerStatus() tells the stop signal that the pod names, once there is something to stop", () => {
    const container = { name: "app-0", lifecycle: { stopSignal: "SIGUSR1" } };
    expect(containerStatus(facts({ container }))).not.toHaveProperty("stopSignal");
    expect(containerStatus(facts({ container, instances: [instance()] })).stopSignal).toBe("SIGUSR1");
    expect(containerStatus(facts({ instances: [instance()] }))).not.toHaveProperty("stopSignal");
  });

  test("containerStatus() of a running one tells image, ID and start in whole seconds", () => {
    expect(containerStatus(facts({ instances: [instance()] }))).toEqual({
      name: "app-0",
      image: "image:v1",
      imageID: "image@sha256:1",
      containerID: "rt://1",
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
    });
  });

  test.each([
    [
      { started: false, ready: true },
      { started: false, ready: false },
    ],
    [
      { started: true, ready: false },
      { started: true, ready: false },
    ],
  ])("containerStatus() with gates %o is %o", (gates, expected) => {
    expect(containerStatus(facts({ instances: [instance()], ...gates }))).toMatchObject(expected);
  });

  test("containerStatus() of an exited one takes the runtime's reason, else Completed or Error", () => {
    const of = (more: Partial<ContainerInstance>) =>
      containerStatus(facts({ instances: [{ ...exited, ...more }] })).state?.terminated;
    expect(of({})).toEqual({
      exitCode: 2,
      reason: "Error",
      startedAt: "2026-01-01T00:00:00Z",
      finishedAt: "2026-01-01T00:00:05Z",
      containerID: "rt://1",
    });
    expect(of({ exitCode: 0 })?.reason).toBe("Completed");
    expect(of({ reason: "OOMKilled", message: "too much" })).toMatchObject({
      reason: "OOMKilled",
      message: "too much",
    });
  });

  test("containerStatus() shows why it waits and moves the end to lastState", () => {
    const waiting = { reason: "CrashLoopBackOff", message: "back-off 10s" };
    const result = containerStatus(facts({ instances: [exited], waiting }));
    expect(result.state).toEqual({ waiting });
    expect(result.lastState?.terminated?.exitCode).toBe(2);
  });

  test("containerStatus() ignores a waiting reason for what will not start again", () => {
    const waiting = { reason: "CrashLoopBackOff", message: "" };
    const never = { spec: spec("Never", 1) };
    expect(containerStatus(facts({ pod: never, instances: [exited], waiting })).state?.terminated).toBeDefined();
    expect(containerStatus(facts({ instances: [exited], waiting, stopping: true })).state?.terminated).toBeDefined();
  });

  test("containerStatus() takes lastState from the older instance, or keeps what was published", () => {
    const newer = instance({ id: "rt://2", attempt: 1 });
    const both = containerStatus(facts({ instances: [newer, exited] }));
    expect(both).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 2, containerID: "rt://1" } } });
    const previous = status("app-0", terminated(3), { containerID: "rt://1" });
    expect(containerStatus(facts({ instances: [newer], previous })).lastState?.terminated?.exitCode).toBe(3);
  });

  test("containerStatus() never shows one instance as state and lastState", () => {
    const previous = status(
      "app-0",
      { waiting: { reason: "CrashLoopBackOff" } },
      { containerID: "rt://1", lastState: { terminated: { exitCode: 2, containerID: "rt://1" } } },
    );
    expect(containerStatus(facts({ instances: [exited], previous, stopping: true })).lastState).toBeUndefined();
  });

  test("containerStatus() keeps the message of an instance whose message file is gone", () => {
    const previous = status(
      "app-0",
      { terminated: { exitCode: 2, message: "disk full", containerID: "rt://1" } },
      { containerID: "rt://1" },
    );
    expect(containerStatus(facts({ instances: [exited], previous })).state?.terminated?.message).toBe("disk full");
  });

  test("containerStatus() of a running one that vanished says so, and counts it once", () => {
    const previous = status("app-0", running, { containerID: "rt://1", restartCount: 4 });
    const first = containerStatus(facts({ previous }));
    expect(first).toMatchObject({
      restartCount: 5,
      lastState: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown", containerID: "rt://1" } },
    });
    expect(containerStatus(facts({ previous: first })).restartCount).toBe(5);
    const deleted = { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }, spec: spec("Always", 1) };
    expect(containerStatus(facts({ previous, pod: deleted })).restartCount).toBe(4);
  });

  test("containerStatus() keeps what was published of the latest instance where that is gone and an older one is there", () => {
    const later = { ...instance({ ...exited, id: "rt://2", attempt: 1, finishedAtMs: start + 9000 }) };
    const published = containerStatus(facts({ instances: [later, exited] }));
    expect(containerStatus(facts({ instances: [exited], previous: published }))).toMatchObject({
      restartCount: 1,
      containerID: "rt://2",
      state: published.state,
      lastState: published.lastState,
    });
  });

  test("containerStatus() of an init container is ready once it exited with 0", () => {
    const init = facts({ kind: "init", container: { name: "init-0" } });
    expect(containerStatus({ ...init, instances: [instance()] })).toMatchObject({ ready: false, started: true });
    expect(containerStatus({ ...init, instances: [{ ...exited, exitCode: 0 }] }).ready).toBe(true);
    const sidecar = facts({ kind: "init", container: { name: "init-0", restartPolicy: "Always" } });
    expect(containerStatus({ ...sidecar, instances: [instance()] })).toMatchObject({ ready: true, started: true });
  });
});

describe("endedStatuses()", () => {
  const pod = { spec: spec("Never", 2, [{}, {}]) };

  test("endedStatuses() ends app containers only of an initialised pod", () => {
    const list = [status("app-0", terminated(0)), status("app-1", running)];
    const [first, second] = endedStatuses(pod, list, "app", { initialized: true, refused: false });
    expect(first?.state).toEqual(terminated(0));
    expect(second?.state?.terminated).toMatchObject({ exitCode: 137, reason: "ContainerStatusUnknown" });
    expect(endedStatuses(pod, list, "app", { initialized: false, refused: false })).toEqual(list);
  });

  test("endedStatuses() ends init containers up to the last that ran", () => {
    const list = [status("init-0", running, { lastState: terminated(1) }), status("init-1", { waiting: {} })];
    const [first, second] = endedStatuses(pod, list, "init", { initialized: false, refused: false });
    expect(first?.state?.terminated?.exitCode).toBe(137);
    expect(second?.state).toEqual({ waiting: {} });
  });

  test("endedStatuses() ends the first init container in any case, but none of a pod that was refused", () => {
    const list = [status("init-0", { waiting: {} }), status("init-1", { waiting: {} })];
    const [first, second] = endedStatuses(pod, list, "init", { initialized: false, refused: false });
    expect(first?.state?.terminated).toMatchObject({ exitCode: 137, reason: "ContainerStatusUnknown" });
    expect(second?.state).toEqual({ waiting: {} });
    expect(endedStatuses(pod, list, "init", { initialized: false, refused: true })).toEqual(list);
  });
});
