import type { ContainerResizePolicy, PodSpec, ResourceRequirements } from "@wherry/kubernetes";
import { RuntimeError } from "@wherry/runtime";
import { failing } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

const mebi = 1024 * 1024;

const amounts = (cpu: string, memory = "64Mi"): ResourceRequirements => ({
  limits: { cpu, memory },
  requests: { cpu, memory },
});

/** A pod with one container `main` of 1 cpu. The node of the harness has 4 CPUs and 8 GiB. */
async function start(name: string, resources: ResourceRequirements | undefined, resizePolicy: ContainerResizePolicy[]) {
  harness = new KubeletHarness();
  harness.start();
  harness.api.create(podOf(name, { resources }, { resources: amounts("1"), resizePolicy }));
  await harness.settle();
}

function ask(name: string, change: (spec: PodSpec) => Partial<PodSpec>): void {
  harness.api.update(name, (pod) => {
    const spec = pod.spec ?? { containers: [] };
    return { ...pod, spec: { ...spec, ...change(spec) } };
  });
}

const containersWith =
  (resources: ResourceRequirements) =>
  ({ containers }: PodSpec) => ({ containers: containers.map((container) => ({ ...container, resources })) });

const sandboxLimits = () => [...harness.runtime.sandboxes.values()][0]?.config.resources;
const resizeCalls = () =>
  harness
    .verbs()
    .filter((verb) => /^(update|startContainer|stopContainer)/.test(verb))
    .slice(1);
const condition = (name: string) => harness.status(name).conditions?.find(({ type }) => type.startsWith("PodResize"));

describe("a resize of a pod as a whole", () => {
  test("moves the limit of the sandbox, leaves the containers alone, and is shown in the status", async () => {
    await start("web", amounts("2", "1Gi"), []);
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 2000, memoryLimitBytes: 1024 * mebi });
    expect(harness.status("web")).toMatchObject({
      resources: amounts("2", "1Gi"),
      allocatedResources: { cpu: "2", memory: "1Gi" },
    });
    ask("web", () => ({ resources: amounts("3", "2Gi") }));
    await harness.settle();
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 3000, memoryLimitBytes: 2048 * mebi });
    expect(harness.status("web")).toMatchObject({
      resources: amounts("3", "2Gi"),
      allocatedResources: { cpu: "3", memory: "2Gi" },
      observedGeneration: 2,
    });
    expect(condition("web")).toBeUndefined();
    expect(resizeCalls()).toEqual(["updatePodSandboxResources", "updatePodSandboxResources"]);
    expect(harness.events.filter(({ reason }) => reason.startsWith("Resize")).map(({ message }) => message)).toEqual([
      `Pod resize started: {"resources":${JSON.stringify(amounts("3", "2Gi"))},"containers":[{"name":"main","resources":${JSON.stringify(amounts("1"))}}],"generation":2}`,
      `Pod resize completed: {"resources":${JSON.stringify(amounts("3", "2Gi"))},"containers":[{"name":"main","resources":${JSON.stringify(amounts("1"))}}],"generation":2}`,
    ]);
  });

  const restartForCpu = [{ resourceName: "cpu", restartPolicy: "RestartContainer" }];

  test.each<[string, ResourceRequirements, number]>([
    ["has no resources", {}, 1],
    ["has a request only", { requests: { cpu: "100m" } }, 1],
    ["has a limit of something else only", { limits: { memory: "64Mi" } }, 1],
    ["has a limit of its own", amounts("1"), 0],
  ])("restarts a container that wants it and %s: %j", async (_what, resources, restartCount) => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web", { resources: amounts("2") }, { resources, resizePolicy: restartForCpu }));
    await harness.settle();
    ask("web", () => ({ resources: amounts("3") }));
    await harness.settle();
    expect(harness.status("web").containerStatuses).toMatchObject([{ restartCount }]);
    expect(sandboxLimits()?.cpuLimitMillis).toBe(3000);
    expect(condition("web")).toBeUndefined();
    ask("web", () => ({ resources: amounts("3", "2Gi") }));
    await harness.settle();
    expect(harness.status("web").containerStatuses).toMatchObject([{ restartCount }]);
  });

  test("whose container's restart the kubelet did not live to see is brought to its end", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web", { resources: amounts("2") }, { resources: {}, resizePolicy: restartForCpu }));
    await harness.settle();
    harness.runtime.injector.plan = (call) =>
      call.verb === "stopContainer" ? { kind: "delay", delayMs: 60_000 } : undefined;
    ask("web", () => ({ resources: amounts("3") }));
    await harness.advance(10);
    expect(sandboxLimits()?.cpuLimitMillis).toBe(3000);
    harness.runtime.injector.plan = () => undefined;
    await harness.restart();
    await harness.settle();
    expect(harness.status("web").containerStatuses).toMatchObject([{ restartCount: 1 }]);
    expect(condition("web")).toBeUndefined();
  });

  test("shows what the sandbox has until the runtime has done it", async () => {
    await start("web", amounts("2"), []);
    harness.runtime.injector.plan = (call) =>
      call.verb === "updatePodSandboxResources" ? { kind: "delay", delayMs: 2000 } : undefined;
    ask("web", () => ({ resources: amounts("3") }));
    await harness.advance(500);
    expect(condition("web")).toMatchObject({ type: "PodResizeInProgress", observedGeneration: 2 });
    expect(harness.status("web")).toMatchObject({
      allocatedResources: { cpu: "3" },
      resources: { limits: { cpu: "2" } },
    });
    await harness.advance(5000);
    expect(condition("web")).toBeUndefined();
    expect(harness.status("web").resources?.limits).toEqual({ cpu: "3", memory: "64Mi" });
  });

  test.each([
    ["5", "Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"],
    ["3", "Deferred", "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"],
  ])("to %s cpus is %s beside a pod that has two", async (cpu, reason, message) => {
    await start("web", amounts("1"), []);
    harness.api.create(podOf("other", {}, { resources: amounts("2") }));
    ask("web", () => ({ resources: amounts(cpu) }));
    await harness.settle();
    expect(condition("web")).toMatchObject({ type: "PodResizePending", reason, message });
    expect(sandboxLimits()?.cpuLimitMillis).toBe(1000);
    expect(harness.status("web").allocatedResources).toEqual({ cpu: "1", memory: "64Mi" });
  });

  test("that the containers have no room in stays in progress with its error until they have", async () => {
    await start("web", amounts("1", "1Gi"), []);
    const error = new RuntimeError("ResourceExhausted", "900 MiB are in use");
    harness.runtime.injector.plan = failing("updatePodSandboxResources", 1, { error });
    ask("web", () => ({ resources: amounts("1", "512Mi") }));
    await harness.settle();
    expect(condition("web")).toMatchObject({
      type: "PodResizeInProgress",
      reason: "Error",
      message: "Cannot resize memory of the pod: 900 MiB are in use",
    });
    expect(harness.status("web").resources?.limits?.["memory"]).toBe("1Gi");
    await harness.advance(11_000);
    expect(condition("web")).toBeUndefined();
    expect(sandboxLimits()?.memoryLimitBytes).toBe(512 * mebi);
  });

  test("that was granted before the kubelet died is brought to its end", async () => {
    await start("web", amounts("1"), []);
    harness.runtime.injector.plan = (call) =>
      call.verb === "updatePodSandboxResources" ? { kind: "delay", delayMs: 60_000 } : undefined;
    ask("web", () => ({ resources: amounts("2") }));
    await harness.advance(10);
    harness.runtime.injector.plan = () => undefined;
    await harness.restart();
    expect(sandboxLimits()?.cpuLimitMillis).toBe(2000);
    expect(harness.reasons("web").at(-1)).toBe("ResizeCompleted");
  });
});

describe("the limit of a sandbox when a container is resized", () => {
  test("stays where the pod as a whole has one (it once followed the container)", async () => {
    await start("web", amounts("3", "1Gi"), []);
    ask("web", containersWith(amounts("2", "128Mi")));
    await harness.settle();
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 3000, memoryLimitBytes: 1024 * mebi });
    expect(resizeCalls()).toEqual(["updateContainerResources", "updateContainerResources"]);
    expect(harness.status("web").resources).toEqual(amounts("3", "1Gi"));
  });

  test("is their sum otherwise, and grows before and shrinks after them", async () => {
    await start("web", undefined, []);
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 1000, memoryLimitBytes: 64 * mebi });
    ask("web", containersWith(amounts("2", "64Mi")));
    await harness.settle();
    ask("web", containersWith(amounts("1", "64Mi")));
    await harness.settle();
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 1000, memoryLimitBytes: 64 * mebi });
    expect(resizeCalls()).toEqual([
      "updatePodSandboxResources",
      "updateContainerResources",
      "updateContainerResources",
      "updatePodSandboxResources",
    ]);
  });

  test("has grown before a container starts anew with more, and shrinks when one that had more has ended", async () => {
    await start("web", undefined, [{ resourceName: "memory", restartPolicy: "RestartContainer" }]);
    ask("web", containersWith(amounts("1", "128Mi")));
    await harness.settle();
    ask("web", containersWith(amounts("1", "32Mi")));
    await harness.settle();
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 1000, memoryLimitBytes: 32 * mebi });
    expect(resizeCalls()).toEqual([
      "updatePodSandboxResources",
      "stopContainer",
      "startContainer",
      "stopContainer",
      "startContainer",
      "updatePodSandboxResources",
    ]);
  });

  test("comes to be where the last container without one gets one", async () => {
    harness = new KubeletHarness();
    harness.start();
    harness.api.create(podOf("web", {}, { resources: { requests: { cpu: "1" } } }));
    await harness.settle();
    expect(sandboxLimits()).toEqual({});
    expect(harness.status("web").resources).toEqual({ requests: { cpu: "1" } });
    ask("web", containersWith({ requests: { cpu: "1" }, limits: { cpu: "2" } }));
    await harness.settle();
    expect(sandboxLimits()).toEqual({ cpuLimitMillis: 2000 });
  });
});

test("a pod that was refused has been given no resources", async () => {
  harness = new KubeletHarness({ admit: () => ({ reason: "OutOfcpu", message: "none left" }) });
  harness.start();
  harness.api.create(podOf("web", { resources: amounts("1") }));
  await harness.settle();
  expect(harness.status("web").phase).toBe("Failed");
  expect(harness.status("web").resources).toBeUndefined();
  expect(harness.status("web").allocatedResources).toBeUndefined();
});
