import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeOf, podOf, startPlane, type TestPlane } from "./test-plane.ts";

let plane: TestPlane;

beforeEach(async () => {
  plane = await startPlane();
});

afterEach(async () => {
  await plane[Symbol.asyncDispose]();
});

const pods = "/api/v1/namespaces/default/pods";

function wanting(cpu: string): Record<string, unknown> {
  return { containers: [{ name: "main", image: "x:1", resources: { requests: { cpu } } }] };
}

async function nodeOfPod(name: string): Promise<string> {
  using watch = await plane.admin.watch(`${pods}?fieldSelector=metadata.name%3D${name}`);
  const event = await watch.find(({ object }) => object.spec.nodeName !== undefined);
  return event.object.spec.nodeName;
}

async function messageOf(name: string): Promise<string> {
  using watch = await plane.admin.watch(`${pods}?fieldSelector=metadata.name%3D${name}`);
  const event = await watch.find(({ object }) => object.status.conditions?.[0]?.reason === "Unschedulable");
  return event.object.status.conditions[0].message;
}

test("binds a pod and says so in a condition and an event", async () => {
  await plane.admin.post("/api/v1/nodes", nodeOf("n1"));
  const events = "/api/v1/namespaces/default/events";
  using watch = await plane.admin.watch(`${events}?fieldSelector=reason%3DScheduled`);
  await plane.admin.post(pods, podOf("a"));
  expect(await nodeOfPod("a")).toBe("n1");
  const { body } = await plane.admin.get(`${pods}/a`);
  expect(body.status.conditions).toMatchObject([{ type: "PodScheduled", status: "True", observedGeneration: 1 }]);
  expect(body.metadata.generation).toBe(1);
  const event = await watch.next();
  expect(event?.object).toMatchObject({
    message: "Successfully assigned default/a to n1",
    reportingComponent: "default-scheduler",
    involvedObject: { uid: body.metadata.uid },
  });
});

test("spreads pods over the emptier nodes", async () => {
  for (const name of ["n1", "n2"]) await plane.admin.post("/api/v1/nodes", nodeOf(name));
  const nodes: string[] = [];
  for (const name of ["a", "b", "c", "d"]) {
    await plane.admin.post(pods, podOf(name, wanting("200m")));
    nodes.push(await nodeOfPod(name));
  }
  expect(nodes.filter((node) => node === "n1")).toHaveLength(2);
});

test("says why a pod fits nowhere, and binds it when a node comes", async () => {
  await plane.admin.post(pods, podOf("waiting", wanting("3")));
  expect(await messageOf("waiting")).toBe("no nodes available to schedule pods");
  await plane.admin.post("/api/v1/nodes", nodeOf("small"));
  await plane.admin.post(pods, podOf("second", wanting("3")));
  expect(await messageOf("second")).toBe("0/1 nodes are available: 1 Insufficient cpu.");
  const big = nodeOf("big", { status: { allocatable: { cpu: "8", memory: "8Gi", pods: "10" } } });
  await plane.admin.post("/api/v1/nodes", big);
  expect(await nodeOfPod("waiting")).toBe("big");
  expect(await nodeOfPod("second")).toBe("big");
});

test("binds a waiting pod when another ends or is deleted", async () => {
  await plane.admin.post("/api/v1/nodes", nodeOf("n1"));
  await plane.admin.post(pods, podOf("first", wanting("2")));
  await plane.admin.post(pods, podOf("second", wanting("2")));
  await plane.admin.post(pods, podOf("third", wanting("2")));
  expect(await messageOf("second")).toContain("Insufficient cpu");
  await plane.admin.patch(`${pods}/first/status`, { status: { phase: "Succeeded" } });
  expect(await nodeOfPod("second")).toBe("n1");
  await plane.admin.delete(`${pods}/second`, { gracePeriodSeconds: 0 });
  expect(await nodeOfPod("third")).toBe("n1");
});

test("binds a waiting pod when another asks for less", async () => {
  await plane.admin.post("/api/v1/nodes", nodeOf("n1"));
  await plane.admin.post(pods, podOf("first", wanting("2")));
  expect(await nodeOfPod("first")).toBe("n1");
  await plane.admin.post(pods, podOf("second", wanting("1")));
  expect(await messageOf("second")).toContain("Insufficient cpu");
  const containers = [{ name: "main", resources: { requests: { cpu: "1" } } }];
  expect((await plane.admin.patch(`${pods}/first/resize`, { spec: { containers } }, "strategic-merge")).code).toBe(200);
  expect(await nodeOfPod("second")).toBe("n1");
});

test("leaves alone cordoned nodes, gated pods and pods of other schedulers", async () => {
  await plane.admin.post("/api/v1/nodes", { ...nodeOf("n1"), spec: { unschedulable: true } });
  await plane.admin.post(pods, podOf("cordoned"));
  expect(await messageOf("cordoned")).toBe("0/1 nodes are available: 1 node(s) were unschedulable.");
  await plane.admin.post(pods, podOf("gated", { schedulingGates: [{ name: "example.com/g" }] }));
  await plane.admin.post(pods, podOf("foreign", { schedulerName: "other" }));
  await plane.admin.patch("/api/v1/nodes/n1", { spec: { unschedulable: false } });
  expect(await nodeOfPod("cordoned")).toBe("n1");
  for (const name of ["gated", "foreign"]) {
    expect((await plane.admin.get(`${pods}/${name}`)).body.spec.nodeName).toBeUndefined();
  }
  await plane.admin.patch(`${pods}/gated`, { spec: { schedulingGates: null } });
  expect(await nodeOfPod("gated")).toBe("n1");
});

test("follows a RuntimeClass to its nodes and counts its overhead", async () => {
  await plane.admin.post("/api/v1/nodes", nodeOf("plain"));
  await plane.admin.post("/api/v1/nodes", {
    ...nodeOf("wasm"),
    metadata: { name: "wasm", labels: { runtime: "wasm" } },
  });
  await plane.admin.post("/apis/node.k8s.io/v1/runtimeclasses", {
    metadata: { name: "wasm" },
    handler: "wasm",
    overhead: { podFixed: { cpu: "100m" } },
    scheduling: { nodeSelector: { runtime: "wasm" } },
  });
  const { body } = await plane.admin.post(pods, podOf("w", { runtimeClassName: "wasm" }));
  expect(body.spec).toMatchObject({ overhead: { cpu: "100m" }, nodeSelector: { runtime: "wasm" } });
  expect(await nodeOfPod("w")).toBe("wasm");
});

test("goes on after a restart with what was pending", async () => {
  await plane.admin.post(pods, podOf("pending"));
  expect(await messageOf("pending")).toContain("no nodes");
  const { directory } = plane;
  await plane.plane.stop();
  await using next = await startPlane({ stateDirectory: directory });
  await next.admin.post("/api/v1/nodes", nodeOf("n1"));
  using watch = await next.admin.watch(`${pods}?fieldSelector=metadata.name%3Dpending`);
  const event = await watch.find(({ object }) => object.spec.nodeName !== undefined);
  expect(event.object.spec.nodeName).toBe("n1");
});
