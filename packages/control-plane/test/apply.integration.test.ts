import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podOf, startPlane, type TestPlane } from "./test-plane.ts";

let plane: TestPlane;

beforeAll(async () => {
  plane = await startPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const configMaps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";

function configMap(name: string, data: Record<string, string>) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

describe("server-side apply", () => {
  test("creates, then leaves alone what is as it should be", async () => {
    const path = `${configMaps}/a?fieldManager=me`;
    const first = await plane.admin.apply(path, configMap("a", { k: "v" }));
    expect(first.code).toBe(201);
    const again = await plane.admin.apply(path, configMap("a", { k: "v" }));
    expect(again).toMatchObject({
      code: 200,
      body: { metadata: { resourceVersion: first.body.metadata.resourceVersion } },
    });
  });

  test("refuses to overwrite another's field, and does so by force", async () => {
    await plane.admin.apply(`${configMaps}/b?fieldManager=me`, configMap("b", { k: "1" }));
    await plane.admin.patch(`${configMaps}/b?fieldManager=editor`, { data: { k: "2" } });
    const refused = await plane.admin.apply(`${configMaps}/b?fieldManager=me`, configMap("b", { k: "3" }));
    expect(refused).toMatchObject({
      code: 409,
      body: {
        reason: "Conflict",
        message: 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.k',
        details: { causes: [{ reason: "FieldManagerConflict", field: ".data.k" }] },
      },
    });
    // Upstream names the version only of those that update.
    await plane.admin.apply(`${configMaps}/b?fieldManager=other&force=true`, configMap("b", { k: "4" }));
    const again = await plane.admin.apply(`${configMaps}/b?fieldManager=me`, configMap("b", { k: "3" }));
    expect(again.body.message).toBe('Apply failed with 1 conflict: conflict with "other": .data.k');
    const forced = await plane.admin.apply(`${configMaps}/b?fieldManager=me&force=true`, configMap("b", { k: "3" }));
    expect(forced.body.data).toEqual({ k: "3" });
    expect(forced.body.metadata.managedFields).toMatchObject([{ manager: "me", operation: "Apply" }]);
  });

  test("owns nothing of an object that others made without saying who they are", async () => {
    await plane.admin.post(configMaps, configMap("c", { k: "1", l: "1" }));
    const refused = await plane.admin.apply(`${configMaps}/c?fieldManager=me`, configMap("c", { k: "2" }));
    expect(refused.body.message).toContain('conflict with "before-first-apply" using v1: .data.k');
    const shared = await plane.admin.apply(`${configMaps}/c?fieldManager=me`, configMap("c", { k: "1" }));
    expect(shared.body.data).toEqual({ k: "1", l: "1" });
  });

  test("removes what is no longer applied", async () => {
    const path = `${configMaps}/d?fieldManager=me`;
    await plane.admin.apply(path, configMap("d", { k: "1", l: "1" }));
    const { body } = await plane.admin.apply(path, configMap("d", { k: "1" }));
    expect(body.data).toEqual({ k: "1" });
  });

  test("of a pod does not own what defaults and admission add", async () => {
    const path = `${pods}/p?fieldManager=me`;
    await plane.admin.apply(path, podOf("p", { schedulerName: "nobody" }));
    const again = await plane.admin.apply(path, podOf("p", { schedulerName: "nobody" }));
    expect(again.code).toBe(200);
    const [entry] = again.body.metadata.managedFields;
    expect(entry.fieldsV1["f:spec"]).toEqual({
      "f:containers": { 'k:{"name":"main"}': { ".": {}, "f:image": {}, "f:name": {} } },
      "f:schedulerName": {},
    });
  });

  test("of a status owns status only", async () => {
    await plane.admin.post(pods, podOf("status", { schedulerName: "nobody" }));
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      status: { message: "hi", conditions: [{ type: "x.y/z", status: "True" }] },
    };
    const { body: pod } = await plane.admin.apply(`${pods}/status/status?fieldManager=me`, body);
    expect(pod.status).toMatchObject({ phase: "Pending", message: "hi" });
    const entry = pod.metadata.managedFields.find((item: { manager: string }) => item.manager === "me");
    expect(entry).toMatchObject({ subresource: "status", fieldsV1: { "f:status": { "f:message": {} } } });
  });

  test("wants a manager, known fields and no managedFields", async () => {
    expect((await plane.admin.apply(`${configMaps}/x`, configMap("x", {}))).body.message).toContain(
      "fieldManager: Required value: is required for apply patch",
    );
    const unknown = await plane.admin.apply(`${configMaps}/x?fieldManager=me`, { ...configMap("x", {}), foo: 1 });
    expect(unknown.body.message).toBe(
      "failed to create typed patch object (default/x; /v1, Kind=ConfigMap): .foo: field not declared in schema",
    );
    const managed = { ...configMap("x", {}), metadata: { name: "x", managedFields: [{ manager: "z" }] } };
    expect((await plane.admin.apply(`${configMaps}/x?fieldManager=me`, managed)).code).toBe(400);
  });

  test("in a dry run changes nothing", async () => {
    const dry = await plane.admin.apply(`${configMaps}/dry?fieldManager=me&dryRun=All`, configMap("dry", { a: "b" }));
    expect(dry.code).toBe(201);
    expect((await plane.admin.get(`${configMaps}/dry`)).code).toBe(404);
  });
});
