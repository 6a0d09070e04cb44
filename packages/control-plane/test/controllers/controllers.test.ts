import type { Job, ReplicaSet } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApiObject } from "../../src/resources/api-object.ts";
import { deployments } from "../../src/resources/apps/deployments.ts";
import { replicaSets } from "../../src/resources/apps/replica-sets.ts";
import { jobs } from "../../src/resources/batch/jobs.ts";
import { configMaps } from "../../src/resources/configuration.ts";
import { coreEvents } from "../../src/resources/events.ts";
import { nodes } from "../../src/resources/nodes.ts";
import { pods } from "../../src/resources/pods.ts";
import { runtimeClasses } from "../../src/resources/runtime-classes.ts";
import { bindPod } from "../../src/verbs/bind-pod.ts";
import { deleteObject } from "../../src/verbs/delete-object.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;

beforeEach(async () => {
  bench = new Workbench();
  await bench.settle();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const template = (labels: Record<string, string>, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image: "x:1" }], ...spec },
});

const setOf = (name: string, replicas: number, spec: object = {}) => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template({ app: name }, spec) },
});

const jobOf = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { template: template({}, { restartPolicy: "Never" }), ...spec },
});

function eventsOf(reason: string): { message: string; count: number }[] {
  return bench
    .list(coreEvents)
    .filter((event) => event["reason"] === reason)
    .map((event) => ({
      message: String(event["message"]),
      count: (event["series"] as { count: number } | undefined)?.count ?? 1,
    }));
}

const statusOf = <T extends { status?: unknown }>(object: ApiObject | undefined) =>
  (object as unknown as T).status as NonNullable<T["status"]>;

const fail = (pod: ApiObject) =>
  bench.report(pod, {
    phase: "Failed",
    containerStatuses: [
      {
        name: "main",
        image: "x:1",
        imageID: "",
        ready: false,
        restartCount: 0,
        state: {
          terminated: { exitCode: 1, finishedAt: `${new Date(bench.clock.now()).toISOString().slice(0, 19)}Z` },
        },
      },
    ],
  });

describe("ReplicaSetController", () => {
  test("says what keeps it from creating pods, tries again ever later, and recovers", async () => {
    bench.create(replicaSets, setOf("kept", 2, { runtimeClassName: "missing" }));
    await bench.settle();
    const failing = statusOf<ReplicaSet>(bench.get(replicaSets, "kept"));
    expect(failing.conditions).toMatchObject([
      {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: expect.stringContaining('"missing" not found'),
      },
    ]);
    await bench.advance(60_000);
    const [event, ...others] = eventsOf("FailedCreate");
    expect(others).toEqual([]);
    expect(event?.count).toBeGreaterThan(5);
    expect(event?.count).toBeLessThan(20);
    bench.create(runtimeClasses, { metadata: { name: "missing" }, handler: "h" });
    await bench.advance(120_000);
    expect(bench.list(pods)).toHaveLength(2);
    expect(statusOf<ReplicaSet>(bench.get(replicaSets, "kept")).conditions).toBeUndefined();
  });

  test("counts pods as available when they have been ready for long enough", async () => {
    const set = setOf("patient", 1);
    bench.create(replicaSets, { ...set, spec: { ...set.spec, minReadySeconds: 10 } });
    await bench.settle();
    const [pod] = bench.list(pods);
    const lastTransitionTime = `${new Date(bench.clock.now()).toISOString().slice(0, 19)}Z`;
    bench.report(pod as ApiObject, {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime }],
    });
    await bench.settle();
    const available = () => statusOf<ReplicaSet>(bench.get(replicaSets, "patient")).availableReplicas ?? 0;
    expect(available()).toBe(0);
    await bench.advance(9_000);
    expect(available()).toBe(0);
    await bench.advance(1_000);
    expect(available()).toBe(1);
  });
});

describe("DeploymentController", () => {
  test("does nothing while nothing changes", async () => {
    const { spec } = setOf("quiet", 2);
    bench.create(deployments, { metadata: { name: "quiet" }, spec });
    await bench.settle();
    for (const pod of bench.list(pods))
      bench.report(pod, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
    await bench.settle();
    const { revision } = bench.store;
    expect(bench.clock.pending).toBe(0);
    await bench.advance(3_600_000);
    expect(bench.store.revision).toBe(revision);
  });

  test("goes on after a restart where it stood", async () => {
    const { spec } = setOf("kept", 2);
    bench.create(deployments, { metadata: { name: "kept" }, spec });
    await bench.restart();
    await bench.settle();
    expect(bench.list(replicaSets)).toHaveLength(1);
    expect(bench.list(pods)).toHaveLength(2);
    const { revision } = bench.store;
    await bench.restart();
    await bench.settle();
    expect(bench.store.revision).toBe(revision);
  });

  test("takes another hash when the name of its ReplicaSet is taken", async () => {
    const { spec } = setOf("collided", 1);
    bench.create(deployments, { metadata: { name: "collided" }, spec });
    await bench.settle();
    const [set] = bench.list(replicaSets);
    const name = set?.metadata.name ?? "";
    deleteObject(bench.services, { definition: deployments, namespace: "default", name: "collided" });
    await bench.settle();
    expect(bench.list(replicaSets)).toEqual([]);
    bench.create(replicaSets, { ...setOf("other", 0), metadata: { name } });
    bench.create(deployments, { metadata: { name: "collided" }, spec });
    await bench.advance(1_000);
    const names = bench.list(replicaSets).map(({ metadata }) => metadata.name);
    expect(names).toHaveLength(2);
    expect(bench.get(deployments, "collided")?.["status"]).toMatchObject({ collisionCount: 1 });
  });
});

describe("JobController", () => {
  const activeOf = (name: string) => statusOf<Job>(bench.get(jobs, name)).active ?? 0;
  const running = () => bench.list(pods).filter((pod) => (pod["status"] as { phase: string }).phase === "Pending");

  test("replaces failed pods after 10 s, 20 s, 40 s, up to its limit", async () => {
    bench.create(jobs, jobOf("stubborn", { backoffLimit: 3 }));
    await bench.settle();
    for (const waitMs of [10_000, 20_000, 40_000]) {
      const [pod] = running();
      fail(pod as ApiObject);
      await bench.advance(waitMs - 1_000);
      expect(activeOf("stubborn")).toBe(0);
      await bench.advance(1_000);
      expect(activeOf("stubborn")).toBe(1);
    }
    fail(running()[0] as ApiObject);
    await bench.settle();
    const status = statusOf<Job>(bench.get(jobs, "stubborn"));
    expect(status.failed).toBe(4);
    expect(status.conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "FailureTarget BackoffLimitExceeded",
      "Failed BackoffLimitExceeded",
    ]);
  });

  test("goes on over a restart without counting a pod twice", async () => {
    bench.create(jobs, jobOf("counted", { completions: 2, parallelism: 2 }));
    await bench.settle();
    const [first, second] = bench.list(pods);
    bench.report(first as ApiObject, { phase: "Succeeded" });
    // Before the controller has seen it.
    await bench.restart();
    await bench.settle();
    expect(statusOf<Job>(bench.get(jobs, "counted")).succeeded).toBe(1);
    bench.report(second as ApiObject, { phase: "Succeeded" });
    await bench.settle();
    await bench.restart();
    await bench.settle();
    expect(statusOf<Job>(bench.get(jobs, "counted"))).toMatchObject({ succeeded: 2, uncountedTerminatedPods: {} });
  });

  test("keeps a finished job for its time to live", async () => {
    bench.create(jobs, jobOf("brief", { ttlSecondsAfterFinished: 30 }));
    await bench.settle();
    bench.report(bench.list(pods)[0] as ApiObject, { phase: "Succeeded" });
    await bench.advance(29_000);
    expect(bench.get(jobs, "brief")).toBeDefined();
    await bench.advance(1_000);
    expect(bench.get(jobs, "brief")).toBeUndefined();
    expect(bench.list(pods)).toEqual([]);
  });

  test("ends at its deadline, its pods with it", async () => {
    bench.create(jobs, jobOf("late", { activeDeadlineSeconds: 30 }));
    await bench.advance(29_000);
    expect(activeOf("late")).toBe(1);
    await bench.advance(1_000);
    expect(statusOf<Job>(bench.get(jobs, "late")).conditions?.at(-1)?.reason).toBe("DeadlineExceeded");
    expect(bench.list(pods)).toEqual([]);
  });
});

describe("PodGarbageCollector", () => {
  const pod = { metadata: { name: "left" }, spec: { nodeName: "n1", containers: [{ name: "main", image: "x:1" }] } };

  test("removes the pods of a node that has been gone for 40 s", async () => {
    bench.create(nodes, { metadata: { name: "n1" } });
    bench.create(pods, pod);
    await bench.advance(60_000);
    deleteObject(bench.services, { definition: nodes, namespace: "", name: "n1" });
    await bench.advance(39_000);
    expect(bench.get(pods, "left")).toBeDefined();
    const { revision } = bench.store;
    await bench.advance(1_000);
    expect(bench.get(pods, "left")).toBeUndefined();
    const [failed] = bench.store.since("pods", revision);
    expect(failed?.object["status"]).toMatchObject({
      phase: "Failed",
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "DisruptionTarget", reason: "DeletionByPodGC" }),
      ]),
    });
  });

  test("leaves them alone when the node comes back, also over a restart", async () => {
    bench.create(pods, pod);
    await bench.restart();
    await bench.advance(39_000);
    bench.create(nodes, { metadata: { name: "n1" } });
    await bench.advance(60_000);
    expect(bench.get(pods, "left")).toBeDefined();
    expect(bench.clock.pending).toBe(0);
  });
});

describe("GarbageCollector", () => {
  const finish = (pod: ApiObject) => {
    const target = { definition: pods, namespace: "default", name: pod.metadata.name ?? "" };
    deleteObject(bench.services, target, { gracePeriodSeconds: 0 });
  };

  test("in foreground deletion ends pods before their ReplicaSet, and that before its Deployment", async () => {
    const { spec } = setOf("whole", 2);
    bench.create(nodes, { metadata: { name: "n1" } });
    bench.create(deployments, { metadata: { name: "whole" }, spec });
    await bench.settle();
    const running = bench.list(pods);
    for (const { metadata } of running) {
      const target = { definition: pods, namespace: "default", name: metadata.name ?? "" };
      bindPod(bench.services, target, { target: { name: "n1" } });
    }
    const target = { definition: deployments, namespace: "default", name: "whole" };
    deleteObject(bench.services, target, { propagationPolicy: "Foreground" });
    await bench.settle();
    for (const pod of running) {
      expect(bench.list(pods).every(({ metadata }) => metadata.deletionTimestamp !== undefined)).toBe(true);
      expect(bench.list(replicaSets)).toHaveLength(1);
      expect(bench.get(deployments, "whole")).toBeDefined();
      finish(pod);
      await bench.settle();
    }
    expect([...bench.list(pods), ...bench.list(replicaSets), ...bench.list(deployments)]).toEqual([]);
  });

  test("in foreground deletion leaves what another owner keeps, and does not wait for what blocks nothing", async () => {
    const owner = (object: ApiObject, blockOwnerDeletion: boolean) => ({
      apiVersion: object.apiVersion,
      kind: object.kind,
      name: object.metadata.name,
      uid: object.metadata.uid,
      blockOwnerDeletion,
    });
    const going = bench.create(configMaps, { metadata: { name: "going" } });
    const staying = bench.create(configMaps, { metadata: { name: "staying" } });
    const shared = { name: "shared", ownerReferences: [owner(going, true), owner(staying, true)] };
    bench.create(configMaps, { metadata: shared });
    const held = { name: "held", finalizers: ["example.com/hold"], ownerReferences: [owner(going, false)] };
    bench.create(configMaps, { metadata: held });
    const target = { definition: configMaps, namespace: "default", name: "going" };
    deleteObject(bench.services, target, { propagationPolicy: "Foreground" });
    await bench.settle();
    expect(bench.get(configMaps, "going")).toBeUndefined();
    expect(bench.get(configMaps, "shared")?.metadata.ownerReferences).toMatchObject([{ uid: staying.metadata.uid }]);
    expect(bench.get(configMaps, "held")?.metadata.deletionTimestamp).toBeDefined();
  });
});
