import { describe, expect, test } from "vitest";
import {
  type Container,
  type ContainerStatus,
  findPodCondition,
  type Pod,
  type PodStatusFacts,
  podStatus,
  qosClass,
} from "../../src/index.ts";
import { running, spec, status, terminated, waiting } from "./builders.ts";

const nowMs = Date.parse("2026-01-01T00:00:10.400Z");
const pod: Pod = { metadata: { name: "p", generation: 3 }, spec: spec("Always", 1) };

function facts(more: Partial<PodStatusFacts> = {}): PodStatusFacts {
  return {
    pod,
    previous: undefined,
    initContainerStatuses: [],
    containerStatuses: [status("app-0", running, { ready: true, started: true })],
    ephemeralContainerStatuses: [],
    sandboxReady: true,
    podIps: ["10.1.0.1", "fd00::1"],
    hostIps: ["10.0.0.1"],
    stopped: false,
    nowMs,
    ...more,
  };
}

describe("podStatus()", () => {
  test("podStatus() of a running pod has everything a kubelet owns", () => {
    const result = podStatus(facts());
    expect(result).toMatchObject({
      phase: "Running",
      startTime: "2026-01-01T00:00:10Z",
      hostIP: "10.0.0.1",
      hostIPs: [{ ip: "10.0.0.1" }],
      podIP: "10.1.0.1",
      podIPs: [{ ip: "10.1.0.1" }, { ip: "fd00::1" }],
      qosClass: "BestEffort",
      observedGeneration: 3,
    });
    expect(result.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      "PodReadyToStartContainers=True",
      "Initialized=True",
      "Ready=True",
      "ContainersReady=True",
      "PodScheduled=True",
    ]);
    expect(result.conditions?.every((condition) => condition.observedGeneration === 3)).toBe(true);
  });

  test.each([
    ["OnFailure", 0, {}, "terminated"],
    ["OnFailure", 1, {}, "running"],
    ["Never", 0, {}, "terminated"],
    ["Always", 0, {}, "running"],
    ["OnFailure", 0, { restartPolicy: "Always" }, "running"],
  ])(
    "podStatus() with %s shows an init container that ended with %i and runs again so that the API server takes it",
    (...of) => {
      const [policy, exitCode, own, state] = of;
      const again = podStatus(
        facts({
          pod: { ...pod, spec: spec(policy, 1, [own]) },
          previous: {
            phase: "Running",
            initContainerStatuses: [status("init-0", terminated(exitCode), { ready: true })],
          },
          initContainerStatuses: [status("init-0", running, { restartCount: 1 })],
          containerStatuses: [status("app-0", waiting, { lastState: terminated(137) })],
        }),
      );
      expect(Object.keys(again.initContainerStatuses?.[0]?.state ?? {})).toEqual([state]);
      expect(findPodCondition(again, "Ready")?.status).toBe("False");
    },
  );

  test("podStatus() of a stopped pod ignores a phase that is no end", () => {
    const never = { ...pod, spec: spec("Never", 1) };
    const ended = facts({ pod: never, containerStatuses: [status("app-0", terminated(0))], stopped: true });
    for (const phase of ["Running", "Pending"] as const)
      expect(podStatus({ ...ended, phase, previous: { phase } }).phase).toBe("Succeeded");
    expect(podStatus({ ...ended, phase: "Failed" }).phase).toBe("Failed");
  });

  test("podStatus() holds a terminal phase back until everything stopped, and then keeps it", () => {
    const never = { ...pod, spec: spec("Never", 1) };
    const ended = facts({ pod: never, containerStatuses: [status("app-0", terminated(0))] });
    expect(podStatus(ended).phase).toBe("Running");
    // One that was not seen to run, such as by a hook that failed, was told to be running once it had ended.
    expect(podStatus({ ...ended, previous: { phase: "Pending" } }).phase).toBe("Pending");
    const last = podStatus({ ...ended, stopped: true });
    expect(last.phase).toBe("Succeeded");
    const later = podStatus({ ...ended, previous: last, stopped: true, phase: "Failed", reason: "Evicted" });
    expect(later).toMatchObject({ phase: "Succeeded" });
    expect(later.reason).toBeUndefined();
  });

  test("podStatus() of a pod that ended before its container began says that the container could not be located", () => {
    const result = podStatus(facts({ containerStatuses: [status("app-0", waiting)], stopped: true, podIps: [] }));
    expect(result.phase).toBe("Failed");
    expect(result.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: "ContainerStatusUnknown",
    });
    expect(findPodCondition(result, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
  });

  test.each([
    ["completed", { state: terminated(0) }, { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } }],
    ["failed", { state: terminated(1) }, waiting],
    ["running", { state: { running: {} } }, waiting],
  ])("podStatus() of a pod that ended with its last init container %s", (_name, init, app) => {
    const initContainers = [{ name: "first" }, { name: "last" }] as Container[];
    const result = podStatus(
      facts({
        pod: { ...pod, spec: { ...spec("Always", 1), initContainers } },
        initContainerStatuses: [status("first", terminated(0)), { ...status("last", waiting), ...init }],
        containerStatuses: [status("app-0", waiting)],
        stopped: true,
      }),
    );
    expect(result.containerStatuses?.[0]?.state).toMatchObject(app);
  });

  test("podStatus() of a pod that was refused shows containers only where one has run", () => {
    const initContainers = [{ name: "first" }] as Container[];
    const refused = (app: ContainerStatus) =>
      podStatus(
        facts({
          pod: { ...pod, spec: { ...spec("Always", 1), initContainers } },
          initContainerStatuses: [status("first", waiting)],
          containerStatuses: [app],
          refused: true,
          stopped: true,
          phase: "Failed",
          reason: "OutOfcpu",
        }),
      );
    const never = refused(status("app-0", waiting));
    expect(never).toMatchObject({ phase: "Failed", reason: "OutOfcpu" });
    expect(Object.keys(never).filter((field) => /containerStatuses/i.test(field))).toEqual([]);
    expect(findPodCondition(never, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
    expect(refused(status("app-0", terminated(0))).containerStatuses).toHaveLength(1);
  });

  test("podStatus() of a pod that was ended for a reason before it began says that its containers could not be located", () => {
    const late = { phase: "Failed", reason: "DeadlineExceeded", stopped: true, podIps: [] } as const;
    const result = podStatus(facts({ containerStatuses: [status("app-0", waiting)], ...late }));
    expect(result.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 137,
      reason: "ContainerStatusUnknown",
    });
    const refused = podStatus(facts({ containerStatuses: [status("app-0", waiting)], ...late, refused: true }));
    expect(refused.containerStatuses).toBeUndefined();
  });

  test("podStatus() keeps transition times until a status flips", () => {
    const first = podStatus(facts());
    const later = { nowMs: nowMs + 60_000, previous: first };
    const same = podStatus(facts(later));
    expect(same.conditions).toEqual(first.conditions);
    const unready = podStatus(facts({ ...later, containerStatuses: [status("app-0", running)] }));
    expect(findPodCondition(unready, "Ready")).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [app-0]",
      lastTransitionTime: "2026-01-01T00:01:10Z",
    });
    expect(findPodCondition(unready, "Initialized")?.lastTransitionTime).toBe("2026-01-01T00:00:10Z");
  });

  test("podStatus() keeps foreign conditions as the object has them, and readiness gates decide", () => {
    const gated: Pod = {
      ...pod,
      spec: { ...spec("Always", 1), readinessGates: [{ conditionType: "example.com/gate" }] },
    };
    const without = podStatus(facts({ pod: gated }));
    expect(findPodCondition(without, "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/gate" does not exist.',
    });
    expect(findPodCondition(without, "ContainersReady")?.status).toBe("True");
    const gate = { type: "example.com/gate", status: "True", lastTransitionTime: "2025-01-01T00:00:00Z" };
    const open = podStatus(facts({ pod: { ...gated, status: { conditions: [gate] } } }));
    expect(findPodCondition(open, "Ready")?.status).toBe("True");
    expect(findPodCondition(open, "example.com/gate")).toEqual(gate);
  });

  test("podStatus() keeps addresses of a pod that lost its sandbox", () => {
    const first = podStatus(facts());
    expect(podStatus(facts({ previous: first, podIps: [], sandboxReady: false })).podIP).toBe("10.1.0.1");
  });

  test("podStatus() cuts termination messages to 12 KiB for the pod, whatever lists its containers are in", () => {
    const long = { terminated: { exitCode: 1, message: "é".repeat(20_000) } };
    const names = (kind: string) => [`${kind}-0`, `${kind}-1`];
    const containers = (kind: string) => names(kind).map((name) => ({ name }));
    const statuses = (kind: string) => names(kind).map((name) => status(name, long, { lastState: long }));
    const six: Pod = {
      ...pod,
      spec: {
        restartPolicy: "Never",
        initContainers: containers("init"),
        containers: containers("app"),
        ephemeralContainers: containers("debug"),
      },
    };
    const result = podStatus(
      facts({
        pod: six,
        initContainerStatuses: statuses("init"),
        containerStatuses: statuses("app"),
        ephemeralContainerStatuses: statuses("debug"),
      }),
    );
    const lists = [result.initContainerStatuses, result.containerStatuses, result.ephemeralContainerStatuses];
    const bytes = lists
      .flatMap((list) => list ?? [])
      .flatMap(({ state, lastState }) => [state, lastState])
      .map((state) => Buffer.byteLength(state?.terminated?.message ?? ""));
    expect(bytes).toEqual(Array.from({ length: 12 }, () => 2048));
  });
});

describe("qosClass()", () => {
  const of = (...resources: ({ requests?: Record<string, string>; limits?: Record<string, string> } | undefined)[]) =>
    qosClass({ containers: resources.map((entry, index) => ({ name: `c${index}`, resources: entry })) });

  test.each([
    ["nothing", of(undefined), "BestEffort"],
    ["limits alone", of({ limits: { cpu: "1", memory: "1Gi" } }), "Guaranteed"],
    [
      "equal amounts written differently",
      of({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } }),
      "Guaranteed",
    ],
    [
      "requests below limits",
      of({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } }),
      "Burstable",
    ],
    ["one container without", of({ limits: { cpu: "1", memory: "1Gi" } }, undefined), "Burstable"],
    ["memory alone", of({ limits: { memory: "1Gi" } }), "Burstable"],
    ["other resources only", of({ limits: { "example.com/thing": "1" } }), "BestEffort"],
  ])("qosClass() of %s", (_name, actual, expected) => {
    expect(actual).toBe(expected);
  });
});
