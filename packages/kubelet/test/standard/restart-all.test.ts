import type { Container, ContainerStatus, PodStatus } from "@wherry/kubernetes";
import type { ContainerScript } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { type HarnessOptions, KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

const restartsAll: Partial<Container> = {
  restartPolicy: "Never",
  restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }],
};
const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "app:v1", ...more });

/** A kubelet on whose node the instances of each container do one of its scripts after another, and then run on. */
function start(scripts: Readonly<Record<string, readonly ContainerScript[]>>, options: HarnessOptions = {}): void {
  harness = new KubeletHarness({
    ...options,
    runtime: { script: ({ name, attempt }) => scripts[name]?.[attempt] ?? {} },
  });
  harness.start();
}

const after = (exitAfterMs: number, exitCode: number): ContainerScript => ({ exitAfterMs, exitCode });

async function advance(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await harness.advance(1000);
}

function statusOf(name: string, { initContainerStatuses = [], containerStatuses = [] } = harness.status("job")) {
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name);
}

const restarting = ({ conditions = [] }: PodStatus) =>
  conditions.find(({ type }) => type === "AllContainersRestarting");
const history = () => harness.api.history.get("job") ?? [];
const calls = (verb: string) => harness.runtime.injector.calls.filter((call) => call.verb === verb);
const startsSince = (atMs: number) =>
  calls("startContainer").flatMap(({ subject, atMs: startedMs }) => (startedMs >= atMs ? [subject] : []));
const removed = {
  reason: "RestartingAllContainers",
  message: "The container is removed because RestartAllContainers in place",
};
const began = (restartCount: number): Partial<ContainerStatus> => ({
  restartCount,
  lastState: { terminated: { exitCode: 137, ...removed } },
});

describe("standard provider, RestartAllContainers", () => {
  test("an app's exit kills the others without preStop, removes all, and begins with the init containers", async () => {
    start({ init: [after(1000, 0), after(1000, 0)], main: [after(5000, 42)] });
    const lifecycle = { preStop: { sleep: { seconds: 20 } } };
    const initContainers = [container("init"), container("side", { restartPolicy: "Always" })];
    const containers = [container("main", restartsAll), container("other", { lifecycle })];
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers, containers }));
    await advance(2);
    const [sandbox] = harness.runtime.sandboxes.keys();
    expect(restarting(harness.status("job"))).toMatchObject({ status: "False" });
    await advance(3);
    const endMs = harness.clock.now();
    await advance(1);
    expect(calls("stopContainer").map(({ subject, atMs }) => [subject, atMs <= endMs + 1000])).toEqual(
      expect.arrayContaining([
        ["other", true],
        ["side", true],
      ]),
    );
    await advance(2);
    expect([...harness.runtime.sandboxes.keys()]).toEqual([sandbox]);
    expect(startsSince(endMs)).toEqual(["init", "side", "main", "other"]);
    expect(["init", "side", "main", "other"].map((name) => statusOf(name))).toMatchObject([
      { ...began(1), state: { terminated: { exitCode: 0 } } },
      ...["side", "main", "other"].map(() => ({ ...began(1), state: { running: {} } })),
    ]);
    expect(history().map((status) => restarting(status)?.status)).toContain("True");
    expect(history().find((status) => restarting(status)?.status === "True")).toMatchObject({
      phase: "Running",
      conditions: expect.arrayContaining([
        expect.objectContaining({
          type: "AllContainersRestarting",
          reason: "RestartAllContainersStarted",
          message: "container exited with restart policy rule",
        }),
      ]),
      containerStatuses: [{ state: { terminated: { exitCode: 42 } } }, { name: "other" }],
    });
    expect(restarting(harness.status("job"))).toMatchObject({ status: "False" });
    expect(new Set(history().map(({ phase }) => phase))).toEqual(new Set(["Pending", "Running"]));
    expect(harness.reasons("job")).not.toContain("FailedPreStopHook");
    expect([...harness.runtime.containers.values()].map(({ config }) => config.attempt)).toEqual([1, 1, 1, 1]);
  });

  test("an init container's exit runs those before it again, and apps that never started count no restart", async () => {
    start({ first: [after(1000, 0), after(1000, 0)], second: [after(1000, 42), after(1000, 0)] });
    const initContainers = [container("first"), container("second", restartsAll)];
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers }));
    await advance(6);
    expect(calls("startContainer").map(({ subject }) => subject)).toEqual([
      "first",
      "second",
      "first",
      "second",
      "main",
    ]);
    expect(statusOf("first")).toMatchObject(began(1));
    expect(statusOf("second")).toMatchObject(began(1));
    expect(statusOf("main")).toMatchObject({ restartCount: 0, state: { running: {} } });
  });

  test("a sidecar's exit restarts all, also what has ended for good", async () => {
    start({ side: [after(3000, 42)], ended: [after(0, 0), after(1000, 0)] });
    const initContainers = [container("side", { ...restartsAll, restartPolicy: "Always" })];
    const containers = [container("main"), container("ended", { restartPolicy: "Never" })];
    harness.api.create(podOf("job", { initContainers, containers }));
    await advance(6);
    expect(calls("startContainer").map(({ subject }) => subject)).toEqual([
      ...["side", "main", "ended"],
      ...["side", "main", "ended"],
    ]);
    expect(statusOf("ended")).toMatchObject({ ...began(1), state: { terminated: { exitCode: 0 } } });
  });

  test("the only container ends the pod by its last exit alone, and never waits", async () => {
    start({ main: [after(1000, 42), after(1000, 42), after(1000, 42), after(1000, 0)] });
    harness.api.create(podOf("job", { restartPolicy: "Never" }, restartsAll));
    await advance(6);
    expect(statusOf("main")).toMatchObject(began(3));
    expect(harness.reasons("job")).not.toContain("BackOff");
    expect([...new Set(history().map(({ phase }) => phase))]).toEqual(["Pending", "Running", "Succeeded"]);
    expect(restarting(harness.status("job"))).toMatchObject({ status: "False", reason: "PodCompleted" });
  });

  test("a container that ends as soon as it begins restarts all once a second", async () => {
    start({ main: Array.from({ length: 100 }, () => after(0, 42)) });
    harness.api.create(podOf("job", { containers: [container("main", restartsAll), container("other")] }));
    await advance(5);
    expect(statusOf("main")?.restartCount).toBeGreaterThanOrEqual(5);
    expect(statusOf("main")?.restartCount).toBeLessThanOrEqual(7);
    expect(harness.reasons("job")).not.toContain("BackOff");
  });

  test("what does not stop is killed after 2 s, whatever grace the pod has", async () => {
    start({ main: [after(1000, 42)], other: [{ obeysStop: false }] });
    harness.api.create(podOf("job", { containers: [container("main", restartsAll), container("other")] }));
    await advance(1);
    expect(statusOf("other")).toMatchObject({ restartCount: 0, state: { running: {} } });
    expect(restarting(harness.status("job"))?.status).toBe("True");
    await advance(2);
    expect(statusOf("other")).toMatchObject({ ...began(1), state: { running: {} } });
  });

  test("of two rules that match the first one decides", async () => {
    start({ main: [after(1000, 42)] });
    const restart = { action: "Restart", exitCodes: { operator: "In", values: [42] } };
    const restartPolicyRules = [restart, ...(restartsAll.restartPolicyRules ?? [])];
    const main = container("main", { restartPolicy: "Never", restartPolicyRules });
    harness.api.create(podOf("job", { containers: [main, container("other")] }));
    await advance(3);
    expect(statusOf("main")).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 42 } } });
    expect(statusOf("other")).toMatchObject({ restartCount: 0 });
  });

  test("what is ended for a new image restarts only itself, while that is pulled too", async () => {
    start({});
    harness.runtime.images.remote = new Set(["app:v2"]);
    const restartPolicyRules = [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [143] } }];
    const main = container("main", { restartPolicy: "Always", restartPolicyRules });
    harness.api.create(podOf("job", { containers: [main, container("other")] }));
    await advance(1);
    harness.runtime.injector.plan = ({ verb }) => (verb === "pullImage" ? { kind: "delay", delayMs: 5000 } : undefined);
    harness.api.update("job", (pod) => {
      const [changed] = pod.spec?.containers ?? [];
      if (changed !== undefined) changed.image = "app:v2";
      return pod;
    });
    await advance(10);
    expect(history().map((status) => restarting(status)?.status)).not.toContain("True");
    expect(statusOf("main")).toMatchObject({ image: "app:v2", restartCount: 1 });
    expect(statusOf("other")).toMatchObject({ restartCount: 0 });
  });

  test("a pod without such a rule has no condition for it", async () => {
    start({});
    harness.api.create(podOf("job"));
    await advance(1);
    expect(restarting(harness.status("job"))).toBeUndefined();
  });

  test("a pod that is deleted meanwhile ends", async () => {
    start({ main: [after(1000, 42)], other: [{ obeysStop: false }] });
    const containers = [container("main", restartsAll), container("other")];
    harness.api.create(podOf("job", { restartPolicy: "Never", containers }));
    await advance(2);
    harness.api.delete("job", 1);
    await advance(4);
    expect(harness.api.deletions).toEqual(["job"]);
    expect(history().at(-1)).toMatchObject({ phase: "Failed" });
    expect(restarting(history().at(-1) ?? {})).toMatchObject({ status: "False", reason: "PodFailed" });
    expect(calls("startContainer")).toHaveLength(2);
  });

  test.each([
    ["before anything is stopped", "stopContainer", "other", false],
    ["before anything is removed", "removeContainer", "other", false],
    ["with only that there which asked for it", "removeContainer", "main", false],
    ["with only that there and nothing of it published", "removeContainer", "main", true],
  ])("a restarted kubelet finishes what the one before began, %s", async (_when, verb, subject, unpublished) => {
    start({ init: [after(0, 0), after(0, 0)], main: [after(5000, 42)] });
    const containers = [container("main", restartsAll), container("other")];
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers: [container("init")], containers }));
    await advance(4);
    harness.runtime.injector.plan = (call) =>
      call.verb === verb && call.subject === subject ? { kind: "fail" } : undefined;
    harness.api.down = unpublished;
    await advance(2);
    await harness.stop();
    harness.api.down = false;
    harness.runtime.injector.plan = undefined;
    const endMs = harness.clock.now();
    harness.start();
    await advance(3);
    expect(startsSince(endMs)).toEqual(["init", "main", "other"]);
    for (const name of ["init", "main", "other"]) expect(statusOf(name)).toMatchObject(began(1));
    expect(JSON.stringify(history())).not.toContain("ContainerStatusUnknown");
    expect(harness.status("job").phase).toBe("Running");
    expect(restarting(harness.status("job"))?.status).toBe("False");
  });

  test("a restarted kubelet takes nothing for lost where all was removed and only the status is behind", async () => {
    start({ main: [after(1000, 42)], other: [{ obeysStop: false }] });
    const containers = [container("main", restartsAll), container("other")];
    harness.api.create(podOf("job", { restartPolicy: "Never", containers }));
    await advance(1);
    expect(restarting(harness.status("job"))?.status).toBe("True");
    await harness.stop();
    for (const id of [...harness.runtime.containers.keys()]) await harness.runtime.removeContainer(id);
    harness.start();
    await advance(1);
    for (const name of ["main", "other"]) expect(statusOf(name)).toMatchObject({ ...began(1), state: { running: {} } });
    expect(JSON.stringify(history())).not.toContain("ContainerStatusUnknown");
  });

  test("a restarted kubelet leaves the new run alone where only the status is behind", async () => {
    start({ main: [after(1000, 42)] });
    const containers = [container("main", restartsAll), container("other")];
    harness.api.create(podOf("job", { restartPolicy: "Never", containers }));
    await harness.advance(999);
    // What comes after it is lost.
    harness.api.onStatus = (_pod, status) => {
      if (restarting(status)?.status === "True") harness.api.down = true;
    };
    await advance(1);
    const ids = [...harness.runtime.containers.keys()];
    await harness.stop();
    expect(restarting(harness.status("job"))?.status).toBe("True");
    expect(startsSince(0)).toEqual(["main", "other", "main", "other"]);
    harness.api.onStatus = () => undefined;
    harness.api.down = false;
    harness.start();
    await advance(2);
    expect([...harness.runtime.containers.keys()]).toEqual(ids);
    for (const name of ["main", "other"])
      expect(statusOf(name)).toMatchObject({ restartCount: 1, state: { running: {} } });
    expect(restarting(harness.status("job"))?.status).toBe("False");
  });
});
