import type { Container } from "@wherry/kubernetes";
import type { ContainerScript } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

function scripted(
  scripts: Readonly<Record<string, ContainerScript | ((attempt: number) => ContainerScript)>>,
): KubeletHarness {
  return new KubeletHarness({
    runtime: {
      script: ({ name, attempt }) => {
        const script = scripts[name];
        return typeof script === "function" ? script(attempt) : script;
      },
    },
  });
}

const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "app:v1", ...more });
const sidecar = (name: string) => container(name, { restartPolicy: "Always" });

function subjects(verb: string): string[] {
  return harness.runtime.injector.calls.filter((call) => call.verb === verb).map(({ subject }) => subject);
}

function stops(): string[] {
  return harness.events
    .filter(({ reason }) => reason === "Killing")
    .map(({ message }) => message.replace("Stopping container ", ""));
}

describe("standard provider, init containers", () => {
  test("init containers run one after another, then the app containers start", async () => {
    harness = scripted({ first: { exitAfterMs: 1000 }, second: { exitAfterMs: 2000 } });
    harness.start();
    harness.api.create(podOf("web", { initContainers: [container("first"), container("second")] }));
    await harness.advance(500);
    expect(subjects("startContainer")).toEqual(["first"]);
    expect(harness.status("web")).toMatchObject({
      phase: "Pending",
      containerStatuses: [{ state: { waiting: { reason: "PodInitializing" } } }],
    });
    const initialized = harness.status("web").conditions?.find(({ type }) => type === "Initialized");
    expect(initialized).toMatchObject({
      status: "False",
      reason: "ContainersNotInitialized",
      message: "containers with incomplete status: [first second]",
    });
    await harness.advance(1000);
    expect(subjects("startContainer")).toEqual(["first", "second"]);
    await harness.advance(2000);
    expect(subjects("startContainer")).toEqual(["first", "second", "main"]);
    expect(harness.status("web")).toMatchObject({
      phase: "Running",
      initContainerStatuses: [
        { name: "first", ready: true },
        { name: "second", ready: true },
      ],
    });
    expect(harness.events.find(({ reason }) => reason === "Started")?.fieldPath).toBe("spec.initContainers{first}");
  });

  test("a failing init container is tried again with back-off, and ends the pod with restartPolicy Never", async () => {
    harness = scripted({ first: (attempt) => ({ exitAfterMs: 0, exitCode: attempt < 2 ? 1 : 0 }) });
    harness.start();
    harness.api.create(podOf("again", { restartPolicy: "OnFailure", initContainers: [container("first")] }));
    harness.api.create(podOf("never", { restartPolicy: "Never", initContainers: [container("first")] }));
    await harness.settle();
    expect(harness.api.states("again", "first").at(-1)).toBe("waiting:CrashLoopBackOff");
    expect(harness.status("never")).toMatchObject({
      phase: "Failed",
      initContainerStatuses: [{ state: { terminated: { exitCode: 1 } } }],
      containerStatuses: [{ state: { waiting: { reason: "PodInitializing" } } }],
    });
    await harness.advance(11_000);
    expect(harness.status("again").phase).toBe("Running");
    expect(harness.status("again").initContainerStatuses?.[0]?.restartCount).toBe(2);
  });

  test("init containers run again in a new sandbox", async () => {
    harness = scripted({ first: { exitAfterMs: 0 } });
    harness.start();
    harness.api.create(podOf("web", { initContainers: [container("first")] }));
    await harness.settle();
    harness.runtime.breakSandbox([...harness.runtime.sandboxes.keys()][0] ?? "");
    await harness.settle();
    expect(subjects("startContainer")).toEqual(["first", "main", "first", "main"]);
    expect(harness.status("web").initContainerStatuses?.[0]?.restartCount).toBe(1);
  });

  test("a restarted kubelet does not run init containers again", async () => {
    harness = scripted({ first: { exitAfterMs: 0 } });
    harness.start();
    harness.api.create(podOf("web", { initContainers: [container("first")] }));
    await harness.settle();
    await harness.restart();
    expect(subjects("startContainer")).toEqual(["first", "main"]);
  });
});

describe("standard provider, sidecars", () => {
  test("sidecars start in order before the init containers after them, and stop last in reverse order", async () => {
    harness = scripted({ init: { exitAfterMs: 100 } });
    harness.start();
    const initContainers = [sidecar("proxy"), container("init"), sidecar("logs")];
    harness.api.create(podOf("web", { initContainers }));
    await harness.advance(200);
    expect(subjects("startContainer")).toEqual(["proxy", "init", "logs", "main"]);
    expect(harness.status("web").phase).toBe("Running");
    harness.api.delete("web");
    await harness.settle();
    expect(stops()).toEqual(["main", "logs", "proxy"]);
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a sidecar restarts whatever the pod's policy, and does not keep the pod from completing", async () => {
    harness = scripted({
      proxy: (attempt) => (attempt === 0 ? { exitAfterMs: 500, exitCode: 1 } : {}),
      main: { exitAfterMs: 5000 },
    });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never", initContainers: [sidecar("proxy")] }));
    await harness.advance(1000);
    expect(harness.status("job").initContainerStatuses?.[0]).toMatchObject({ restartCount: 1, ready: true });
    await harness.advance(5000);
    expect(harness.status("job").phase).toBe("Succeeded");
    expect(stops()).toEqual(["proxy"]);
  });

  test("a sidecar that ignores its stop signal is killed within the pod's grace period", async () => {
    harness = scripted({ proxy: { obeysStop: false }, main: { exitAfterMs: 1000 } });
    harness.start();
    const pod = podOf("job", {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 5,
      initContainers: [sidecar("proxy")],
    });
    harness.api.create(pod);
    await harness.advance(3000);
    expect(harness.status("job").phase).toBe("Running");
    await harness.advance(4000);
    expect(harness.status("job").phase).toBe("Succeeded");
  });
});

describe("standard provider, sidecars of apps that use up the grace period", () => {
  test.each([10, 1])("with %i s they get their stop signal and 2 s (they were once killed)", async (seconds) => {
    harness = scripted({ main: { obeysStop: false }, slow: { obeysStop: false } });
    harness.start();
    const initContainers = [sidecar("proxy"), sidecar("slow")];
    harness.api.create(podOf("web", { terminationGracePeriodSeconds: seconds, initContainers }));
    await harness.settle();
    harness.api.delete("web");
    await harness.advance(seconds * 1000 + 1900);
    expect(harness.runtime.find("web", "proxy")).toMatchObject({ state: "exited", exitCode: 143 });
    expect(harness.runtime.find("web", "slow").state).toBe("running");
    await harness.advance(100);
    expect(harness.api.deletions).toEqual(["web"]);
    const last = harness.api.history.get("web")?.at(-1)?.initContainerStatuses ?? [];
    expect(last.map(({ state }) => state?.terminated?.exitCode)).toEqual([143, 137]);
  });
});

describe("standard provider, several app containers", () => {
  test("one container's back-off holds up no other", async () => {
    harness = scripted({ bad: { exitAfterMs: 0, exitCode: 1 } });
    harness.start();
    harness.api.create(podOf("web", { containers: [container("bad"), container("good")] }));
    await harness.settle();
    expect(harness.status("web").phase).toBe("Running");
    expect(harness.api.states("web", "bad").at(-1)).toBe("waiting:CrashLoopBackOff");
    expect(harness.api.states("web", "good").at(-1)).toBe("running");
    const ready = harness.status("web").conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({ status: "False", message: "containers with unready status: [bad]" });
  });

  test("a pull that fails holds up no other container", async () => {
    harness = scripted({});
    harness.runtime.images.remote = new Set();
    harness.start();
    const containers = [container("bad", { image: "missing:v1" }), container("good")];
    harness.api.create(podOf("web", { containers }));
    await harness.settle();
    expect(harness.api.states("web", "good").at(-1)).toBe("running");
    expect(harness.status("web").phase).toBe("Pending");
  });

  test("with restartPolicy Never the pod ends when the last container has, Failed if one did", async () => {
    harness = scripted({ a: { exitAfterMs: 1000, exitCode: 1 }, b: { exitAfterMs: 5000 } });
    harness.start();
    harness.api.create(podOf("job", { restartPolicy: "Never", containers: [container("b"), container("a")] }));
    await harness.advance(2000);
    expect(harness.status("job").phase).toBe("Running");
    expect(harness.status("job").containerStatuses?.map(({ name }) => name)).toEqual(["a", "b"]);
    await harness.advance(4000);
    expect(harness.status("job").phase).toBe("Failed");
  });
});

describe("standard provider, deletion at any time", () => {
  const delays: [when: string, verb: string][] = [
    ["while its sandbox is made", "runPodSandbox"],
    ["while its image is looked at", "imageStatus"],
    ["while its container is made", "createContainer"],
    ["while its container starts", "startContainer"],
  ];
  test.each(delays)("a pod deleted %s leaves nothing behind", async (_when, verb) => {
    harness = scripted({});
    // An even delay: the call has its effect although it was aborted.
    harness.runtime.injector.plan = (call) => (call.verb === verb ? { kind: "delay", delayMs: 2000 } : undefined);
    harness.start();
    harness.api.create(podOf("web"));
    await harness.advance(1000);
    harness.api.delete("web");
    await harness.advance(5000);
    expect(harness.api.deletions).toEqual(["web"]);
    expect(harness.runtime.sandboxes.size).toBe(0);
    expect(harness.api.phases("web").at(-1)).toBe("Failed");
  });

  test("a pod deleted while pulling is gone at once", async () => {
    harness = scripted({});
    harness.runtime.injector.plan = (call) =>
      call.verb === "pullImage" ? { kind: "delay", delayMs: 600_001 } : undefined;
    harness.start();
    harness.api.create(podOf("web", {}, { image: "slow:v1" }));
    await harness.advance(5000);
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a pod deleted in back-off is gone at once", async () => {
    harness = scripted({ main: { exitAfterMs: 0, exitCode: 1 } });
    harness.start();
    harness.api.create(podOf("web"));
    await harness.settle();
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["web"]);
  });

  test("a pod deleted while its volumes fail is gone at once", async () => {
    harness = scripted({});
    harness.volumes.error = new Error("no such config map");
    harness.start();
    harness.api.create(podOf("web"));
    await harness.advance(10_000);
    harness.api.delete("web");
    await harness.settle();
    expect(harness.api.deletions).toEqual(["web"]);
    expect(harness.verbs()).toEqual([]);
  });
});
