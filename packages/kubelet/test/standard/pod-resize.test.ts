import type { ContainerResizePolicy, Pod, ResourceRequirements } from "@wherry/kubernetes";
import { RuntimeError } from "@wherry/runtime";
import { failing } from "@wherry/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { KubeletHarness, podOf } from "../support/kubelet-harness.ts";

let harness: KubeletHarness;

afterEach(() => harness.stop());

const amounts = (cpu: string, memory = "64Mi"): ResourceRequirements => ({
  limits: { cpu, memory },
  requests: { cpu, memory },
});

/** The node of the harness has 4 CPUs and 8 GiB. */
function podWith(name: string, resources: ResourceRequirements, resizePolicy: ContainerResizePolicy[] = []): Pod {
  return podOf(name, {}, { resources, resizePolicy });
}

async function start(...pods: readonly Pod[]): Promise<void> {
  harness = new KubeletHarness();
  harness.start();
  for (const pod of pods) harness.api.create(pod);
  await harness.settle();
}

function ask(name: string, resources: ResourceRequirements): void {
  harness.api.update(name, (pod) => ({
    ...pod,
    spec: { ...pod.spec, containers: (pod.spec?.containers ?? []).map((container) => ({ ...container, resources })) },
  }));
}

const main = (name: string) => harness.status(name).containerStatuses?.[0];
const resizeConditions = (name: string) =>
  (harness.status(name).conditions ?? [])
    .filter(({ type }) => type.startsWith("PodResize"))
    .map(({ type, reason }) => (reason === undefined ? type : `${type} ${reason}`));
const resizeEvents = (name: string) => harness.reasons(name).filter((reason) => reason.startsWith("Resize"));
const updates = () => harness.verbs().filter((verb) => verb === "updateContainerResources").length;

describe("a resize in place", () => {
  test("gives a running container its cpu, and shows what it was given and has", async () => {
    await start(podWith("web", amounts("1")));
    expect(main("web")).toMatchObject({ allocatedResources: amounts("1").requests, resources: amounts("1") });
    ask("web", amounts("2"));
    await harness.settle();
    expect(main("web")).toMatchObject({
      restartCount: 0,
      allocatedResources: amounts("2").requests,
      resources: amounts("2"),
    });
    expect(harness.status("web").observedGeneration).toBe(2);
    expect(resizeConditions("web")).toEqual([]);
    expect(resizeEvents("web")).toEqual(["ResizeStarted", "ResizeCompleted"]);
    expect(harness.events.find(({ reason }) => reason === "ResizeCompleted")?.message).toBe(
      'Pod resize completed: {"containers":[{"name":"main","resources":{"limits":{"cpu":"2","memory":"64Mi"},"requests":{"cpu":"2","memory":"64Mi"}}}],"generation":2}',
    );
    const [container] = harness.runtime.containers.values();
    expect(container?.config.resources).toMatchObject({ cpuLimitMillis: 2000, memoryLimitBytes: 64 * 1024 * 1024 });
  });

  test("is in progress from the moment its generation is observed until the runtime has done it", async () => {
    await start(podWith("web", amounts("1")));
    harness.runtime.injector.plan = (call) =>
      call.verb === "updateContainerResources" ? { kind: "delay", delayMs: 2000 } : undefined;
    ask("web", amounts("2"));
    await harness.advance(500);
    const seen = harness.api.history.get("web")?.filter(({ observedGeneration }) => observedGeneration === 2) ?? [];
    expect(seen.length).toBeGreaterThan(0);
    for (const { conditions } of seen)
      expect(conditions?.find(({ type }) => type === "PodResizeInProgress")).toMatchObject({
        status: "True",
        observedGeneration: 2,
      });
    expect(main("web")).toMatchObject({ allocatedResources: amounts("2").requests, resources: amounts("1") });
    await harness.advance(5000);
    expect(resizeConditions("web")).toEqual([]);
  });

  test("of more than the node has is infeasible, and the container keeps what it has", async () => {
    await start(podWith("web", amounts("1")));
    ask("web", amounts("5"));
    await harness.settle();
    const pending = harness.status("web").conditions?.find(({ type }) => type === "PodResizePending");
    expect(pending).toMatchObject({
      status: "True",
      reason: "Infeasible",
      message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
      observedGeneration: 2,
    });
    expect(main("web")).toMatchObject({ allocatedResources: amounts("1").requests, resources: amounts("1") });
    expect(updates()).toBe(0);
    ask("web", amounts("1"));
    await harness.settle();
    expect(resizeConditions("web")).toEqual([]);
    expect(resizeEvents("web")).toEqual(["ResizeInfeasible"]);
  });

  test("that does not fit is deferred until another pod ends, the most important one first", async () => {
    await start(
      podWith("low", amounts("1")),
      { ...podWith("high", amounts("1")), spec: { ...podWith("high", amounts("1")).spec!, priority: 10 } },
      podWith("other", amounts("2")),
    );
    ask("low", amounts("3"));
    await harness.settle();
    ask("high", amounts("3"));
    await harness.settle();
    expect(resizeConditions("low")).toEqual(["PodResizePending Deferred"]);
    expect(resizeConditions("high")).toEqual(["PodResizePending Deferred"]);
    expect(harness.events.find(({ reason }) => reason === "ResizeDeferred")?.message).toMatch(
      /^Pod resize OutOfcpu: .*"Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"/,
    );
    harness.api.delete("other");
    await harness.advance(1000);
    expect(resizeConditions("high")).toEqual([]);
    expect(main("high")?.resources).toEqual(amounts("3"));
    expect(resizeConditions("low")).toEqual(["PodResizePending Deferred"]);
    expect(resizeEvents("high")).toEqual(["ResizeDeferred", "ResizeStarted", "ResizeCompleted"]);
  });

  test("counts for the pods that come after it, and not before it is granted", async () => {
    const admitted: [string, string | undefined][] = [];
    harness = new KubeletHarness({
      admit: (pod, others) => {
        for (const other of others)
          admitted.push([pod.metadata?.name ?? "", other.spec?.containers[0]?.resources?.requests?.["cpu"]]);
        return undefined;
      },
    });
    harness.start();
    harness.api.create(podWith("web", amounts("1")));
    await harness.settle();
    ask("web", amounts("9"));
    await harness.settle();
    harness.api.create(podOf("second"));
    ask("web", amounts("2"));
    await harness.settle();
    harness.api.create(podOf("third"));
    await harness.settle();
    expect(admitted.filter(([, cpu]) => cpu !== undefined)).toEqual([
      ["second", "1"],
      ["third", "2"],
    ]);
  });

  test("is counted when it is asked for, when it cannot be, and by the time it took", async () => {
    await start(podWith("web", amounts("1")));
    ask("web", amounts("5"));
    await harness.settle();
    ask("web", amounts("2"));
    await harness.settle();
    harness.runtime.injector.plan = failing("updateContainerResources", 1);
    ask("web", amounts("3"));
    await harness.settle();
    const text = harness.metrics.render();
    expect(text).toContain(
      'kubelet_container_requested_resizes_total{resource="cpu",requirement="requests",operation="decrease"} 1',
    );
    expect(text).toContain(
      'kubelet_container_requested_resizes_total{resource="cpu",requirement="requests",operation="increase"} 2',
    );
    expect(text).toContain('kubelet_pod_infeasible_resizes_total{reason_detail="insufficient_node_allocatable"} 1');
    expect(text).toContain('kubelet_pod_resize_duration_milliseconds_count{success="false"} 1');
    expect(text).toContain("kubelet_pod_in_progress_resizes 1");
  });

  test("that the policy wants a restart for restarts the container", async () => {
    const policy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
    await start(podWith("web", amounts("1"), policy));
    ask("web", amounts("1", "128Mi"));
    await harness.settle();
    expect(main("web")).toMatchObject({ restartCount: 1, resources: amounts("1", "128Mi") });
    expect(main("web")?.state?.running).toBeDefined();
    expect(updates()).toBe(0);
    const killing = harness.events.find(({ reason }) => reason === "Killing");
    expect(killing?.message).toBe("Container main resize requires restart");
    expect(resizeEvents("web")).toEqual(["ResizeStarted", "ResizeCompleted"]);
    ask("web", amounts("2", "128Mi"));
    await harness.settle();
    expect(main("web")).toMatchObject({ restartCount: 1, resources: amounts("2", "128Mi") });
  });

  test("that wants a second restart soon after the first one does not wait in CrashLoopBackOff", async () => {
    const policy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
    await start(podWith("web", amounts("1"), policy));
    for (const [restarts, memory] of ["128Mi", "256Mi"].entries()) {
      ask("web", amounts("1", memory));
      await harness.settle();
      expect(main("web")).toMatchObject({ restartCount: restarts + 1, resources: amounts("1", memory) });
      await harness.advance(30_000);
    }
    expect(harness.api.states("web", "main")).not.toContain("waiting:CrashLoopBackOff");
  });

  test("that the runtime cannot do stays in progress with its error, and is not asked for again and again", async () => {
    await start(podWith("web", amounts("1")));
    const error = new RuntimeError("Unimplemented", "memory is fixed, restart the container");
    harness.runtime.injector.plan = failing("updateContainerResources", 9, { error });
    ask("web", amounts("1", "128Mi"));
    await harness.advance(600_000);
    const progress = harness.status("web").conditions?.find(({ type }) => type === "PodResizeInProgress");
    expect(progress).toMatchObject({
      reason: "Error",
      message: "Cannot resize memory of container main: memory is fixed, restart the container",
      observedGeneration: 2,
    });
    expect(resizeEvents("web")).toEqual(["ResizeStarted", "ResizeError"]);
    expect(harness.events.find(({ reason }) => reason === "ResizeError")).toMatchObject({
      type: "Warning",
      message:
        'Pod resize error: {"containers":[{"name":"main","resources":{"limits":{"cpu":"1","memory":"128Mi"},"requests":{"cpu":"1","memory":"128Mi"}}}],"generation":2,"error":"Cannot resize memory of container main: memory is fixed, restart the container"}',
    });
    expect(updates()).toBe(1);
    expect(main("web")).toMatchObject({ restartCount: 0, resources: amounts("1") });
    ask("web", amounts("1"));
    await harness.settle();
    expect(resizeConditions("web")).toEqual([]);
  });

  test("that fails for another reason is tried again, and its error told once", async () => {
    await start(podWith("web", amounts("1")));
    harness.runtime.injector.plan = failing("updateContainerResources", 3);
    ask("web", amounts("2"));
    await harness.settle();
    expect(resizeConditions("web")).toEqual(["PodResizeInProgress Error"]);
    for (let second = 0; second < 35; second++) await harness.advance(1000);
    expect(updates()).toBe(4);
    expect(resizeConditions("web")).toEqual([]);
    expect(main("web")?.resources).toEqual(amounts("2"));
    expect(resizeEvents("web")).toEqual(["ResizeStarted", "ResizeError", "ResizeCompleted"]);
  });

  test("gives back before it takes, and memory comes before cpu", async () => {
    await start(
      podOf("web", {
        containers: [
          { name: "a", image: "app:v1", resources: amounts("1") },
          { name: "b", image: "app:v1", resources: amounts("2", "128Mi") },
        ],
      }),
    );
    harness.api.update("web", (pod) => ({
      ...pod,
      spec: {
        ...pod.spec,
        containers: (pod.spec?.containers ?? []).map((container) => ({
          ...container,
          resources: container.name === "a" ? amounts("2", "128Mi") : amounts("1"),
        })),
      },
    }));
    await harness.settle();
    const calls = harness.runtime.injector.calls.filter(({ verb }) => verb === "updateContainerResources");
    expect(calls.map(({ subject }) => subject)).toEqual(["b", "a", "b", "a"]);
  });

  test("asked for while the kubelet is away is looked at, not taken for given", async () => {
    const known = new Map();
    const allocations = {
      get: (uid: string) => known.get(uid),
      set: async (uid: string, allocation: object) => void known.set(uid, allocation),
      forget: (uid: string) => void known.delete(uid),
    };
    harness = new KubeletHarness({ allocations });
    harness.start();
    harness.api.create(podWith("web", amounts("1")));
    await harness.settle();
    await harness.stop();
    ask("web", amounts("5"));
    harness.start();
    await harness.settle();
    expect(resizeConditions("web")).toEqual(["PodResizePending Infeasible"]);
    expect(main("web")).toMatchObject({ allocatedResources: amounts("1").requests, resources: amounts("1") });
    await harness.stop();
    ask("web", amounts("2"));
    harness.start();
    await harness.settle();
    expect(main("web")).toMatchObject({ restartCount: 0, resources: amounts("2") });
    expect(resizeConditions("web")).toEqual([]);
  });

  test("that was granted before the kubelet died is brought to its end", async () => {
    await start(podWith("web", amounts("1")));
    harness.runtime.injector.plan = (call) =>
      call.verb === "updateContainerResources" ? { kind: "delay", delayMs: 60_000 } : undefined;
    ask("web", amounts("2"));
    await harness.advance(10);
    harness.runtime.injector.plan = () => undefined;
    await harness.restart();
    expect(main("web")?.resources).toEqual(amounts("2"));
    expect(resizeEvents("web").at(-1)).toBe("ResizeCompleted");
  });

  test("that cannot be recorded is deferred with the reason, and granted once it can", async () => {
    let full = false;
    const known = new Map();
    harness = new KubeletHarness({
      allocations: {
        get: (uid: string) => known.get(uid),
        set: async (uid: string, allocation: object) => {
          if (full) throw new Error("ENOSPC: no space left on device");
          known.set(uid, allocation);
        },
        forget: (uid: string) => void known.delete(uid),
      },
    });
    harness.start();
    harness.api.create(podWith("web", amounts("1")));
    await harness.settle();
    full = true;
    ask("web", amounts("2"));
    await harness.settle();
    expect(resizeConditions("web")).toEqual(["PodResizePending Deferred"]);
    expect(updates()).toBe(0);
    full = false;
    await harness.advance(2000);
    expect(resizeConditions("web")).toEqual([]);
    expect(main("web")?.resources).toEqual(amounts("2"));
  });
});
