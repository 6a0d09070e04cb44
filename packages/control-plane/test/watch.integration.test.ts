import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { podOf, startPlane, type TestPlane } from "./test-plane.ts";

let plane: TestPlane;

beforeAll(async () => {
  plane = await startPlane({ bookmarkIntervalMs: 20 });
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

const pods = "/api/v1/namespaces/default/pods";
const configMaps = "/api/v1/namespaces/default/configmaps";
const unscheduled = { schedulerName: "nobody" };

describe("watch", () => {
  test("tells of creation, change and deletion", async () => {
    const { body } = await plane.admin.get(configMaps);
    using watch = await plane.admin.watch(`${configMaps}?resourceVersion=${body.metadata.resourceVersion}`);
    await plane.admin.post(configMaps, { metadata: { name: "w" } });
    await plane.admin.patch(`${configMaps}/w`, { data: { a: "b" } });
    await plane.admin.delete(`${configMaps}/w`);
    const events = [await watch.next(), await watch.next(), await watch.next()];
    expect(events.map((event) => event?.type)).toEqual(["ADDED", "MODIFIED", "DELETED"]);
    const revisions = events.map((event) => Number(event?.object.metadata.resourceVersion));
    expect(revisions).toEqual(revisions.toSorted((left, right) => left - right));
    expect(events[2]?.object.data).toEqual({ a: "b" });
  });

  test("goes on where an earlier watch ended", async () => {
    const first = await plane.admin.post(configMaps, { metadata: { name: "r1" } });
    await plane.admin.post(configMaps, { metadata: { name: "r2" } });
    using watch = await plane.admin.watch(`${configMaps}?resourceVersion=${first.body.metadata.resourceVersion}`);
    expect((await watch.next())?.object.metadata.name).toBe("r2");
  });

  test("begins with what there is, where no revision is given", async () => {
    using watch = await plane.admin.watch(`${configMaps}?fieldSelector=metadata.name%3Dkube-root-ca.crt`);
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "kube-root-ca.crt" } } });
  });

  test("shows objects that come to match a selector as added and those that cease to as deleted", async () => {
    const { body } = await plane.admin.post(pods, podOf("selected", unscheduled));
    const { resourceVersion } = body.metadata;
    using byNode = await plane.admin.watch(
      `${pods}?fieldSelector=spec.nodeName%3Dn5&resourceVersion=${resourceVersion}`,
    );
    using byLabel = await plane.admin.watch(`${pods}?labelSelector=on&resourceVersion=${resourceVersion}`);
    await plane.admin.post(`${pods}/selected/binding`, { target: { kind: "Node", name: "n5" } });
    expect(await byNode.next()).toMatchObject({ type: "ADDED", object: { spec: { nodeName: "n5" } } });
    await plane.admin.patch(`${pods}/selected`, { metadata: { labels: { on: "1" } } });
    expect(await byLabel.next()).toMatchObject({ type: "ADDED" });
    await plane.admin.patch(`${pods}/selected`, { metadata: { labels: { on: null } } });
    const gone = await byLabel.next();
    expect(gone).toMatchObject({ type: "DELETED", object: { metadata: { labels: { on: "1" } } } });
    expect((await byNode.next())?.type).toBe("MODIFIED");
    const last = await byNode.next();
    expect(last?.object.metadata.resourceVersion).toBe(gone?.object.metadata.resourceVersion);
  });

  test("lists first and marks the end of it (KEP-3157)", async () => {
    await plane.admin.post(configMaps, { metadata: { name: "listed" } });
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    using watch = await plane.admin.watch(`${configMaps}?${query}`);
    const end = await watch.find((event) => event.type === "BOOKMARK");
    expect(end.object).toMatchObject({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { annotations: { "k8s.io/initial-events-end": "true" } },
    });
    expect((await plane.admin.get(`${configMaps}?watch=true&sendInitialEvents=true`)).code).toBe(422);
    const future = await plane.admin.get(`${configMaps}?watch=true&${query}&resourceVersion=99999999`);
    expect(future).toMatchObject({ code: 504, body: { details: { retryAfterSeconds: 1 } } });
  });

  test("sends bookmarks to those who ask", async () => {
    using watch = await plane.admin.watch(
      `${configMaps}?resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=1800`,
    );
    const bookmark = await watch.find((event) => event.type === "BOOKMARK");
    expect(Number(bookmark.object.metadata.resourceVersion)).toBeGreaterThan(0);
  });

  test("ends when its time is over", async () => {
    using watch = await plane.admin.watch(
      `${configMaps}?resourceVersion=1&fieldSelector=metadata.name%3Dnone&timeoutSeconds=1`,
    );
    expect(watch.code).toBe(200);
    expect(await watch.next()).toBeUndefined();
  });

  test("answers 410 for a revision that history has lost", async () => {
    const { body } = await plane.admin.post(configMaps, { metadata: { name: "old" } });
    await plane.admin.post(configMaps, { metadata: { name: "newer" } });
    plane.plane.faults.compact();
    using watch = await plane.admin.watch(`${configMaps}?resourceVersion=${body.metadata.resourceVersion}`);
    expect(await watch.next()).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } });
    expect(await watch.next()).toBeUndefined();
  });

  test("shows tables, with columns in the first event only", async () => {
    const { body } = await plane.admin.get(configMaps);
    using watch = await plane.admin.watch(`${configMaps}?resourceVersion=${body.metadata.resourceVersion}`, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    await plane.admin.post(configMaps, { metadata: { name: "t1" } });
    await plane.admin.post(configMaps, { metadata: { name: "t2" } });
    const first = await watch.next();
    expect(first?.object).toMatchObject({ kind: "Table", rows: [{ cells: ["t1", "0", expect.any(String)] }] });
    expect(first?.object.columnDefinitions).not.toEqual([]);
    expect((await watch.next())?.object.columnDefinitions).toEqual([]);
  });

  test("shows events in the form of the group that is watched", async () => {
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    const { body } = await plane.admin.get(path);
    using watch = await plane.admin.watch(`${path}?resourceVersion=${body.metadata.resourceVersion}`);
    const event = { metadata: { name: "w1" }, involvedObject: { namespace: "default" }, message: "m" };
    await plane.admin.post("/api/v1/namespaces/default/events", event);
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { apiVersion: "events.k8s.io/v1", note: "m" } });
  });

  test("of many watchers each sees every event in order", async () => {
    const { body } = await plane.admin.get(configMaps);
    const path = `${configMaps}?labelSelector=many&resourceVersion=${body.metadata.resourceVersion}`;
    const watches = await Promise.all(Array.from({ length: 20 }, () => plane.admin.watch(path)));
    const count = 50;
    const creations = Array.from({ length: count }, (_, index) =>
      plane.admin.post(configMaps, { metadata: { name: `many-${index}`, labels: { many: "1" } } }),
    );
    await Promise.all(creations);
    for (const watch of watches) {
      let last = 0;
      for (let index = 0; index < count; index++) {
        const revision = Number((await watch.next())?.object.metadata.resourceVersion);
        expect(revision).toBeGreaterThan(last);
        last = revision;
      }
      watch[Symbol.dispose]();
    }
  });
});

describe("FaultInjector", () => {
  test("breaks off watches", async () => {
    using watch = await plane.admin.watch(`${configMaps}?resourceVersion=${await revision()}`);
    plane.plane.faults.dropWatches();
    expect(await watch.next()).toBeUndefined();
  });

  test("lets watches hang without an end", async () => {
    const from = await revision();
    using hanging = await plane.admin.watch(`${configMaps}?resourceVersion=${from}`);
    plane.plane.faults.stallWatches();
    using live = await plane.admin.watch(`${configMaps}?resourceVersion=${from}`);
    await plane.admin.post(configMaps, { metadata: { name: "unseen" } });
    expect((await live.next())?.object.metadata.name).toBe("unseen");
    const silence = Promise.race([hanging.next(), plane.admin.get(configMaps).then(() => "silent")]);
    expect(await silence).toBe("silent");
  });

  test("answers chosen requests with errors, as often as told", async () => {
    const isList = ({ path, method }: { path: string; method: string }) => method === "GET" && path === configMaps;
    plane.plane.faults.inject(isList, { kind: "answer", code: 429, retryAfterSeconds: 7 }, 1);
    const refused = await plane.admin.get(configMaps);
    expect(refused).toMatchObject({ code: 429, body: { reason: "TooManyRequests" } });
    expect(refused.headers["retry-after"]).toBe("7");
    expect((await plane.admin.get(configMaps)).code).toBe(200);
    plane.plane.faults.inject(isList, { kind: "drop" }, 1);
    await expect(plane.admin.get(configMaps)).rejects.toThrow();
    expect((await plane.admin.get(configMaps)).code).toBe(200);
  });

  async function revision(): Promise<string> {
    return (await plane.admin.get(configMaps)).body.metadata.resourceVersion;
  }
});
