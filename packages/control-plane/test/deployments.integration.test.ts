import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;

beforeAll(async () => {
  plane = await startWorkloadPlane();
});

afterAll(async () => {
  expect(plane.kubelet.problems).toEqual([]);
  await plane[Symbol.asyncDispose]();
});

const base = "/apis/apps/v1/namespaces/default";
const pods = "/api/v1/namespaces/default/pods";

function deploymentOf(name: string, spec: Record<string, unknown> = {}, podLabels: Record<string, string> = {}) {
  return {
    metadata: { name },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, ...podLabels } },
        spec: { containers: [{ name: "main", image: "registry.example/app:1" }] },
      },
      ...spec,
    },
  };
}

interface Counted {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** What `kubectl rollout status` waits for. */
const isRolledOut = ({ metadata, spec, status }: Counted): boolean =>
  status.observedGeneration === metadata.generation &&
  status.replicas === spec.replicas &&
  status.updatedReplicas === spec.replicas &&
  status.availableReplicas === spec.replicas;

const conditionOf = (
  { status }: { status: { conditions?: { type: string; status: string; reason: string }[] } },
  type: string,
) => {
  const found = status.conditions?.find((condition) => condition.type === type);
  return found && `${found.status} ${found.reason}`;
};

async function podsOf(app: string) {
  const { body } = await plane.admin.get(`${pods}?labelSelector=app=${app}`);
  return body.items;
}

async function setsOf(app: string) {
  const { body } = await plane.admin.get(`${base}/replicasets?labelSelector=app=${app}`);
  const revision = (item: { metadata: { annotations: Record<string, string> } }) =>
    Number(item.metadata.annotations["deployment.kubernetes.io/revision"]);
  return body.items.sort((left: never, right: never) => revision(left) - revision(right));
}

describe("a Deployment", () => {
  test("runs its pods through a ReplicaSet and says when they are available", async () => {
    const { code } = await plane.admin.post(`${base}/deployments`, deploymentOf("simple"));
    expect(code).toBe(201);
    const done = await plane.until(
      `${base}/deployments/simple`,
      (object) => conditionOf(object, "Progressing") === "True NewReplicaSetAvailable",
    );
    expect(isRolledOut(done)).toBe(true);
    expect(conditionOf(done, "Available")).toBe("True MinimumReplicasAvailable");
    expect(done.metadata.annotations["deployment.kubernetes.io/revision"]).toBe("1");
    const [set] = await setsOf("simple");
    expect(set.metadata.name).toMatch(/^simple-[0-9a-z]+$/);
    expect(set.metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
      "deployment.kubernetes.io/revision": "1",
    });
    const hash = set.metadata.labels["pod-template-hash"];
    expect(set.spec.selector.matchLabels).toEqual({ app: "simple", "pod-template-hash": hash });
    const running = await podsOf("simple");
    expect(running).toHaveLength(3);
    for (const pod of running) {
      expect(pod.metadata.generateName).toBe(`${set.metadata.name}-`);
      expect(pod.metadata.labels).toEqual({ app: "simple", "pod-template-hash": hash });
      expect(pod.metadata.ownerReferences).toEqual([
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: set.metadata.name,
          uid: set.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ]);
    }
  });

  test("replaces a pod that was deleted or has failed", async () => {
    await plane.admin.post(`${base}/deployments`, deploymentOf("healing", { replicas: 2 }));
    await plane.until(`${base}/deployments/healing`, isRolledOut);
    const [first, second] = await podsOf("healing");
    await plane.admin.delete(`${pods}/${first.metadata.name}`);
    await plane.kubelet.report("default", second.metadata.name, "fail");
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=healing`);
    const ready = new Set<string>();
    const old = [first.metadata.name, second.metadata.name];
    while (ready.size < 2) {
      const { object } = await watch.find(({ object: pod }) => pod.status.phase === "Running");
      if (!old.includes(object.metadata.name)) ready.add(object.metadata.name);
    }
    await plane.until(`${base}/deployments/healing`, isRolledOut);
  });

  test("rolls to a new template within its bounds, keeps the old one, and rolls back to it", async () => {
    const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await plane.admin.post(`${base}/deployments`, deploymentOf("rolling", { strategy }));
    await plane.until(`${base}/deployments/rolling`, isRolledOut);
    using watch = await plane.admin.watch(`${base}/deployments?fieldSelector=metadata.name=rolling`);
    using setWatch = await plane.admin.watch(`${base}/replicasets?labelSelector=app=rolling`);
    const image = (tag: string) => ({
      spec: { template: { spec: { containers: [{ name: "main", image: `registry.example/app:${tag}` }] } } },
    });
    await plane.admin.patch(`${base}/deployments/rolling`, image("2"), "strategic-merge");
    await watch.find(({ object }) => {
      expect(object.status.availableReplicas ?? 0).toBeGreaterThanOrEqual(3);
      return object.metadata.generation === 2 && isRolledOut(object);
    });
    // Sizes, not pods: those of two ReplicaSets come and go in no order.
    const sizes = new Map<string, number>();
    await setWatch.find(({ object }) => {
      sizes.set(object.metadata.name, object.spec.replicas);
      expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(4);
      return sizes.size === 2 && [...sizes.values()].includes(0) && [...sizes.values()].includes(3);
    });
    const [old, current] = await setsOf("rolling");
    expect([old.spec.replicas, current.spec.replicas]).toEqual([0, 3]);
    await plane.admin.patch(`${base}/deployments/rolling`, image("1"), "strategic-merge");
    await plane.until(
      `${base}/deployments/rolling`,
      (object) => object.metadata.generation === 3 && isRolledOut(object),
    );
    const sets = await setsOf("rolling");
    expect(sets.map((set: { metadata: { name: string } }) => set.metadata.name)).toEqual([
      current.metadata.name,
      old.metadata.name,
    ]);
    expect(sets[1].metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    });
  });

  test("stands still when new pods do not become ready, and says so after its deadline", async () => {
    const spec = { progressDeadlineSeconds: 1, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } };
    await plane.admin.post(`${base}/deployments`, deploymentOf("stuck", spec));
    await plane.until(`${base}/deployments/stuck`, isRolledOut);
    const change = { spec: { template: { metadata: { labels: { does: "unready" } } } } };
    await plane.admin.patch(`${base}/deployments/stuck`, change);
    const late = await plane.until(`${base}/deployments/stuck`, (object) => {
      // A node that is slow for longer than the deadline has it pass before the roll-out stands still, too.
      const { replicas, updatedReplicas, availableReplicas } = object.status;
      const standsStill = replicas === 4 && updatedReplicas === 2 && availableReplicas === 2;
      return standsStill && conditionOf(object, "Progressing") === "False ProgressDeadlineExceeded";
    });
    expect(late.status.unavailableReplicas).toBe(2);
    expect(conditionOf(late, "Available")).toBe("True MinimumReplicasAvailable");
  });

  test("with strategy Recreate ends all old pods first", async () => {
    const strategy = { type: "Recreate" };
    await plane.admin.post(`${base}/deployments`, deploymentOf("again", { strategy, replicas: 2 }));
    await plane.until(`${base}/deployments/again`, isRolledOut);
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=again`);
    const present = new Map<string, string>();
    await plane.admin.patch(`${base}/deployments/again`, {
      spec: { template: { metadata: { labels: { version: "2" } } } },
    });
    await watch.find(({ type, object }) => {
      const hash = object.metadata.labels["pod-template-hash"];
      if (type === "DELETED") present.delete(object.metadata.name);
      else if (object.status.phase !== "Failed") present.set(object.metadata.name, hash);
      else present.delete(object.metadata.name);
      expect(new Set(present.values()).size).toBeLessThanOrEqual(1);
      return object.metadata.labels["version"] === "2" && object.status.phase === "Running";
    });
    await plane.until(`${base}/deployments/again`, isRolledOut);
  });

  test("does not roll while paused, and scales by its scale subresource", async () => {
    await plane.admin.post(`${base}/deployments`, deploymentOf("paused", { replicas: 1 }));
    await plane.until(`${base}/deployments/paused`, isRolledOut);
    await plane.admin.patch(`${base}/deployments/paused`, {
      spec: { paused: true, template: { metadata: { labels: { version: "2" } } } },
    });
    await plane.until(
      `${base}/deployments/paused`,
      (object) => conditionOf(object, "Progressing") === "Unknown DeploymentPaused",
    );
    const scale = await plane.admin.patch(`${base}/deployments/paused/scale`, { spec: { replicas: 2 } });
    expect(scale.body).toMatchObject({
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 2 },
      status: { replicas: 1, selector: "app=paused" },
    });
    await plane.until(`${base}/deployments/paused`, (object) => object.status.availableReplicas === 2);
    expect(await setsOf("paused")).toHaveLength(1);
    await plane.admin.patch(`${base}/deployments/paused`, { spec: { paused: false } });
    await plane.until(`${base}/deployments/paused`, isRolledOut);
    expect(await setsOf("paused")).toHaveLength(2);
  });

  test("keeps no more old ReplicaSets than its history limit", async () => {
    await plane.admin.post(`${base}/deployments`, deploymentOf("forgetful", { replicas: 1, revisionHistoryLimit: 1 }));
    for (const version of ["2", "3", "4"]) {
      await plane.until(`${base}/deployments/forgetful`, isRolledOut);
      await plane.admin.patch(`${base}/deployments/forgetful`, {
        spec: { template: { metadata: { labels: { version } } } },
      });
    }
    const has = (object: { spec: { template: { metadata: { labels: { version?: string } } } } }) =>
      object.spec.template.metadata.labels.version === "4";
    await plane.until(`${base}/deployments/forgetful`, (object) => has(object) && isRolledOut(object));
    using watch = await plane.admin.watch(`${base}/replicasets?labelSelector=app=forgetful`);
    const present = new Map<string, boolean>();
    await watch.find(({ type, object }) => {
      if (type === "DELETED") present.delete(object.metadata.name);
      else present.set(object.metadata.name, has(object));
      return present.size === 2 && [...present.values()].includes(true);
    });
  });

  test("adopts pods that its ReplicaSet selects and lets go of those it does not", async () => {
    const set = deploymentOf("orphans", { replicas: 2 });
    await plane.admin.post(pods, {
      metadata: {
        name: "lonely",
        labels: { app: "orphans" },
        // A controller that learns of it late has made two pods already, and deletes another one.
        annotations: { "controller.kubernetes.io/pod-deletion-cost": "100" },
      },
      spec: set.spec.template.spec,
    });
    await plane.until(`${pods}/lonely`, ({ status }) => status.phase === "Running");
    await plane.admin.post(`${base}/replicasets`, set);
    const full = await plane.until(`${base}/replicasets/orphans`, (object) => object.status.availableReplicas === 2);
    const adopted = await plane.until(`${pods}/lonely`, ({ metadata }) => metadata.ownerReferences !== undefined);
    expect(adopted.metadata.ownerReferences).toMatchObject([{ uid: full.metadata.uid, controller: true }]);
    await plane.admin.patch(`${pods}/lonely`, { metadata: { labels: { app: "free" } } });
    await plane.until(`${pods}/lonely`, ({ metadata }) => metadata.ownerReferences === undefined);
    await plane.until(`${base}/replicasets/orphans`, (object) => object.status.availableReplicas === 2);
  });

  test.each([
    ["Background", true],
    ["Foreground", true],
    ["Orphan", false],
  ])("deleted with propagation %s takes its pods along: %s", async (propagationPolicy, gone) => {
    const name = `gone-${propagationPolicy.toLowerCase()}`;
    await plane.admin.post(`${base}/deployments`, deploymentOf(name, { replicas: 1 }));
    await plane.until(`${base}/deployments/${name}`, isRolledOut);
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=${name}`);
    using sets = await plane.admin.watch(`${base}/replicasets?labelSelector=app=${name}`);
    using whole = await plane.admin.watch(`${base}/deployments?fieldSelector=metadata.name=${name}`);
    await plane.admin.delete(`${base}/deployments/${name}`, { propagationPolicy });
    await whole.find(({ type }) => type === "DELETED");
    if (gone) {
      await sets.find(({ type }) => type === "DELETED");
      await watch.find(({ type }) => type === "DELETED");
    } else {
      await sets.find(({ object }) => (object.metadata.ownerReferences ?? []).length === 0);
      expect(await podsOf(name)).toHaveLength(1);
    }
  });

  test.each([
    [
      { selector: { matchLabels: { app: "other" } } },
      'spec.template.metadata.labels: Invalid value: {"app":"bad"}: `selector` does not match template `labels`',
    ],
    [{ selector: {} }, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    [{ replicas: -1 }, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    [
      { strategy: { type: "Recreate", rollingUpdate: {} } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ],
    [
      { progressDeadlineSeconds: 5, minReadySeconds: 5 },
      "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
    ],
  ])("is refused with %j", async (spec, problem) => {
    const { code, body } = await plane.admin.post(`${base}/deployments`, deploymentOf("bad", spec));
    expect(code).toBe(422);
    expect(body.message).toBe(`Deployment.apps "bad" is invalid: ${problem}`);
  });

  test("does not change its selector", async () => {
    await plane.admin.post(`${base}/deployments`, deploymentOf("fixed", { replicas: 0 }));
    const { code, body } = await plane.admin.patch(`${base}/deployments/fixed`, {
      spec: { selector: { matchLabels: { more: "x" } }, template: { metadata: { labels: { more: "x" } } } },
    });
    expect(code).toBe(422);
    expect(body.message).toContain("spec.selector: Invalid value:");
    expect(body.message).toContain("field is immutable");
  });
});
