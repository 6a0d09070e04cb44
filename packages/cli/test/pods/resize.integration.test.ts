import { resources } from "@wherry/client";
import type { Pod, ResourceRequirements } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

// The API server resizes pods of nodes only that say they run Linux.
const cluster = sharedCluster({ flags: ["--standalone-node"] });

const amounts = (cpu: string, memory = "64Mi"): ResourceRequirements => ({
  limits: { cpu, memory },
  requests: { cpu, memory },
});

/** Asks for other resources of a pod as a whole. */
function resizePod(name: string, wanted: ResourceRequirements): Promise<Pod> {
  const options = { namespace: "default", type: "strategic", subresource: "resize" } as const;
  return cluster().client.patch(resources.pods, name, { spec: { resources: wanted } }, options);
}

/** Asks for other resources of a pod that runs, as `kubectl patch --subresource resize` does. */
function resize(name: string, wanted: ResourceRequirements): Promise<Pod> {
  const patch = { spec: { containers: [{ name: "main", resources: wanted }] } };
  const options = { namespace: "default", type: "strategic", subresource: "resize" } as const;
  return cluster().client.patch(resources.pods, name, patch, options);
}

const main = ({ status }: Pod) => status?.containerStatuses?.[0];
const condition = ({ status }: Pod, type: string) => status?.conditions?.find((entry) => entry.type === type);
const has = (cpu: string, memory?: string) => (pod: Pod) =>
  main(pod)?.resources?.limits?.["cpu"] === cpu &&
  (memory === undefined || main(pod)?.resources?.limits?.["memory"] === memory) &&
  main(pod)?.state?.running !== undefined &&
  condition(pod, "PodResizeInProgress") === undefined;

describe.concurrent("a resize of a running pod", () => {
  test("changes cpu in place", async () => {
    const { observer } = cluster();
    await cluster().createPod("grows", { args: ["hold"], resources: amounts("100m") });
    await observer.untilPhase("grows", "Running");
    const { metadata } = await resize("grows", amounts("200m"));
    const pod = await observer.until("grows", "200m", has("200m"));
    expect(main(pod)).toMatchObject({ restartCount: 0, allocatedResources: amounts("200m").requests });
    expect(pod.status?.observedGeneration).toBe(metadata?.generation);
    await observer.untilEvent("grows", "ResizeStarted", /^Pod resize started: \{"containers":/);
    await observer.untilEvent("grows", "ResizeCompleted");
  });

  test("changes memory by a restart where the policy allows that", async () => {
    const { observer } = cluster();
    const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
    const spec = { restartPolicy: "Always" };
    await cluster().createPod("restarts", { args: ["hold"], resources: amounts("100m"), resizePolicy }, spec);
    await observer.untilPhase("restarts", "Running");
    await resize("restarts", amounts("100m", "128Mi"));
    const pod = await observer.until("restarts", "128Mi", has("100m", "128Mi"));
    expect(main(pod)?.restartCount).toBe(1);
    await observer.untilEvent("restarts", "Killing", /^Container main resize requires restart$/);
  });

  test("of the pod as a whole moves its limits, and those of no container", async () => {
    const { observer } = cluster();
    const whole = { resources: amounts("200m", "256Mi") };
    await cluster().createPod("whole", { args: ["hold"], resources: amounts("100m") }, whole);
    await observer.untilPhase("whole", "Running");
    const before = await observer.until("whole", "its resources", ({ status }) => status?.resources !== undefined);
    expect(before.status).toMatchObject({
      resources: amounts("200m", "256Mi"),
      allocatedResources: { cpu: "200m", memory: "256Mi" },
    });
    const { metadata } = await resizePod("whole", amounts("300m", "512Mi"));
    const pod = await observer.until(
      "whole",
      "300m",
      (seen) =>
        seen.status?.resources?.limits?.["cpu"] === "300m" && condition(seen, "PodResizeInProgress") === undefined,
    );
    expect(pod.status).toMatchObject({
      resources: amounts("300m", "512Mi"),
      allocatedResources: { cpu: "300m", memory: "512Mi" },
      observedGeneration: metadata?.generation,
    });
    expect(main(pod)).toMatchObject({ restartCount: 0, resources: amounts("100m") });
    await observer.untilEvent("whole", "ResizeCompleted");
    // A container's resize leaves the pod's own limits where they are.
    await resize("whole", amounts("150m"));
    const after = await observer.until("whole", "150m", has("150m"));
    expect(after.status?.resources).toEqual(amounts("300m", "512Mi"));
  });

  test("of a pod as a whole to more than the others leave is deferred", async () => {
    const { observer } = cluster();
    const whole = { resources: amounts("200m", "256Mi") };
    await cluster().createPod("huge", { args: ["hold"], resources: amounts("100m") }, whole);
    await cluster().createPod("beside", { args: ["hold"], resources: amounts("100m") });
    await Promise.all([observer.untilPhase("huge", "Running"), observer.untilPhase("beside", "Running")]);
    const { allocatable } = observer.node("node-1")?.status ?? {};
    await resizePod("huge", amounts(allocatable?.["cpu"] ?? "1", "256Mi"));
    const pod = await observer.until("huge", "pending", (seen) => condition(seen, "PodResizePending") !== undefined);
    expect(condition(pod, "PodResizePending")).toMatchObject({
      reason: "Deferred",
      message: expect.stringMatching(
        /^Node didn't have enough resource: cpu, requested: \d+, used: \d+, capacity: \d+$/,
      ),
    });
    expect(pod.status?.allocatedResources).toEqual({ cpu: "200m", memory: "256Mi" });
    await resizePod("huge", whole.resources);
    await observer.until("huge", "no resize", (seen) => condition(seen, "PodResizePending") === undefined);
  });

  test("of memory in place is shown as what the runtime cannot do", async () => {
    const { observer } = cluster();
    await cluster().createPod("fixed", { args: ["hold"], resources: amounts("100m") });
    await observer.untilPhase("fixed", "Running");
    await resize("fixed", amounts("100m", "128Mi"));
    const failed = (pod: Pod) => condition(pod, "PodResizeInProgress")?.reason === "Error";
    const pod = await observer.until("fixed", "an error", failed);
    expect(condition(pod, "PodResizeInProgress")?.message).toMatch(
      /^Cannot resize memory of container main: .*restart/,
    );
    expect(main(pod)).toMatchObject({ restartCount: 0, resources: amounts("100m") });
  });

  test("of more than the others leave is deferred, and can be taken back", async () => {
    const { observer } = cluster();
    await cluster().createPod("waits", { args: ["hold"], resources: amounts("100m") });
    await cluster().createPod("neighbour", { args: ["hold"], resources: amounts("100m") });
    await Promise.all([observer.untilPhase("waits", "Running"), observer.untilPhase("neighbour", "Running")]);
    const { allocatable } = observer.node("node-1")?.status ?? {};
    const { generation } = (await resize("waits", amounts(allocatable?.["cpu"] ?? "1"))).metadata ?? {};
    const pending = (pod: Pod) => condition(pod, "PodResizePending");
    const pod = await observer.until("waits", "Deferred", (seen) => pending(seen)?.reason === "Deferred");
    expect(pending(pod)).toMatchObject({ status: "True", observedGeneration: generation });
    expect(main(pod)?.resources).toEqual(amounts("100m"));
    await observer.untilEvent("waits", "ResizeDeferred", /Node didn't have enough resource: cpu/);
    await resize("waits", amounts("100m"));
    await observer.until("waits", "no resize", (seen) => pending(seen) === undefined);
  });
});
