import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pod, type PodSpec, parseQuantity, quantityMilliValue } from "@wherry/kubernetes";
import { afterAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const manifests = mkdtempSync(join(tmpdir(), "wherry-manifests-"));
afterAll(() => rm(manifests, { recursive: true, force: true }));

const node = "node-1";
const cluster = sharedCluster({ configuration: { maxPods: 4, staticPodPath: manifests } });

/** Bound without the scheduler, which would bind nothing to a full node. */
const bound: Partial<PodSpec> = { nodeName: node, terminationGracePeriodSeconds: 1 };
const critical: Partial<PodSpec> = { ...bound, priorityClassName: "system-node-critical" };

const containerOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
const isRunning = ({ status }: Pod) => status?.phase === "Running";
const phase = (name: string) => cluster().observer.pod(name)?.status?.phase;

/** Creates a pod that holds a share of the node's cpu, in hundredths. */
function hold(name: string, share: number, spec: Partial<PodSpec> = bound): Promise<Pod> {
  const { allocatable } = cluster().observer.node(node)?.status ?? {};
  const cpu = quantityMilliValue(parseQuantity(allocatable?.["cpu"] ?? ""));
  const requests = { cpu: `${Math.floor((cpu * share) / 100)}m` };
  return cluster().createPod(name, { args: ["hold"], ...(share > 0 && { resources: { requests } }) }, spec);
}

async function preemptions(): Promise<string[]> {
  const { body } = await cluster().client.raw("GET", `/api/v1/nodes/${node}/proxy/metrics`);
  return body.toString().match(/^kubelet_preemptions.*$/gm) ?? [];
}

// One after another: each finds the node as the one before has left it.
describe("on a full node", () => {
  test("a critical pod starts when the least that suffices has ended for it", async () => {
    const { observer } = cluster();
    await Promise.all([hold("idle", 0), hold("small", 20), hold("large", 50)]);
    await Promise.all(["idle", "small", "large"].map((name) => observer.untilPhase(name, "Running")));
    await hold("urgent", 40, critical);
    const victim = await observer.untilPhase("small", "Failed");
    expect(victim.status).toMatchObject({
      reason: "Preempting",
      message: "Preempted in order to admit critical pod",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" }),
      ]),
    });
    await observer.untilEvent("small", "Preempting", /^Preempted in order to admit critical pod$/);
    const urgent = await observer.untilPhase("urgent", "Running");
    const started = Date.parse(containerOf(urgent)?.state?.running?.startedAt ?? "");
    expect(started).toBeGreaterThanOrEqual(Date.parse(containerOf(victim)?.state?.terminated?.finishedAt ?? ""));
    expect([phase("idle"), phase("large")]).toEqual(["Running", "Running"]);
    expect(await preemptions()).toEqual(['kubelet_preemptions{preemption_signal="cpu"} 1']);
  });

  test("a critical pod that no end of others would help ends none", async () => {
    const { observer } = cluster();
    await hold("greedy", 120, critical);
    const pod = await observer.untilPhase("greedy", "Failed");
    const message =
      /preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: \[\(res: cpu, q: \d+\), \]$/;
    expect(pod.status).toMatchObject({
      reason: "UnexpectedAdmissionError",
      message: expect.stringMatching(message),
    });
    await observer.untilEvent("greedy", "UnexpectedAdmissionError", message);
    expect(["idle", "large", "urgent"].map(phase)).toEqual(["Running", "Running", "Running"]);
  });

  test("a static pod takes the place of a pod of the API", async () => {
    const { observer } = cluster();
    await hold("last", 5);
    await observer.untilPhase("last", "Running");
    const containers = [{ name: "main", image: cluster().kit, args: ["hold"] }];
    const manifest = { apiVersion: "v1", kind: "Pod", metadata: { name: "static" }, spec: { containers } };
    await writeFile(join(manifests, "static.json"), JSON.stringify(manifest));
    await observer.until(`static-${node}`, "running", isRunning);
    expect((await observer.untilPhase("idle", "Failed")).status?.reason).toBe("Preempting");
    expect(["last", "large", "urgent"].map(phase)).toEqual(["Running", "Running", "Running"]);
    expect((await preemptions()).toSorted()).toEqual([
      'kubelet_preemptions{preemption_signal="cpu"} 1',
      'kubelet_preemptions{preemption_signal="pods"} 1',
    ]);
  });
});
