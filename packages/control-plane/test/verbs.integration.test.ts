import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeOf, podOf, startPlane, type TestPlane } from "./test-plane.ts";

let plane: TestPlane;

beforeAll(async () => {
  plane = await startPlane();
  await plane.admin.post("/api/v1/nodes", nodeOf("n1"));
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const pods = "/api/v1/namespaces/default/pods";
const configMaps = "/api/v1/namespaces/default/configmaps";

async function boundPod(name: string): Promise<{ metadata: { uid: string; resourceVersion: string } }> {
  const { body } = await plane.admin.post(pods, podOf(name, { nodeName: "n1" }));
  return body;
}

describe("create", () => {
  test("fills in metadata, defaults and status", async () => {
    const { code, body } = await plane.admin.post(pods, podOf("created"));
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({ name: "created", namespace: "default", generation: 1 });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.spec).toMatchObject({ serviceAccountName: "default", restartPolicy: "Always", priority: 0 });
    expect(body.spec.volumes[0].name).toMatch(/^kube-api-access-/);
    expect(body.status).toMatchObject({ phase: "Pending", qosClass: "BestEffort" });
  });

  test("generates names", async () => {
    const pod = { ...podOf(""), metadata: { generateName: "gen-" } };
    const { body } = await plane.admin.post(pods, pod);
    expect(body.metadata.name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test("answers in the forms of metav1.Status", async () => {
    await plane.admin.post(configMaps, { metadata: { name: "taken" } });
    const taken = await plane.admin.post(configMaps, { metadata: { name: "taken" } });
    expect(taken).toMatchObject({
      code: 409,
      body: { reason: "AlreadyExists", message: 'configmaps "taken" already exists' },
    });
    const invalid = await plane.admin.post(configMaps, { metadata: { name: "A_" } });
    expect(invalid).toMatchObject({
      code: 422,
      body: { reason: "Invalid", details: { kind: "ConfigMap", causes: [{ field: "metadata.name" }] } },
    });
    const lost = await plane.admin.post("/api/v1/namespaces/nowhere/configmaps", { metadata: { name: "x" } });
    expect(lost).toMatchObject({ code: 404, body: { message: 'namespaces "nowhere" not found' } });
    const kind = await plane.admin.post(configMaps, { kind: "Pod", apiVersion: "v1" });
    expect(kind).toMatchObject({ code: 400, body: { reason: "BadRequest" } });
    const broken = await plane.admin.request("POST", configMaps, "{", { "content-type": "application/json" });
    expect(broken.code).toBe(400);
    const type = await plane.admin.request("POST", configMaps, "a: b", { "content-type": "application/yaml" });
    expect(type).toMatchObject({ code: 415, body: { reason: "UnsupportedMediaType" } });
  });

  test("takes names that every JavaScript object has something for as any other", async () => {
    const maps = "/api/v1/namespaces/default/configmaps";
    const map = { metadata: { name: "proto" }, data: { constructor: "x" }, binaryData: { other: "YQ==" } };
    expect((await plane.admin.post(maps, map)).code).toBe(201);
    const stringData = JSON.parse('{"__proto__":"x","toString":"y"}');
    const secret = await plane.admin.post("/api/v1/namespaces/default/secrets", {
      metadata: { name: "proto" },
      stringData,
    });
    expect(Object.entries(secret.body.data)).toEqual([
      ["__proto__", "eA=="],
      ["toString", "eQ=="],
    ]);
    const resources = { requests: { constructor: "1" } };
    const pod = podOf("proto", { containers: [{ name: "main", image: "x", resources }] });
    const { code, body } = await plane.admin.post("/api/v1/namespaces/default/pods", pod);
    expect(code).toBe(422);
    expect(body.message).toContain("must be a standard resource type or fully qualified");
  });

  test("refuses a body of more than 3 MiB", async () => {
    const data = { k: "x".repeat(4 * 1024 * 1024) };
    expect((await plane.admin.post(configMaps, { metadata: { name: "big" }, data })).code).toBe(413);
  });

  test("stores nothing in a dry run", async () => {
    const { code, body } = await plane.admin.post(`${configMaps}?dryRun=All`, { metadata: { name: "dry" } });
    expect(code).toBe(201);
    expect(body.metadata.uid).toBeDefined();
    expect((await plane.admin.get(`${configMaps}/dry`)).code).toBe(404);
    expect((await plane.admin.post(`${configMaps}?dryRun=Some`, {})).code).toBe(422);
  });

  test("warns of unknown fields, refuses them when strict, ignores them when told", async () => {
    const body = { metadata: { name: "fields" }, foo: 1 };
    const path = `${configMaps}?dryRun=All`;
    expect((await plane.admin.post(path, body)).headers["warning"]).toBe('299 - "unknown field \\"foo\\""');
    const strict = await plane.admin.post(`${path}&fieldValidation=Strict`, body);
    expect(strict).toMatchObject({
      code: 400,
      body: {
        message:
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo"',
      },
    });
    const ignored = await plane.admin.post(`${path}&fieldValidation=Ignore`, body);
    expect(ignored.headers["warning"]).toBeUndefined();
    const doubled = await plane.admin.request("POST", `${path}&fieldValidation=Strict`, '{"data":{"a":"1","a":"2"}}', {
      "content-type": "application/json",
    });
    expect(doubled.body.message).toContain('duplicate field "data.a"');
  });
});

describe("update", () => {
  test("refuses a stale resourceVersion and another UID", async () => {
    const { body } = await plane.admin.post(configMaps, { metadata: { name: "u" } });
    const first = await plane.admin.put(`${configMaps}/u`, { ...body, data: { a: "1" } });
    expect(first.code).toBe(200);
    const stale = await plane.admin.put(`${configMaps}/u`, { ...body, data: { a: "2" } });
    expect(stale).toMatchObject({
      code: 409,
      body: { reason: "Conflict", details: { name: "u", kind: "configmaps" } },
    });
    const other = await plane.admin.put(`${configMaps}/u`, { metadata: { name: "u", uid: "other" } });
    expect(other).toMatchObject({ code: 409, body: { reason: "Conflict" } });
  });

  test("that changes nothing keeps the resourceVersion", async () => {
    const { body } = await plane.admin.post(configMaps, { metadata: { name: "same" }, data: { a: "1" } });
    const again = await plane.admin.put(`${configMaps}/same`, body);
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
    const patched = await plane.admin.patch(`${configMaps}/same`, { data: { a: "1" } });
    expect(patched.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test("keeps status out of the object and the object out of status", async () => {
    const pod = await boundPod("split");
    const wrong = await plane.admin.patch(`${pods}/split`, { status: { phase: "Running" } });
    expect(wrong.body.status.phase).toBe("Pending");
    const status = await plane.admin.patch(`${pods}/split/status`, {
      spec: { hostname: "h" },
      status: { phase: "Running" },
    });
    expect(status.body).toMatchObject({ status: { phase: "Running" } });
    expect(status.body.spec.hostname).toBeUndefined();
    expect(status.body.metadata).toMatchObject({ uid: pod.metadata.uid, generation: 1 });
  });

  test("raises the generation when the spec changes", async () => {
    await boundPod("generation");
    const image = await plane.admin.patch(`${pods}/generation`, { spec: { activeDeadlineSeconds: 100 } });
    expect(image.body.metadata.generation).toBe(2);
    const label = await plane.admin.patch(`${pods}/generation`, { metadata: { labels: { a: "b" } } });
    expect(label.body.metadata.generation).toBe(2);
  });

  test("creates a lease that is not there, and then wants a resourceVersion", async () => {
    const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n9";
    const lease = { metadata: { name: "n9" }, spec: { holderIdentity: "n9", leaseDurationSeconds: 40 } };
    expect((await plane.admin.put(path, lease)).code).toBe(201);
    const blind = await plane.admin.put(path, lease);
    expect(blind).toMatchObject({ code: 422, body: { details: { causes: [{ field: "metadata.resourceVersion" }] } } });
  });

  test("patches in all three ways, and refuses what cannot be applied", async () => {
    await plane.admin.post(configMaps, { metadata: { name: "patched" }, data: { a: "1", b: "1" } });
    const path = `${configMaps}/patched`;
    await plane.admin.patch(path, [{ op: "replace", path: "/data/a", value: "2" }], "json");
    await plane.admin.patch(path, { data: { b: null, c: "3" } }, "merge");
    const { body } = await plane.admin.patch(path, { metadata: { labels: { x: "y" } } }, "strategic-merge");
    expect(body).toMatchObject({ data: { a: "2", c: "3" }, metadata: { labels: { x: "y" } } });
    expect(body.data.b).toBeUndefined();
    expect((await plane.admin.patch(path, [{ op: "test", path: "/data/a", value: "9" }], "json")).code).toBe(422);
    expect((await plane.admin.patch(path, [{ op: "explode" }], "json")).code).toBe(400);
    expect((await plane.admin.patch(`${configMaps}/missing`, {})).code).toBe(404);
    const uid = await plane.admin.patch(path, { metadata: { uid: "other" } }, "strategic-merge");
    expect(uid).toMatchObject({ code: 422, body: { details: { causes: [{ field: "metadata.uid" }] } } });
  });
});

describe("list and get", () => {
  beforeAll(async () => {
    for (const [index, team] of ["red", "red", "blue"].entries()) {
      await plane.admin.post(pods, {
        ...podOf(`list-${index}`, { nodeName: index === 0 ? "n1" : "n2" }),
        metadata: { name: `list-${index}`, labels: { team } },
      });
    }
  });

  const names = (body: { items: { metadata: { name: string } }[] }) => body.items.map((item) => item.metadata.name);

  test("select by labels and fields", async () => {
    expect(names((await plane.admin.get(`${pods}?labelSelector=team%3Dred`)).body)).toEqual(["list-0", "list-1"]);
    const onNode = await plane.admin.get(`${pods}?labelSelector=team&fieldSelector=spec.nodeName%3Dn2`);
    expect(names(onNode.body)).toEqual(["list-1", "list-2"]);
    expect((await plane.admin.get(`${pods}?fieldSelector=foo%3Dbar`)).body.message).toBe(
      "field label not supported: foo",
    );
    expect((await plane.admin.get(`${pods}?labelSelector=a%20in`)).code).toBe(400);
  });

  test("go in pages that all show the same moment", async () => {
    const first = await plane.admin.get(`${pods}?labelSelector=team&limit=2`);
    expect(names(first.body)).toEqual(["list-0", "list-1"]);
    await plane.admin.post(pods, { ...podOf("list-9"), metadata: { name: "list-9", labels: { team: "late" } } });
    const token = encodeURIComponent(first.body.metadata.continue);
    const second = await plane.admin.get(`${pods}?labelSelector=team&limit=2&continue=${token}`);
    expect(names(second.body)).toEqual(["list-2"]);
    expect(second.body.metadata.continue).toBeUndefined();
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const { resourceVersion } = first.body.metadata;
    const exact = await plane.admin.get(
      `${pods}?labelSelector=team&resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`,
    );
    expect(names(exact.body)).toEqual(["list-0", "list-1", "list-2"]);
  });

  test("refuse revisions to come and revisions gone", async () => {
    const future = await plane.admin.get(`${pods}?resourceVersion=99999999`);
    expect(future).toMatchObject({
      code: 504,
      body: { reason: "Timeout", details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
    });
    const page = await plane.admin.get(`${pods}?limit=1`);
    await plane.admin.post(configMaps, { metadata: { name: "later" } });
    plane.plane.faults.compact();
    const gone = await plane.admin.get(`${pods}?limit=1&continue=${encodeURIComponent(page.body.metadata.continue)}`);
    expect(gone).toMatchObject({ code: 410, body: { reason: "Expired" } });
    const resumed = await plane.admin.get(`${pods}?continue=${encodeURIComponent(gone.body.metadata.continue)}`);
    expect(resumed.code).toBe(200);
  });

  test("answer tables and bare metadata", async () => {
    const table = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
    const { body } = await plane.admin.get(`${pods}?labelSelector=team%3Dblue`, table);
    expect(body).toMatchObject({
      kind: "Table",
      rows: [{ object: { kind: "PartialObjectMetadata", metadata: { name: "list-2" } } }],
    });
    expect(body.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
      "Name",
      "Ready",
      "Status",
      "Restarts",
      "Age",
      "IP",
      "Node",
      "Nominated Node",
      "Readiness Gates",
    ]);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(["list-2", "0/1", "Pending"]);
    const metadata = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
    const list = await plane.admin.get(`${pods}?limit=1`, metadata);
    expect(list.body).toMatchObject({ kind: "PartialObjectMetadataList", items: [{ kind: "PartialObjectMetadata" }] });
    expect((await plane.admin.get(pods, { accept: "text/html" })).code).toBe(406);
  });

  test("show events in both groups", async () => {
    const event = {
      metadata: { name: "e1" },
      involvedObject: { kind: "Pod", namespace: "default", name: "p" },
      reason: "Tested",
      message: "hello",
      type: "Normal",
    };
    await plane.admin.post("/api/v1/namespaces/default/events", event);
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const view = await plane.admin.get(`${path}/e1`);
    expect(view.body).toMatchObject({ apiVersion: "events.k8s.io/v1", note: "hello", regarding: { name: "p" } });
    expect(view.body.message).toBeUndefined();
    const written = {
      metadata: { name: "e2" },
      regarding: { kind: "Pod", namespace: "default" },
      note: "back",
      reportingController: "me",
    };
    await plane.admin.post(path, written);
    const core = await plane.admin.get("/api/v1/namespaces/default/events?fieldSelector=reportingComponent%3Dme");
    expect(core.body.items).toMatchObject([{ message: "back", reportingComponent: "me" }]);
  });
});

describe("delete", () => {
  test("removes at once what no node runs", async () => {
    await plane.admin.post(pods, podOf("unbound", { schedulerName: "nobody" }));
    const { code, body } = await plane.admin.delete(`${pods}/unbound`);
    expect(code).toBe(200);
    expect(body.metadata.deletionGracePeriodSeconds).toBe(0);
    expect((await plane.admin.get(`${pods}/unbound`)).code).toBe(404);
  });

  test("gives a running pod its grace, which may be shortened but not lengthened", async () => {
    await boundPod("grace");
    const first = await plane.admin.delete(`${pods}/grace`);
    expect(first.body.metadata.deletionGracePeriodSeconds).toBe(30);
    const longer = await plane.admin.delete(`${pods}/grace`, { gracePeriodSeconds: 60 });
    expect(longer.body.metadata.deletionGracePeriodSeconds).toBe(30);
    const shorter = await plane.admin.delete(`${pods}/grace`, { gracePeriodSeconds: 5 });
    expect(shorter.body.metadata.deletionGracePeriodSeconds).toBe(5);
    const end = (answer: typeof first) => Date.parse(answer.body.metadata.deletionTimestamp);
    expect(end(first) - end(shorter)).toBe(25_000);
    const plain = await plane.admin.delete(`${pods}/grace`);
    expect(plain.body.metadata.deletionGracePeriodSeconds).toBe(5);
    const last = await plane.admin.delete(`${pods}/grace?gracePeriodSeconds=0`);
    expect(last.body.metadata.deletionGracePeriodSeconds).toBe(0);
    expect((await plane.admin.get(`${pods}/grace`)).code).toBe(404);
  });

  test("keeps to its preconditions", async () => {
    const pod = await boundPod("precondition");
    const wrong = await plane.admin.delete(`${pods}/precondition`, { preconditions: { uid: "other" } });
    expect(wrong).toMatchObject({ code: 409, body: { reason: "Conflict" } });
    const right = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    expect((await plane.admin.delete(`${pods}/precondition`, right)).code).toBe(200);
  });

  test("waits for finalizers", async () => {
    await plane.admin.post(configMaps, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
    const { body } = await plane.admin.delete(`${configMaps}/held`);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    const added = await plane.admin.patch(`${configMaps}/held`, {
      metadata: { finalizers: ["example.com/hold", "example.com/more"] },
    });
    expect(added.body.message).toContain("no new finalizers can be added if the object is being deleted");
    expect((await plane.admin.get(`${configMaps}/held`)).code).toBe(200);
    await plane.admin.patch(`${configMaps}/held`, { metadata: { finalizers: null } });
    expect((await plane.admin.get(`${configMaps}/held`)).code).toBe(404);
  });

  test("takes collections by selector", async () => {
    for (const name of ["one", "two"])
      await plane.admin.post(configMaps, { metadata: { name, labels: { batch: "x" } } });
    const { body } = await plane.admin.delete(`${configMaps}?labelSelector=batch%3Dx`);
    expect(body.items).toHaveLength(2);
    expect((await plane.admin.get(`${configMaps}?labelSelector=batch`)).body.items).toEqual([]);
  });

  test("empties a namespace before it goes", async () => {
    await plane.admin.post("/api/v1/namespaces", { metadata: { name: "passing" } });
    const inside = "/api/v1/namespaces/passing";
    expect((await plane.admin.get(`${inside}/serviceaccounts/default`)).code).toBe(200);
    expect((await plane.admin.get(`${inside}/configmaps/kube-root-ca.crt`)).body.data["ca.crt"]).toContain(
      "BEGIN CERTIFICATE",
    );
    await plane.admin.post(`${inside}/configmaps`, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
    const { body } = await plane.admin.delete(inside);
    expect(body.status.phase).toBe("Terminating");
    const late = await plane.admin.post(`${inside}/configmaps`, { metadata: { name: "late" } });
    expect(late).toMatchObject({ code: 403, body: { details: { causes: [{ reason: "NamespaceTerminating" }] } } });
    expect((await plane.admin.get(inside)).code).toBe(200);
    await plane.admin.patch(`${inside}/configmaps/held`, { metadata: { finalizers: null } });
    expect((await plane.admin.get(inside)).code).toBe(404);
    expect((await plane.admin.delete("/api/v1/namespaces/default")).code).toBe(403);
  });

  test("collects what the deleted object owned, in the background or first", async () => {
    for (const propagationPolicy of ["Background", "Foreground", "Orphan"]) {
      const name = `owner-${propagationPolicy.toLowerCase()}`;
      const owner = await plane.admin.post(configMaps, { metadata: { name } });
      const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid: owner.body.metadata.uid }];
      await plane.admin.post(configMaps, { metadata: { name: `${name}-child`, ownerReferences } });
      await plane.admin.delete(`${configMaps}/${name}`, { propagationPolicy });
      expect((await plane.admin.get(`${configMaps}/${name}`)).code).toBe(404);
      const child = await plane.admin.get(`${configMaps}/${name}-child`);
      expect(child.code).toBe(propagationPolicy === "Orphan" ? 200 : 404);
    }
  });
});
