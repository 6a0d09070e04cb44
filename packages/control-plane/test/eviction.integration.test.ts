import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podOf } from "./test-plane.ts";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;

beforeAll(async () => {
  plane = await startWorkloadPlane();
});

afterAll(async () => {
  expect(plane.kubelet.problems).toEqual([]);
  await plane[Symbol.asyncDispose]();
});

const sets = "/apis/apps/v1/namespaces/default/replicasets";
const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const pods = "/api/v1/namespaces/default/pods";

const evict = (name: string, deleteOptions: object = {}) =>
  plane.admin.post(`${pods}/${name}/eviction`, {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace: "default" },
    deleteOptions,
  });

async function startSet(name: string, replicas: number, budget: object, does = "run"): Promise<string[]> {
  const labels = { app: name, does };
  await plane.admin.post(sets, {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image: "registry.example/app:1" }] } },
    },
  });
  await plane.admin.post(budgets, {
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, ...budget },
  });
  await plane.until(
    `${sets}/${name}`,
    ({ status }) => (does === "run" ? status.readyReplicas : status.replicas) === replicas,
  );
  const { body } = await plane.admin.get(`${pods}?labelSelector=app=${name}`);
  for (const { metadata } of body.items)
    await plane.until(`${pods}/${metadata.name}`, ({ status }) => status.phase === "Running");
  return body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
}

describe("an eviction", () => {
  test("deletes a pod and says why", async () => {
    await plane.admin.post(pods, podOf("free"));
    await plane.until(`${pods}/free`, ({ status }) => status.phase === "Running");
    using watch = await plane.admin.watch(`${pods}?fieldSelector=metadata.name=free`);
    const { code, body } = await evict("free");
    expect([code, body.status]).toEqual([201, "Success"]);
    const { object } = await watch.find(({ type }) => type === "DELETED");
    const target = object.status.conditions.find(({ type }: { type: string }) => type === "DisruptionTarget");
    expect(target).toMatchObject({
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    });
  });

  test.each([
    [{ minAvailable: 2 }, { expectedPods: 3, desiredHealthy: 2 }],
    [{ minAvailable: "50%" }, { expectedPods: 3, desiredHealthy: 2 }],
    [{ maxUnavailable: 1 }, { expectedPods: 3, desiredHealthy: 2 }],
    [{ maxUnavailable: "10%" }, { expectedPods: 3, desiredHealthy: 2 }],
  ])("is refused beyond a budget of %j", async (budget, expected) => {
    const name = `b-${Object.entries(budget)
      .join("-")
      .toLowerCase()
      .replace(/[^a-z0-9]/g, "")}`;
    const [first = "", second = ""] = await startSet(name, 3, budget);
    const allowed = await plane.until(`${budgets}/${name}`, ({ status }) => status.disruptionsAllowed === 1);
    expect(allowed.status).toMatchObject({ ...expected, currentHealthy: 3 });
    expect(allowed.status.conditions).toMatchObject([
      { type: "DisruptionAllowed", status: "True", reason: "SufficientPods" },
    ]);
    // The replacement must not come in between.
    await plane.admin.patch(`${sets}/${name}`, { spec: { template: { metadata: { labels: { does: "hold" } } } } });
    await plane.until(`${sets}/${name}`, ({ metadata, status }) => status.observedGeneration === metadata.generation);
    expect((await evict(first)).code).toBe(201);
    const { code, body } = await evict(second);
    expect(code).toBe(429);
    expect(body).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: "DisruptionBudget" }] },
    });
    const none = await plane.until(`${budgets}/${name}`, ({ status }) => status.currentHealthy === 2);
    expect(none.status.disruptionsAllowed).toBe(0);
    const again = await evict(second);
    expect(again.body.details.causes[0].message).toBe(
      `The disruption budget ${name} needs 2 healthy pods and has 2 currently`,
    );
  });

  test("of a pod that is not ready follows the budget's policy for those", async () => {
    const [kept = ""] = await startSet("sick", 1, { minAvailable: 1 }, "unready");
    await plane.until(`${budgets}/sick`, ({ status }) => status.expectedPods === 1);
    expect((await evict(kept)).code).toBe(429);
    await plane.admin.patch(`${budgets}/sick`, { spec: { unhealthyPodEvictionPolicy: "AlwaysAllow" } });
    expect((await evict(kept)).code).toBe(201);
  });

  test("fails for a pod of two budgets", async () => {
    const [name = ""] = await startSet("twice", 1, { minAvailable: 0 });
    await plane.admin.post(budgets, {
      metadata: { name: "twice-too" },
      spec: { minAvailable: 0, selector: { matchLabels: { app: "twice" } } },
    });
    const { code, body } = await evict(name);
    expect(code).toBe(500);
    expect(body.message).toContain("This pod has more than one PodDisruptionBudget");
  });

  test("as a dry run changes nothing", async () => {
    const [name = ""] = await startSet("dry", 1, { maxUnavailable: 1 });
    await plane.until(`${budgets}/dry`, ({ status }) => status.disruptionsAllowed === 1);
    expect((await evict(name, { dryRun: ["All"] })).code).toBe(201);
    const { body } = await plane.admin.get(`${pods}/${name}`);
    expect(body.metadata.deletionTimestamp).toBeUndefined();
  });

  test("needs a budget that makes sense", async () => {
    const { code, body } = await plane.admin.post(budgets, {
      metadata: { name: "bad" },
      spec: { minAvailable: 1, maxUnavailable: 1 },
    });
    expect(code).toBe(422);
    expect(body.message).toContain("minAvailable and maxUnavailable cannot be both set");
  });
});
