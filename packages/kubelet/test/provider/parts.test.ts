import type { ContainerInstance, PodStatus } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { describeInstances } from "../../src/provider/describe-instances.ts";
import { planContainers } from "../../src/provider/plan-containers.ts";
import { BackOffTable } from "../../src/standard/back-off-table.ts";
import { crashDelay } from "../../src/standard/crash-delay.ts";
import { nextAttempt } from "../../src/standard/next-attempt.ts";
import { refuseFields } from "../../src/standard/unsupported-fields.ts";
import { podOf } from "../support/kubelet-harness.ts";

const nowMs = 1_700_000_000_000;

function instance(changes: Partial<ContainerInstance> = {}): ContainerInstance {
  return {
    id: "command://1",
    name: "main",
    attempt: 0,
    state: "running",
    createdAtMs: nowMs,
    startedAtMs: nowMs,
    finishedAtMs: 0,
    exitCode: 0,
    reason: "",
    message: "",
    image: "app:v1",
    imageRef: "",
    ...changes,
  };
}

const exited = (exitCode: number) => instance({ state: "exited", exitCode, finishedAtMs: nowMs + 1000 });

describe("describeInstances()", () => {
  const describeOne = (instances: readonly ContainerInstance[], published: PodStatus = {}, ending = false) =>
    describeInstances({ pod: podOf("p"), published, instancesOf: () => instances, ending });

  test.each([
    ["nothing", [], { waiting: { reason: "ContainerCreating" } }],
    ["one that runs", [instance()], { running: {} }],
    ["one that ended", [exited(3)], { terminated: { exitCode: 3, reason: "Error" } }],
  ])("describeInstances() of %s", (_name, instances, state) => {
    expect(describeOne(instances).containerStatuses?.[0]?.state).toMatchObject(state);
  });

  test("describeInstances() shows why a container waits, and its end as the last state", () => {
    const [status] =
      describeInstances({
        pod: podOf("p"),
        published: {},
        instancesOf: () => [exited(3)],
        ending: false,
        waiting: () => ({ reason: "CrashLoopBackOff", message: "back-off" }),
      }).containerStatuses ?? [];
    expect(status).toMatchObject({
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 3 } },
    });
  });

  test("describeInstances() of a pod that ends is not ready, and tells of an instance that was lost", () => {
    expect(describeOne([instance()], {}, true).containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    const published = describeOne([instance({ attempt: 2 })]) as PodStatus;
    expect(describeOne([], published).containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      lastState: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } },
    });
  });
});

describe("planContainers()", () => {
  const init = { name: "init", image: "app:v1" };

  test.each([
    ["a new pod", "Never", [], { done: false, start: ["main"] }],
    ["one that runs", "Never", [instance()], { done: false, start: [] }],
    ["one that failed for good", "Never", [exited(3)], { done: true, start: [] }],
    ["one that failed and may again", "OnFailure", [exited(3)], { done: false, start: ["main"] }],
    ["one that ended well", "OnFailure", [exited(0)], { done: true, start: [] }],
    ["one that always runs", "Always", [exited(0)], { done: false, start: ["main"] }],
  ])("planContainers() for %s with %s", (_name, restartPolicy, instances, expected) => {
    const plan = planContainers({ pod: podOf("p", { restartPolicy }), published: {}, instancesOf: () => instances });
    expect({ done: plan.done, start: plan.start.map(({ name }) => name) }).toEqual(expected);
  });

  test("planContainers() starts apps once init containers have done their part", () => {
    const pod = podOf("p", { initContainers: [init] });
    const plan = (instances: readonly ContainerInstance[]) =>
      planContainers({ pod, published: {}, instancesOf: (name) => (name === "init" ? instances : []) });
    expect(plan([])).toMatchObject({ initialized: false, start: [{ name: "init" }] });
    expect(plan([exited(0)])).toMatchObject({ initialized: true, start: [{ name: "main" }] });
  });

  test("planContainers() goes by the published status where the provider has lost an instance", () => {
    const published = { containerStatuses: [{ name: "main", state: { terminated: { exitCode: 3 } } }] } as PodStatus;
    const plan = planContainers({ pod: podOf("p", { restartPolicy: "Never" }), published, instancesOf: () => [] });
    expect(plan).toMatchObject({ done: true, start: [] });
  });
});

describe("crashDelay()", () => {
  test("crashDelay() lets the first restart go at once and doubles from then on", () => {
    const backOff = new BackOffTable({ initialMs: 10_000, maxMs: 300_000 });
    const pod = podOf("p");
    const container = pod.spec!.containers[0]!;
    const ask = (afterMs: number) =>
      crashDelay(backOff, { pod, container, finishedAtMs: nowMs, nowMs: nowMs + afterMs });
    expect(ask(0)).toBeUndefined();
    expect(ask(0)).toMatchObject({
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=main pod=p_default(uid-p)",
      retryAtMs: nowMs + 10_000,
    });
    expect(ask(10_000)).toBeUndefined();
    expect(ask(10_000)?.retryAtMs).toBe(nowMs + 20_000);
  });
});

describe("nextAttempt()", () => {
  const published = (status: object) => ({ containerStatuses: [{ name: "main", ...status }] }) as unknown as PodStatus;

  test.each([
    ["nothing known", undefined, {}, 0],
    ["an instance", { attempt: 4 }, {}, 5],
    ["an older instance than published", { attempt: 1 }, published({ restartCount: 7 }), 7],
    [
      "a removal to restart all containers",
      undefined,
      published({
        restartCount: 7,
        state: { waiting: {} },
        lastState: { terminated: { exitCode: 137, reason: "RestartingAllContainers" } },
      }),
      7,
    ],
    ["a published instance that runs no more", undefined, published({ restartCount: 7, state: { running: {} } }), 8],
    [
      "the end of a later instance, which is gone",
      { attempt: 6, id: "rt://6", state: "exited" as const },
      published({ restartCount: 7, containerID: "rt://7", state: { terminated: { exitCode: 1 } } }),
      8,
    ],
    ["a published end only", undefined, published({ restartCount: 7, state: { terminated: { exitCode: 1 } } }), 8],
  ])("nextAttempt() after %s", (_name, newest, status, expected) => {
    expect(nextAttempt("main", newest, status)).toBe(expected);
  });
});

describe("refuseFields()", () => {
  test("refuseFields() names the field and why, and passes what has no rule", () => {
    const rules = [{ path: "containers[].ports[].hostPort", verdict: "refused", why: "no" }] as const;
    expect(refuseFields(podOf("p", { hostPID: true }), rules)).toBeUndefined();
    const refused = refuseFields(podOf("p", {}, { ports: [{ containerPort: 1, hostPort: 2 }] }), rules);
    expect(refused).toEqual({
      reason: "UnsupportedField",
      message: "spec.containers[0].ports[0].hostPort: no",
    });
  });
});
