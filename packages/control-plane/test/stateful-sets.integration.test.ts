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

function statefulSetOf(name: string, spec: Record<string, unknown> = {}) {
  return {
    metadata: { name },
    spec: {
      replicas: 3,
      serviceName: "peers",
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "registry.example/app:1" }] },
      },
      ...spec,
    },
  };
}

interface Counted {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
  readonly status: Readonly<Record<string, unknown>>;
}

const isRolledOut = ({ metadata, spec, status }: Counted): boolean =>
  status["observedGeneration"] === metadata.generation &&
  status["availableReplicas"] === spec.replicas &&
  status["replicas"] === spec.replicas &&
  status["updatedReplicas"] === spec.replicas &&
  status["currentRevision"] === status["updateRevision"];

interface SeenPod {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly hostname?: string; readonly subdomain?: string };
}

async function podsOf(app: string): Promise<SeenPod[]> {
  const { body } = await plane.admin.get(`${pods}?labelSelector=app=${app}`);
  return body.items;
}

const newTemplate = { spec: { template: { metadata: { labels: { version: "2" } } } } };

describe("a StatefulSet", () => {
  test("starts its pods one after the other, with names of their own", async () => {
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=ordered`);
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("ordered"));
    const ready = new Set<string>();
    while (ready.size < 3) {
      const { type, object } = await watch.find(() => true);
      const { name } = object.metadata;
      if (type === "ADDED") {
        const ordinal = Number(name.slice("ordered-".length));
        expect([...ready].sort()).toEqual(["ordered-0", "ordered-1", "ordered-2"].slice(0, ordinal));
      }
      if (object.status.phase === "Running") ready.add(name);
    }
    const { status } = await plane.until(`${base}/statefulsets/ordered`, isRolledOut);
    expect(status).toMatchObject({ readyReplicas: 3, currentReplicas: 3, collisionCount: 0 });
    for (const [ordinal, { metadata, spec }] of (await podsOf("ordered")).entries()) {
      const name = `ordered-${ordinal}`;
      expect(metadata.labels).toEqual({
        app: "ordered",
        "apps.kubernetes.io/pod-index": String(ordinal),
        "controller-revision-hash": status.currentRevision,
        "statefulset.kubernetes.io/pod-name": name,
      });
      expect(spec).toMatchObject({ hostname: name, subdomain: "peers" });
    }
    const { body } = await plane.admin.get(`${base}/controllerrevisions/${status.currentRevision}`);
    expect(body.metadata.name).toBe(`ordered-${body.metadata.labels["controller.kubernetes.io/hash"]}`);
  });

  test("waits for a pod that does not become ready", async () => {
    const template = {
      metadata: { labels: { app: "waiting", does: "unready" } },
      spec: { containers: [{ name: "main", image: "registry.example/app:1" }] },
    };
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("waiting", { template }));
    await plane.until(`${pods}/waiting-0`, ({ status }) => status.phase === "Running");
    await plane.admin.patch(`${pods}/waiting-0`, { metadata: { labels: { seen: "true" } } });
    expect((await podsOf("waiting")).map(({ metadata }) => metadata.name)).toEqual(["waiting-0"]);
    await plane.kubelet.report("default", "waiting-0", "run");
    await plane.until(`${pods}/waiting-1`, ({ status }) => status.phase === "Running");
  });

  test("with Parallel starts all pods at once", async () => {
    const template = {
      metadata: { labels: { app: "parallel", does: "hold" } },
      spec: { containers: [{ name: "main", image: "registry.example/app:1" }] },
    };
    const spec = { podManagementPolicy: "Parallel", template };
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("parallel", spec));
    await plane.until(`${base}/statefulsets/parallel`, ({ status }) => status.replicas === 3);
    expect(await podsOf("parallel")).toHaveLength(3);
  });

  test("updates and scales down from the highest number", async () => {
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("rolling"));
    await plane.until(`${base}/statefulsets/rolling`, isRolledOut);
    using watch = await plane.admin.watch(`${pods}?labelSelector=app=rolling`);
    await plane.admin.patch(`${base}/statefulsets/rolling`, newTemplate);
    const gone: string[] = [];
    while (gone.length < 3) gone.push((await watch.find(({ type }) => type === "DELETED")).object.metadata.name);
    expect(gone).toEqual(["rolling-2", "rolling-1", "rolling-0"]);
    await plane.until(`${base}/statefulsets/rolling`, isRolledOut);
    await plane.admin.patch(`${base}/statefulsets/rolling/scale`, { spec: { replicas: 1 } });
    while (gone.length < 5) gone.push((await watch.find(({ type }) => type === "DELETED")).object.metadata.name);
    expect(gone.slice(3)).toEqual(["rolling-2", "rolling-1"]);
    await plane.until(`${base}/statefulsets/rolling`, isRolledOut);
  });

  test("leaves pods below its partition at the old template, new ones among them", async () => {
    const updateStrategy = { rollingUpdate: { partition: 2 } };
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("parted", { updateStrategy }));
    const { status: before } = await plane.until(`${base}/statefulsets/parted`, isRolledOut);
    await plane.admin.patch(`${base}/statefulsets/parted`, newTemplate);
    const half = await plane.until(
      `${base}/statefulsets/parted`,
      ({ status }) => status.updatedReplicas === 1 && status.readyReplicas === 3,
    );
    expect(half.status).toMatchObject({ currentRevision: before.currentRevision, currentReplicas: 2 });
    const { body } = await plane.admin.get(`${pods}/parted-0`);
    await plane.admin.delete(`${pods}/parted-0`);
    const anew = await plane.until(
      `${pods}/parted-0`,
      ({ metadata, status }) => metadata.uid !== body.metadata.uid && status.phase === "Running",
    );
    expect(anew.metadata.labels["controller-revision-hash"]).toBe(before.currentRevision);
    expect(anew.metadata.labels["version"]).toBeUndefined();
    await plane.admin.patch(`${base}/statefulsets/parted`, {
      spec: { updateStrategy: { rollingUpdate: { partition: 0 } } },
    });
    await plane.until(`${base}/statefulsets/parted`, isRolledOut);
  });

  test("replaces a pod that has failed under its own name", async () => {
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("healing", { replicas: 1 }));
    await plane.until(`${base}/statefulsets/healing`, isRolledOut);
    const { body } = await plane.admin.get(`${pods}/healing-0`);
    await plane.kubelet.report("default", "healing-0", "fail");
    await plane.until(
      `${pods}/healing-0`,
      ({ metadata, status }) => metadata.uid !== body.metadata.uid && status.phase === "Running",
    );
  });

  test("that wants volumes of its own is refused by the embedded control plane, which has none", async () => {
    const volumeClaimTemplates = [
      {
        metadata: { name: "data" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
    ];
    const path = `${base}/statefulsets?dryRun=All`;
    const { code, body } = await plane.admin.post(path, statefulSetOf("claiming", { volumeClaimTemplates }));
    if (plane.name !== "embedded") expect(code).toBe(201);
    else {
      expect(code).toBe(422);
      expect(body.message).toBe(
        'StatefulSet.apps "claiming" is invalid: spec.volumeClaimTemplates: Forbidden: this control plane has no persistent volumes; use an emptyDir or hostPath volume in the template',
      );
    }
  });

  test("keeps its identity: other fields cannot be changed", async () => {
    await plane.admin.post(`${base}/statefulsets`, statefulSetOf("fixed", { replicas: 0 }));
    const { code, body } = await plane.admin.patch(`${base}/statefulsets/fixed`, { spec: { serviceName: "other" } });
    expect(code).toBe(422);
    expect(body.message).toContain(
      'StatefulSet.apps "fixed" is invalid: spec: Forbidden: updates to statefulset spec for fields other than',
    );
  });
});
