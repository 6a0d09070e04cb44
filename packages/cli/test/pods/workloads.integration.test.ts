import { createReflector, type ResourceDefinition, resources } from "@wherry/client";
import type {
  DaemonSet,
  Deployment,
  Job,
  KubernetesObject,
  Pod,
  PodTemplateSpec,
  StatefulSet,
} from "@wherry/kubernetes";
import { wasmPod } from "@wherry/testkit";
import { describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

/** A template of the workload kit; the node's taint is tolerated as by every pod of a mixed cluster. */
function template(app: string, args: readonly string[], spec: object = {}): PodTemplateSpec {
  const { spec: podSpec } = wasmPod(
    app,
    { image: cluster().kit, args: [...args] },
    { restartPolicy: "Always", ...spec },
  );
  return { metadata: { labels: { app } }, ...(podSpec && { spec: podSpec }) };
}

const selector = (app: string) => ({ matchLabels: { app } });

/** The object as soon as `holds` is true of it; the test's own time limit ends the wait. */
async function until<T extends KubernetesObject>(
  definition: ResourceDefinition<T>,
  name: string,
  holds: (object: T) => boolean,
): Promise<T> {
  const reflector = createReflector(cluster().client, definition, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  });
  const stop = new AbortController();
  const running = reflector.run(stop.signal).catch(() => undefined);
  try {
    return await new Promise<T>((resolve) => {
      reflector.onChange(({ object }) => {
        if (holds(object)) resolve(object);
      });
    });
  } finally {
    stop.abort();
    await running;
  }
}

const podsOf = (app: string): readonly Pod[] =>
  cluster()
    .observer.pods()
    .filter((pod) => pod.metadata?.labels?.["app"] === app);

const isRolledOut = ({ metadata, spec, status }: Deployment): boolean =>
  status?.observedGeneration === metadata?.generation &&
  status?.updatedReplicas === spec?.replicas &&
  status?.replicas === spec?.replicas &&
  status?.availableReplicas === spec?.replicas;

describe.concurrent("workloads of modules", () => {
  test("a Deployment rolls, and its old pods end", async () => {
    const { client } = cluster();
    const spec = { replicas: 2, selector: selector("web"), template: template("web", ["print", "one", "hold"]) };
    await client.create(resources.deployments, { metadata: { name: "web" }, spec }, { namespace });
    await until(resources.deployments, "web", isRolledOut);
    const old = podsOf("web").map(({ metadata }) => metadata?.name ?? "");
    expect(old).toHaveLength(2);
    const patch = { spec: { template: template("web", ["print", "two", "hold"]) } };
    await client.patch(resources.deployments, "web", patch, { namespace, type: "strategic" });
    await until(resources.deployments, "web", (object) => object.metadata?.generation === 2 && isRolledOut(object));
    for (const name of old) await cluster().observer.untilGone(name);
    for (const { metadata } of podsOf("web")) expect(await cluster().log(metadata?.name ?? "")).toBe("two\n");
  });

  test("a Job fails at its back-off limit, and another completes", async () => {
    const { client } = cluster();
    const job = (name: string, args: readonly string[], spec: object) =>
      client.create(
        resources.jobs,
        { metadata: { name }, spec: { template: template(name, args, { restartPolicy: "Never" }), ...spec } },
        { namespace },
      );
    const has = (type: string) => (object: Job) =>
      object.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
    await job("good", ["print", "done"], { completions: 3, parallelism: 2 });
    await job("bad", ["exit", "7"], { backoffLimit: 0 });
    const good = await until(resources.jobs, "good", has("Complete"));
    expect(good.status).toMatchObject({ succeeded: 3, uncountedTerminatedPods: {} });
    const bad = await until(resources.jobs, "bad", has("Failed"));
    expect(bad.status?.failed).toBe(1);
    await client.delete(resources.jobs, "good", { namespace, propagationPolicy: "Foreground" });
    for (const { metadata } of podsOf("good")) await cluster().observer.untilGone(metadata?.name ?? "");
  });

  test("a StatefulSet starts in order and replaces a pod under its name", async () => {
    const { client, observer } = cluster();
    const spec = { replicas: 2, selector: selector("store"), template: template("store", ["hold"]) };
    await client.create(resources.statefulSets, { metadata: { name: "store" }, spec }, { namespace });
    await until(resources.statefulSets, "store", ({ status }: StatefulSet) => status?.readyReplicas === 2);
    const ready = (name: string) =>
      observer.pod(name)?.status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
    expect(ready("store-0") <= (observer.pod("store-1")?.metadata?.creationTimestamp ?? "")).toBe(true);
    const before = observer.pod("store-1")?.metadata?.uid;
    await cluster().deletePod("store-1");
    await observer.until("store-1", "running anew", ({ metadata, status }) => {
      return metadata?.uid !== before && status?.phase === "Running";
    });
  });

  test("a DaemonSet lands on the node, and an eviction asks its budget", async () => {
    const { client, observer } = cluster();
    const spec = { selector: selector("agent"), template: template("agent", ["hold"]) };
    await client.create(resources.daemonSets, { metadata: { name: "agent" }, spec }, { namespace });
    await until(resources.daemonSets, "agent", ({ status }: DaemonSet) => status?.numberAvailable === 1);
    const [pod] = podsOf("agent");
    const name = pod?.metadata?.name ?? "";
    expect(pod?.spec?.nodeName).toBe("node-1");
    const budget = { metadata: { name: "agent" }, spec: { minAvailable: 1, selector: selector("agent") } };
    await client.create(resources.podDisruptionBudgets, budget, { namespace });
    await until(resources.podDisruptionBudgets, "agent", ({ status }) => status?.currentHealthy === 1);
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    const evict = () => client.createSubresource(resources.pods, name, "eviction", eviction, { namespace });
    await expect(evict()).rejects.toThrow("Cannot evict pod as it would violate the pod's disruption budget.");
    await client.delete(resources.podDisruptionBudgets, "agent", { namespace });
    await evict();
    await observer.untilGone(name);
    await until(resources.daemonSets, "agent", ({ status }: DaemonSet) => status?.numberAvailable === 1);
  });
});
