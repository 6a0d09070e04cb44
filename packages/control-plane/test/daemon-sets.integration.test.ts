import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeKubelet } from "./fake-kubelet.ts";
import { nodeOf } from "./test-plane.ts";
import { startWorkloadPlane, type WorkloadPlane } from "./workload-plane.ts";

let plane: WorkloadPlane;
let second: FakeKubelet;

beforeAll(async () => {
  plane = await startWorkloadPlane();
  second = await FakeKubelet.start(plane.admin, nodeOf("n2") as { metadata: { name: string } });
});

afterAll(async () => {
  await second[Symbol.asyncDispose]();
  expect(plane.kubelet.problems).toEqual([]);
  await plane[Symbol.asyncDispose]();
});

const base = "/apis/apps/v1/namespaces/default";
const pods = "/api/v1/namespaces/default/pods";

function daemonSetOf(name: string, spec: Record<string, unknown> = {}, podSpec: Record<string, unknown> = {}) {
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "registry.example/app:1" }], ...podSpec },
      },
      ...spec,
    },
  };
}

interface Counted {
  readonly metadata: { readonly generation: number };
  readonly status: Readonly<Record<string, number>>;
}

const isRolledOut = ({ metadata, status }: Counted, count = 2): boolean =>
  status["observedGeneration"] === metadata.generation &&
  status["desiredNumberScheduled"] === count &&
  status["updatedNumberScheduled"] === count &&
  status["numberAvailable"] === count;

async function podsOf(app: string) {
  const { body } = await plane.admin.get(`${pods}?labelSelector=app=${app}`);
  return body.items;
}

describe("a DaemonSet", () => {
  test("runs a pod on each node", async () => {
    await plane.admin.post(`${base}/daemonsets`, daemonSetOf("everywhere"));
    const done = await plane.until(`${base}/daemonsets/everywhere`, (object) => isRolledOut(object));
    expect(done.status).toMatchObject({ currentNumberScheduled: 2, numberMisscheduled: 0, numberReady: 2 });
    const found = await podsOf("everywhere");
    expect(found.map(({ spec }: { spec: { nodeName: string } }) => spec.nodeName).sort()).toEqual(["n1", "n2"]);
    const { body } = await plane.admin.get(`${base}/controllerrevisions?labelSelector=app=everywhere`);
    const [revision] = body.items;
    expect(revision.revision).toBe(1);
    expect(revision.data.spec.template["$patch"]).toBe("replace");
    const hash = revision.metadata.labels["controller-revision-hash"];
    expect(revision.metadata.name).toBe(`everywhere-${hash}`);
    for (const { metadata, spec } of found) {
      expect(metadata.labels["controller-revision-hash"]).toBe(hash);
      expect(spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution).toEqual({
        nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: [spec.nodeName] }] }],
      });
      expect(spec.tolerations.map(({ key, effect }: { key: string; effect: string }) => `${key}:${effect}`)).toEqual([
        "node.kubernetes.io/not-ready:NoExecute",
        "node.kubernetes.io/unreachable:NoExecute",
        "node.kubernetes.io/disk-pressure:NoSchedule",
        "node.kubernetes.io/memory-pressure:NoSchedule",
        "node.kubernetes.io/pid-pressure:NoSchedule",
        "node.kubernetes.io/unschedulable:NoSchedule",
      ]);
    }
  });

  test("follows labels and taints of nodes", async () => {
    await plane.admin.post(`${base}/daemonsets`, daemonSetOf("choosy", {}, { nodeSelector: { disk: "ssd" } }));
    await plane.until(`${base}/daemonsets/choosy`, ({ status }) => status.observedGeneration === 1);
    expect(await podsOf("choosy")).toEqual([]);
    await plane.admin.patch("/api/v1/nodes/n2", { metadata: { labels: { disk: "ssd" } } });
    await plane.until(`${base}/daemonsets/choosy`, (object) => isRolledOut(object, 1));
    const taints = [{ key: "stay-away", effect: "NoExecute" }];
    await plane.admin.patch("/api/v1/nodes/n2", { spec: { taints } });
    await plane.until(
      `${base}/daemonsets/choosy`,
      ({ status }) => status.desiredNumberScheduled === 0 && status.numberMisscheduled === 0,
    );
    await plane.admin.patch("/api/v1/nodes/n2", { spec: { taints: null } });
    await plane.until(`${base}/daemonsets/choosy`, (object) => isRolledOut(object, 1));
  });

  test("replaces pods that were deleted or have failed", async () => {
    await plane.admin.post(`${base}/daemonsets`, daemonSetOf("healing"));
    await plane.until(`${base}/daemonsets/healing`, (object) => isRolledOut(object));
    const found = await podsOf("healing");
    const old = found.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    await plane.admin.delete(`${pods}/${old[0]}`);
    await plane.kubelet.report("default", old[1], "fail");
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=healing`);
    const ready = new Set<string>();
    while (ready.size < 2) {
      const { object } = await watch.find(({ object: pod }) => pod.status.phase === "Running");
      if (!old.includes(object.metadata.name)) ready.add(object.metadata.name);
    }
  });

  test("rolls node by node", async () => {
    await plane.admin.post(`${base}/daemonsets`, daemonSetOf("rolling"));
    await plane.until(`${base}/daemonsets/rolling`, (object) => isRolledOut(object));
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=rolling`);
    const ready = new Set<string>(
      (await podsOf("rolling")).map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    );
    await plane.admin.patch(`${base}/daemonsets/rolling`, {
      spec: { template: { metadata: { labels: { version: "2" } } } },
    });
    const updated = new Set<string>();
    while (updated.size < 2) {
      const { type, object } = await watch.find(() => true);
      const { name, labels, deletionTimestamp } = object.metadata;
      const isReady = object.status.conditions?.some(
        (condition: { type: string; status: string }) => condition.type === "Ready" && condition.status === "True",
      );
      if (type === "DELETED" || deletionTimestamp !== undefined || !isReady) ready.delete(name);
      else {
        ready.add(name);
        if (labels.version === "2") updated.add(name);
      }
      expect(ready.size).toBeGreaterThanOrEqual(1);
    }
    await plane.until(`${base}/daemonsets/rolling`, (object) => isRolledOut(object));
  });

  test("with a surge starts the new pod before the old one goes", async () => {
    const updateStrategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await plane.admin.post(`${base}/daemonsets`, daemonSetOf("surging", { updateStrategy }));
    await plane.until(`${base}/daemonsets/surging`, (object) => isRolledOut(object));
    await plane.admin.patch(`${base}/daemonsets/surging`, {
      spec: { template: { metadata: { labels: { version: "2" } } } },
    });
    await plane.until(
      `${base}/daemonsets/surging`,
      (object) => object.metadata.generation === 2 && isRolledOut(object),
    );
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=surging,version!=2`);
    const left = new Set(
      (await podsOf("surging"))
        .filter((pod: never) => !("version" in (pod as { metadata: { labels: object } }).metadata.labels))
        .map((pod: never) => (pod as { metadata: { name: string } }).metadata.name),
    );
    while (left.size > 0) {
      const { object } = await watch.find(({ type }) => type === "DELETED");
      left.delete(object.metadata.name);
    }
  });

  test("is refused with both a surge and unavailable nodes", async () => {
    const updateStrategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } };
    const { body } = await plane.admin.post(`${base}/daemonsets`, daemonSetOf("bad", { updateStrategy }));
    expect(body.message).toBe(
      'DaemonSet.apps "bad" is invalid: spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    );
  });
});
