import { resources } from "@wherry/client";
import type { PodSpec } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const text = "x".repeat(100_000);
const emptyDir = (limits: object): Partial<PodSpec> => ({ volumes: [{ name: "data", emptyDir: limits }] });
const volumeMounts = [{ name: "data", mountPath: "/data" }];
const limit = (storage: string) => ({ limits: { "ephemeral-storage": storage } });
const fill = { args: ["write", "/data/file", text, "hold"], volumeMounts };

describe.concurrent("a pod that stores more than it may", () => {
  test.each([
    [
      "over-size-limit",
      fill,
      emptyDir({ sizeLimit: "64Ki" }),
      'Usage of EmptyDir volume "data" exceeds the limit "64Ki". ',
    ],
    [
      "over-size-limit-in-memory",
      fill,
      emptyDir({ medium: "Memory", sizeLimit: "64Ki" }),
      'Usage of EmptyDir volume "data" exceeds the limit "64Ki". ',
    ],
    [
      "over-pod-limit",
      { ...fill, resources: limit("64Ki") },
      emptyDir({}),
      "Pod ephemeral local storage usage exceeds the total limit of containers 64Ki. ",
    ],
    [
      "over-container-limit",
      [
        { name: "main", args: ["lines", "100", "1000", "hold"], resources: limit("64Ki") },
        { name: "more", args: ["hold"], resources: limit("10Mi") },
      ],
      {},
      'Container main exceeded its local ephemeral storage limit "64Ki". ',
    ],
  ])("%s is evicted and says why", async (name, containers, spec, message) => {
    const { observer } = cluster();
    await cluster().createPod(name, containers, { ...spec, terminationGracePeriodSeconds: 60 });
    const { status } = await observer.untilPhase(name, "Failed");
    expect(status).toMatchObject({ reason: "Evicted", message });
    expect(status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(143);
    expect(status?.conditions?.map(({ type }) => type)).not.toContain("DisruptionTarget");
    await observer.untilEvent(name, "Evicted");
    expect(observer.events(name).find(({ reason }) => reason === "Evicted")).toMatchObject({
      type: "Warning",
      message,
    });
    const metrics = await cluster().client.raw("GET", "/api/v1/nodes/node-1/proxy/metrics");
    expect(metrics.body.toString()).toContain("kubelet_evictions{");
  });

  test("a pod within its limits, and one without any, go on", async () => {
    const { client, observer } = cluster();
    const within = { ...fill, resources: limit("10Mi") };
    await cluster().createPod("within-limits", within, emptyDir({ sizeLimit: "1Mi" }));
    await cluster().createPod("without-limits", fill, emptyDir({}));
    for (const name of ["within-limits", "without-limits"]) await observer.untilPhase(name, "Running");
    // The look that finds this one has looked at the others too.
    await cluster().createPod("over-later", fill, emptyDir({ sizeLimit: "64Ki" }));
    await observer.untilPhase("over-later", "Failed");
    for (const name of ["within-limits", "without-limits"])
      expect((await client.get(resources.pods, name, { namespace: "default" })).status?.phase).toBe("Running");
  });
});
