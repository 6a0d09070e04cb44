import { createLogger, type LogEntry } from "@wherry/base";
import type { ConfigMap } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  type ClusterConfig,
  createClient,
  createReflector,
  defineResource,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooLargeResourceVersion,
  type KubernetesClient,
  LeaseKeeper,
  loadClusterConfig,
  type Reflector,
  resources,
} from "../src/index.ts";
import { eventually } from "./http2-server.ts";
import { type PeerCluster, peerCluster } from "./peer-cluster.ts";

const { configMaps, leases, namespaces, nodes } = resources;
const namespace = `wherry-client-${process.pid}`;
const peer = peerCluster();
if ("skip" in peer) console.log(`client.peer.test.ts is skipped: ${peer.skip}`);

describe.skipIf("skip" in peer)("against a real kube-apiserver", () => {
  let cluster: PeerCluster;
  let config: ClusterConfig;
  let client: KubernetesClient;
  const log: LogEntry[] = [];
  const logger = createLogger((entry) => void log.push(entry), "debug");

  beforeAll(async () => {
    if ("skip" in peer) return;
    cluster = await peer.start();
    config = await loadClusterConfig({ paths: [cluster.kubeconfig] });
    client = createClient(config, { qps: 0, logger });
    await client.create(namespaces, { metadata: { name: namespace } });
  });

  afterAll(async () => {
    await client?.delete(namespaces, namespace);
    await client?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  /** Runs `body` beside a reflector of config maps and stops it. */
  async function reflecting(
    options: Parameters<typeof createReflector<ConfigMap>>[2],
    body: (reflector: Reflector<ConfigMap>) => Promise<void>,
  ): Promise<void> {
    const reflector = createReflector(client, configMaps, { namespace, logger, ...options });
    const controller = new AbortController();
    const ended = reflector.run(controller.signal);
    try {
      await reflector.ready;
      await body(reflector);
    } finally {
      controller.abort();
      await ended;
    }
  }

  async function serverState(): Promise<string[]> {
    const { items } = await client.list(configMaps, { namespace });
    return items.map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`).sort();
  }

  function storeState(reflector: Reflector<ConfigMap>): string[] {
    return reflector.store
      .list()
      .map(({ metadata }) => `${metadata?.name}@${metadata?.resourceVersion}`)
      .sort();
  }

  test("KubernetesClient carries an object through all verbs", async () => {
    const created = await client.create(configMaps, { metadata: { name: "verbs", namespace }, data: { a: "1" } });
    expect(created.metadata?.uid).toBeDefined();
    const twice: unknown = await client
      .create(configMaps, { metadata: { name: "verbs", namespace } })
      .catch((e: unknown) => e);
    expect(isAlreadyExists(twice)).toBe(true);
    await client.patch(configMaps, "verbs", { data: { b: "2" } }, { type: "merge", namespace });
    await client.patch(configMaps, "verbs", { data: { c: "3" } }, { type: "strategic", namespace });
    await client.patch(configMaps, "verbs", [{ op: "add", path: "/data/d", value: "4" }], { type: "json", namespace });
    await client.patch(
      configMaps,
      "verbs",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "verbs" }, data: { e: "5" } },
      { type: "apply", namespace, fieldManager: "test", force: true },
    );
    const patched = await client.get(configMaps, "verbs", { namespace });
    expect(patched.data).toEqual({ a: "1", b: "2", c: "3", d: "4", e: "5" });
    const stale: unknown = await client.replace(configMaps, { ...created, data: {} }).catch((e: unknown) => e);
    expect(isConflict(stale)).toBe(true);
    const replaced = await client.replace(configMaps, { ...patched, data: { z: "9" } });
    expect(replaced.data).toEqual({ z: "9" });
    const other: unknown = await client
      .delete(configMaps, "verbs", { namespace, preconditions: { uid: "another" } })
      .catch((e: unknown) => e);
    expect(isConflict(other)).toBe(true);
    await client.delete(configMaps, "verbs", { namespace, preconditions: { uid: created.metadata?.uid } });
    expect(isNotFound(await client.get(configMaps, "verbs", { namespace }).catch((e: unknown) => e))).toBe(true);
    const invalid: unknown = await client
      .create(configMaps, { metadata: { name: "UPPER", namespace } })
      .catch((e: unknown) => e);
    expect(isInvalid(invalid)).toBe(true);
  });

  test("KubernetesClient asks for tokens, reviews them and reviews access", async () => {
    await client.create(resources.serviceAccounts, { metadata: { name: "robot", namespace } });
    const answer = await client.createSubresource<object, { status: { token: string } }>(
      resources.serviceAccounts,
      "robot",
      "token",
      { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
      { namespace },
    );
    const review = await client.create(resources.tokenReviews, { spec: { token: answer.status.token } });
    expect(review.status?.user?.username).toBe(`system:serviceaccount:${namespace}:robot`);
    const robot = createClient({
      ...config,
      credentials: {
        get: () => ({ authorization: `Bearer ${answer.status.token}` }),
        refresh: () => Promise.resolve(false),
      },
    });
    expect(isForbidden(await robot.list(nodes).catch((error: unknown) => error))).toBe(true);
    await robot.close();
    const access = await client.create(resources.subjectAccessReviews, {
      spec: { user: "jane", resourceAttributes: { verb: "get", resource: "pods" } },
    });
    expect(access.status?.allowed).toBe(false);
    const jane = createClient({ ...config, impersonate: { user: "jane", groups: ["system:authenticated"] } });
    const self = await jane.create(resources.selfSubjectReviews, {});
    expect(self.status?.userInfo?.username).toBe("jane");
    await jane.close();
  });

  test("isGone() and isTooLargeResourceVersion() tell the server's refusals of versions", async () => {
    const old = async () => {
      for await (const event of client.watch(configMaps, { resourceVersion: "1" })) return event;
      return undefined;
    };
    // An API server that has just started may still have version 1.
    const gone: unknown = await old().catch((error: unknown) => error);
    if (gone instanceof Error) expect(isGone(gone)).toBe(true);
    const future: unknown = await client
      .list(configMaps, { resourceVersion: "99999999999", resourceVersionMatch: "NotOlderThan" })
      .catch((error: unknown) => error);
    expect(isTooLargeResourceVersion(future)).toBe(true);
  });

  test.each([true, false])("Reflector equals the server's state after churn (watch-list %s)", async (watchList) => {
    for (let index = 0; index < 7; index++)
      await client.create(configMaps, { metadata: { name: `churn-${index}`, namespace } });
    log.length = 0;
    await reflecting({ watchList, pageSize: 3 }, async (reflector) => {
      expect(storeState(reflector)).toEqual(await serverState());
      for (let round = 0; round < 60; round++) {
        const name = `churn-${Math.floor(Math.random() * 12)}`;
        const data = { round: String(round) };
        if (Math.random() < 0.3) await client.delete(configMaps, name, { namespace }).catch(ignoreNotFound);
        else
          await client
            .patch(configMaps, name, { data }, { type: "merge", namespace })
            .catch(() => client.create(configMaps, { metadata: { name, namespace }, data }));
      }
      const expected = await serverState();
      await eventually(() => storeState(reflector).join() === expected.join());
      for (const { metadata } of reflector.store.list()) expect(metadata?.managedFields).toBeUndefined();
    });
    expect(log.filter((entry) => entry.level !== "debug")).toEqual([]);
    for (const name of (await client.list(configMaps, { namespace, fieldSelector: "metadata.name!=kube-root-ca.crt" }))
      .items)
      await client.delete(configMaps, name.metadata?.name ?? "", { namespace });
  });

  test("SessionPool holds hundreds of single-object watches and still answers", async () => {
    const controller = new AbortController();
    const reflectors = Array.from({ length: 250 }, (_, index) =>
      createReflector(client, configMaps, { namespace, fieldSelector: `metadata.name=single-${index}`, logger }),
    );
    const ended = reflectors.map((reflector) => reflector.run(controller.signal));
    await Promise.all(reflectors.map((reflector) => reflector.ready));
    await client.create(configMaps, { metadata: { name: "single-249", namespace } });
    await eventually(() => reflectors[249]?.store.size === 1);
    expect(reflectors[0]?.store.size).toBe(0);
    controller.abort();
    await Promise.all(ended);
  });

  test("LeaseKeeper creates, renews, and takes over after a foreign change", async () => {
    const owner = await client.create(nodes, { metadata: { name: namespace } });
    const { uid = "" } = owner.metadata ?? {};
    const keeper = new LeaseKeeper({
      client: client.withLane("heartbeat"),
      namespace,
      name: "beat",
      holderIdentity: "me",
      renewIntervalMs: 20,
      ownerReferences: () => Promise.resolve([{ apiVersion: "v1", kind: "Node", name: namespace, uid }]),
    });
    const controller = new AbortController();
    const ended = keeper.run(controller.signal);
    await eventually(() => keeper.renewedAtMs !== undefined);
    await client.patch(leases, "beat", { metadata: { labels: { foreign: "yes" } } }, { type: "merge", namespace });
    const changedAtMs = performance.now();
    await eventually(() => (keeper.renewedAtMs ?? 0) > changedAtMs);
    const lease = await client.get(leases, "beat", { namespace });
    expect(lease.spec?.holderIdentity).toBe("me");
    expect(lease.metadata?.labels).toEqual({ foreign: "yes" });
    expect(lease.metadata?.ownerReferences?.[0]?.uid).toBe(uid);
    controller.abort();
    await ended;
    await client.delete(nodes, namespace);
  });

  test("watch() follows a custom resource that is defined while the client runs", async () => {
    const group = `${namespace}.test`;
    const widgets = defineResource({ group, version: "v1", resource: "widgets", kind: "Widget", namespaced: true });
    await client.create(resources.customResourceDefinitions, {
      metadata: { name: `widgets.${group}` },
      spec: {
        group,
        names: { plural: "widgets", kind: "Widget", singular: "widget", listKind: "WidgetList" },
        scope: "Namespaced",
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        ],
      },
    });
    const reflector = createReflector(client, widgets, { namespace });
    const controller = new AbortController();
    const ended = reflector.run(controller.signal);
    await reflector.ready;
    await client.create(widgets, { metadata: { name: "w", namespace }, spec: { any: ["thing"] } } as object);
    await eventually(() => reflector.store.size === 1);
    expect(reflector.store.list()[0]).toMatchObject({ spec: { any: ["thing"] } });
    controller.abort();
    await ended;
    await client.delete(resources.customResourceDefinitions, `widgets.${group}`);
  });

  test("Reflector survives a crash of the API server", async () => {
    if (cluster.restart === undefined) return console.log("skipped: the API server is not ours to restart");
    const { restart } = cluster;
    await reflecting({}, async (reflector) => {
      await client.create(configMaps, { metadata: { name: "before", namespace } });
      await restart();
      for (;;) {
        const created = await client
          .create(configMaps, { metadata: { name: "after", namespace } })
          .catch((error: unknown) => (isAlreadyExists(error) ? "done" : undefined));
        if (created !== undefined) break;
      }
      const expected = await serverState();
      await eventually(() => storeState(reflector).join() === expected.join());
    });
  });
});

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
