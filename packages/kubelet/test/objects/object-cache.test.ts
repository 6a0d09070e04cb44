import { FakeClock, silentLogger } from "@wherry/base";
import { ApiError } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";
import { type ObjectChange, WatchingObjectCache } from "../../src/objects/object-cache.ts";
import { FakeObjectSource } from "./fake-object-source.ts";

const podWith = (uid: string, ...configMaps: string[]): Pod => ({
  metadata: { uid, namespace: "ns" },
  spec: { containers: [], volumes: configMaps.map((name) => ({ name, configMap: { name } })) },
});

function fixture() {
  const source = new FakeObjectSource();
  const clock = new FakeClock();
  const none = { get: async () => undefined, follow: async () => undefined };
  const cache = new WatchingObjectCache({
    configMaps: source,
    secrets: none,
    trustBundles: none,
    serviceAccounts: none,
    logger: silentLogger,
    clock,
  });
  const changes: ObjectChange[] = [];
  cache.onChange((change) => changes.push(change));
  const data = async (name: string) => (await cache.configMap("ns", name))?.data;
  return { source, clock, cache, changes, data };
}

const forbidden = () => new ApiError("get configmaps", { code: 403, reason: "Forbidden", message: "no relationship" });

describe("WatchingObjectCache", () => {
  test("configMap() costs one read for all pods and all calls, then none", async () => {
    const { source, cache, data } = fixture();
    source.set("ca", { k: "1" });
    cache.registerPod(podWith("p1", "ca"));
    cache.registerPod(podWith("p2", "ca"));
    expect(await Promise.all([data("ca"), data("ca")])).toEqual([{ k: "1" }, { k: "1" }]);
    expect(await data("ca")).toEqual({ k: "1" });
    expect(source.gets).toEqual(["ca"]);
    expect([...source.followed]).toEqual(["ca"]);
  });

  test("configMap() follows changes and tells which pods they concern", async () => {
    const { source, cache, changes, data } = fixture();
    source.set("c", { k: "1" });
    cache.registerPod(podWith("p1", "c"));
    cache.registerPod(podWith("p2", "c"));
    await data("c");
    source.tell("c");
    expect(changes).toEqual([]);
    source.set("c", { k: "2" });
    source.tell("c");
    expect(await data("c")).toEqual({ k: "2" });
    expect(changes).toEqual([{ kind: "ConfigMap", namespace: "ns", name: "c", podUids: ["p1", "p2"] }]);
  });

  test("configMap() ignores what a watch knows from before the read", async () => {
    const { source, cache, changes, data } = fixture();
    const old = source.set("c", { k: "old" });
    source.set("c", { k: "new" });
    cache.registerPod(podWith("p1", "c"));
    await data("c");
    source.tell("c", old);
    expect(await data("c")).toEqual({ k: "new" });
    expect(changes).toEqual([]);
  });

  test("configMap() asks again for an object that is absent, and tells when it appears or goes", async () => {
    const { source, cache, changes, data } = fixture();
    cache.registerPod(podWith("p1", "c"));
    expect(await data("c")).toBeUndefined();
    source.set("c", { k: "1" });
    expect(await data("c")).toEqual({ k: "1" });
    source.objects.clear();
    source.tell("c", undefined);
    expect(changes).toHaveLength(1);
    expect(await data("c")).toBeUndefined();
    source.set("c", { k: "2" });
    source.tell("c");
    expect(changes).toHaveLength(2);
    expect(source.gets).toHaveLength(3);
  });

  test("registerPod() starts to read what the pod needs, and pull secrets only when asked for", async () => {
    const configMaps = new FakeObjectSource();
    const secrets = new FakeObjectSource();
    const cache = new WatchingObjectCache({
      configMaps,
      secrets: secrets as never,
      trustBundles: { get: async () => undefined, follow: async () => undefined },
      serviceAccounts: { get: async () => undefined },
      logger: silentLogger,
      clock: new FakeClock(),
    });
    const pod = podWith("p1", "c");
    pod.spec!.imagePullSecrets = [{ name: "pull" }, { name: "both" }];
    pod.spec!.volumes!.push({ name: "s", secret: { secretName: "both" } });
    configMaps.failures.push(new Error("connection refused"));
    cache.registerPod(pod);
    await new Promise((resolve) => setImmediate(resolve));
    expect(configMaps.gets).toEqual(["c"]);
    expect(secrets.gets).toEqual(["both"]);
    configMaps.set("c", { k: "1" });
    expect((await cache.configMap("ns", "c"))?.data).toEqual({ k: "1" });
    cache.registerPod(pod);
    await cache.secret("ns", "pull");
    expect(configMaps.gets).toHaveLength(2);
    expect(secrets.gets).toEqual(["both", "pull"]);
  });

  test("configMap() does not watch what is immutable", async () => {
    const { source, cache, data } = fixture();
    source.set("c", { k: "1" }, { immutable: true });
    cache.registerPod(podWith("p1", "c"));
    await data("c");
    expect(await data("c")).toEqual({ k: "1" });
    expect(source.gets).toEqual(["c"]);
    expect(source.followed.size).toBe(0);
  });

  test("unregisterPod() ends the watch a while after the last pod has gone", async () => {
    const { source, clock, cache, data } = fixture();
    source.set("c", { k: "1" });
    cache.registerPod(podWith("p1", "c"));
    cache.registerPod(podWith("p2", "c"));
    await data("c");
    cache.unregisterPod("p1");
    await clock.advance(120_000);
    expect(source.followed.size).toBe(1);
    cache.unregisterPod("p2");
    cache.unregisterPod("p2");
    await clock.advance(30_000);
    cache.registerPod(podWith("p3", "c"));
    expect(await data("c")).toEqual({ k: "1" });
    cache.unregisterPod("p3");
    await clock.advance(59_000);
    expect(source.followed.size).toBe(1);
    await clock.advance(1_000);
    expect(source.followed.size).toBe(0);
    expect(source.gets).toEqual(["c"]);
    expect(clock.pending).toBe(0);
  });

  test("registerPod() again replaces what the pod refers to", async () => {
    const { source, clock, cache, data } = fixture();
    source.set("a", {});
    source.set("b", {});
    cache.registerPod(podWith("p1", "a"));
    await data("a");
    cache.registerPod(podWith("p1", "b"));
    await data("b");
    await clock.advance(60_000);
    expect([...source.followed]).toEqual(["b"]);
  });

  test("configMap() of no registered pod is read at each call and not watched", async () => {
    const { source, data } = fixture();
    source.set("c", { k: "1" });
    await data("c");
    await data("c");
    expect(source.gets).toHaveLength(2);
    expect(source.followed.size).toBe(0);
  });

  test("configMap() waits for the node authorizer to learn of the pod", async () => {
    const { source, clock, cache, data } = fixture();
    source.set("c", { k: "1" });
    source.failures.push(forbidden(), forbidden());
    cache.registerPod(podWith("p1", "c"));
    const answer = data("c");
    await clock.advance(1000);
    expect(await answer).toEqual({ k: "1" });
    expect(source.gets).toHaveLength(3);
  });

  test("configMap() rejects when forbidden for good, which is not the same as absent", async () => {
    const { source, clock, cache, data } = fixture();
    for (let i = 0; i < 8; i++) source.failures.push(forbidden());
    cache.registerPod(podWith("p1", "c"));
    const answer = data("c").catch((error: unknown) => error);
    await clock.advance(5000);
    expect(await answer).toMatchObject({ code: "ApiError", status: 403 });
    expect(await data("c")).toBeUndefined();
  });

  test("configMap() gives up waiting when the caller does, without failing others", async () => {
    const { source, cache, data } = fixture();
    source.set("c", { k: "1" });
    cache.registerPod(podWith("p1", "c"));
    const controller = new AbortController();
    const aborted = cache.configMap("ns", "c", { signal: controller.signal });
    const other = data("c");
    controller.abort();
    await expect(aborted).rejects.toThrow();
    expect(await other).toEqual({ k: "1" });
  });

  test("configMap() keeps no bookkeeping of field managers", async () => {
    const { source, cache } = fixture();
    const object = source.set("c", { k: "1" });
    object.metadata = { ...object.metadata, managedFields: [{ manager: "kubectl" }] };
    cache.registerPod(podWith("p1", "c"));
    expect((await cache.configMap("ns", "c"))?.metadata).not.toHaveProperty("managedFields");
  });

  test("run() ends all watches when it ends", async () => {
    const { source, cache, data, clock } = fixture();
    source.set("c", {});
    cache.registerPod(podWith("p1", "c"));
    await data("c");
    const controller = new AbortController();
    const run = cache.run(controller.signal);
    expect(source.followed.size).toBe(1);
    controller.abort();
    await run;
    expect(source.followed.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
