import { FakeClock } from "@wherry/base";
import { describe, expect, test } from "vitest";

import {
  ApiError,
  type ClientOptions,
  type ClusterConfig,
  type Credentials,
  createClient,
  isConflict,
  isForbidden,
  isNotFound,
  isTooLargeResourceVersion,
  type KubernetesClient,
  resources,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "../src/index.ts";
import { answer, lostConnection, status } from "./fake-api-server.ts";

type Script = (request: TransportRequest, index: number) => TransportResponse | Error;

interface Rig {
  readonly client: KubernetesClient;
  readonly clock: FakeClock;
  readonly requests: TransportRequest[];
  readonly lanes: string[];
}

function rig(script: Script, options: ClientOptions = {}, config: Partial<ClusterConfig> = {}): Rig {
  const clock = new FakeClock();
  const requests: TransportRequest[] = [];
  const lanes: string[] = [];
  const transport: Transport = {
    async request(request) {
      const result = script(request, requests.push(request) - 1);
      if (result instanceof Error) throw result;
      return result;
    },
    useIdentity: () => undefined,
    close: () => Promise.resolve(),
  };
  const createTransport = (lane: string) => {
    lanes.push(lane);
    return transport;
  };
  const client = createClient({ server: "https://fake", ...config }, { qps: 0, clock, createTransport, ...options });
  return { client, clock, requests, lanes };
}

const ok: Script = () => answer(200, { kind: "Node", metadata: { name: "n" } });
const { nodes, pods, leases, serviceAccounts } = resources;

describe("KubernetesClient", () => {
  test("addresses core, grouped, namespaced and sub-resources", async () => {
    const { client, requests } = rig(ok);
    await client.get(nodes, "n", { resourceVersion: "0" });
    await client.get(leases, "n", { namespace: "kube-node-lease" });
    await client.list(pods, { fieldSelector: "spec.nodeName=n", limit: 5 });
    await client.createSubresource(serviceAccounts, "default", "token", { spec: {} }, { namespace: "a" });
    await client.replace(pods, { metadata: { name: "p", namespace: "a" } }, { subresource: "status" });
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/v1/nodes/n?resourceVersion=0",
      "GET /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n",
      "GET /api/v1/pods?fieldSelector=spec.nodeName%3Dn&limit=5",
      "POST /api/v1/namespaces/a/serviceaccounts/default/token",
      "PUT /api/v1/namespaces/a/pods/p/status",
    ]);
  });

  test("names the media type of each kind of patch", async () => {
    const { client, requests } = rig(ok);
    for (const type of ["json", "merge", "strategic", "apply"] as const)
      await client.patch(
        nodes,
        "n",
        {},
        { type, subresource: "status", fieldManager: "wherry", force: type === "apply" },
      );
    expect(requests.map((request) => request.headers["content-type"])).toEqual([
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    ]);
    expect(requests[3]?.path).toBe("/api/v1/nodes/n/status?fieldManager=wherry&force=true");
  });

  test("sends preconditions and grace with a deletion, and the type with an object that lacks it", async () => {
    const { client, requests } = rig(ok);
    await client.delete(pods, "p", { namespace: "a", gracePeriodSeconds: 0, preconditions: { uid: "u" } });
    await client.create(pods, { metadata: { name: "p", namespace: "a" } }, { dryRun: true });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: 0,
      preconditions: { uid: "u" },
    });
    expect(JSON.parse(String(requests[1]?.body))).toMatchObject({ apiVersion: "v1", kind: "Pod" });
    expect(requests[1]?.path).toBe("/api/v1/namespaces/a/pods?dryRun=All");
  });

  test.each(["../secrets", "..", ".", "", "a/b", "a%2fb"])(
    "refuses the name %j, which would leave its path",
    async (name) => {
      const { client, requests } = rig(ok);
      await expect(client.get(nodes, name)).rejects.toMatchObject({ code: "RequestError" });
      expect(requests).toHaveLength(0);
    },
  );

  test("refuses calls without the namespace or name they need", async () => {
    const { client } = rig(ok);
    await expect(client.get(pods, "p")).rejects.toThrow('Cannot address pods "p": namespace is missing');
    await expect(client.create(pods, {})).rejects.toThrow("metadata.namespace is missing");
    await expect(client.replace(nodes, {})).rejects.toThrow("metadata.name is missing");
    await expect(client.patch(nodes, "n", {}, { type: "apply" })).rejects.toThrow("fieldManager is missing");
  });

  test("keeps fields it does not know and gives list items their type", async () => {
    const list = { items: [{ metadata: { name: "n" }, future: { a: [1] } }] };
    const { client } = rig(() => answer(200, list));
    const { items } = await client.list(nodes);
    expect(items[0]).toEqual({ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, future: { a: [1] } });
  });

  test("throws ApiError with the server's Status, or one made of what it said", async () => {
    const { client } = rig((_, index) =>
      index === 0 ? answer(409, status(409, "Conflict", "was modified")) : answer(index === 1 ? 403 : 404, "go away"),
    );
    const conflict = (await client.get(nodes, "n").catch((error: unknown) => error)) as ApiError;
    expect(conflict).toBeInstanceOf(ApiError);
    expect(conflict).toMatchObject({ status: 409, reason: "Conflict", message: 'Cannot get nodes "n": was modified' });
    expect(isConflict(conflict)).toBe(true);
    const forbidden: unknown = await client.get(nodes, "n").catch((error: unknown) => error);
    expect(isForbidden(forbidden)).toBe(true);
    expect(forbidden).toMatchObject({
      reason: "Forbidden",
      message: 'Cannot get nodes "n": server answered 403: go away',
    });
    expect(isNotFound(await client.get(nodes, "n").catch((error: unknown) => error))).toBe(true);
  });

  test("tells an answer that is not JSON", async () => {
    const { client } = rig(() => answer(200, "<html>"));
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ code: "TransportError", kind: "protocol" });
  });

  test("gives raw answers of any status", async () => {
    const { client } = rig(() => answer(404, "nothing here"));
    const { status: code, body } = await client.raw("GET", "/healthz");
    expect(`${code} ${body}`).toBe("404 nothing here");
  });

  test("sends user agent and impersonation", async () => {
    const impersonate = { user: "jane", groups: ["a", "b"], extra: { "example.com/Scope": ["x"] } };
    const { client, requests } = rig(ok, { userAgent: "wherry/1" }, { impersonate });
    await client.get(nodes, "n");
    expect(requests[0]?.headers).toMatchObject({
      "user-agent": expect.stringMatching(/^wherry\/1 \(/),
      "impersonate-user": "jane",
      "impersonate-group": ["a", "b"],
      "impersonate-extra-example.com%2fscope": ["x"],
    });
  });

  test("makes one transport for each lane and limits the rate of the first only", async () => {
    const { client, clock, requests, lanes } = rig(ok, { qps: 10, burst: 2 });
    const heartbeat = client.withLane("heartbeat");
    expect(client.withLane("heartbeat")).toBe(heartbeat);
    expect(lanes).toEqual(["default", "heartbeat"]);
    const calls = Array.from({ length: 5 }, () => client.get(nodes, "n"));
    const beats = Array.from({ length: 5 }, () => heartbeat.get(nodes, "beat"));
    await Promise.all(beats);
    const sent = () => requests.filter((request) => request.path.endsWith("/n")).length;
    expect(sent()).toBe(2);
    await clock.advance(100);
    expect(sent()).toBe(3);
    await clock.advance(200);
    await Promise.all(calls);
  });
});

describe("RestClient", () => {
  test("waits as Retry-After says, for any method, and gives up after ten times", async () => {
    const { client, clock, requests } = rig((_, index) =>
      index < 2 ? answer(429, status(429), { "retry-after": "2" }) : answer(201, {}),
    );
    const created = client.create(nodes, {});
    await clock.advance(3999);
    expect(requests).toHaveLength(2);
    await clock.advance(1);
    await created;
    const busy = rig(() => answer(503, status(503), { "retry-after": "1" }));
    const failure = busy.client.get(nodes, "n").catch((error: unknown) => error);
    await busy.clock.advance(20_000);
    expect(await failure).toMatchObject({ status: 503, retryable: true, retryAfterMs: 1000 });
    expect(busy.requests).toHaveLength(11);
  });

  test("leaves a version from the future to the caller, though the server asks to wait", async () => {
    const details = { causes: [{ reason: "ResourceVersionTooLarge" }], retryAfterSeconds: 1 };
    const { client, requests } = rig(() => answer(504, { ...status(504, "Timeout"), details }, { "retry-after": "1" }));
    const failure: unknown = await client.list(nodes, { resourceVersion: "9" }).catch((error: unknown) => error);
    expect(isTooLargeResourceVersion(failure)).toBe(true);
    expect(requests).toHaveLength(1);
  });

  test("does not repeat a 500 or 429 without Retry-After", async () => {
    const { client, requests } = rig((_, index) => answer(index === 0 ? 500 : 429, status(500)));
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ retryable: true });
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ retryable: true });
    expect(requests).toHaveLength(2);
  });

  test("asks for fresh credentials once after 401", async () => {
    let current: Credentials = { authorization: "Bearer old" };
    const refused: Credentials[] = [];
    const credentials = {
      get: () => current,
      refresh: (used: Credentials) => {
        refused.push(used);
        current = { authorization: "Bearer new" };
        return Promise.resolve(true);
      },
    };
    const script: Script = ({ headers }) =>
      headers["authorization"] === "Bearer new" ? answer(200, {}) : answer(401, status(401));
    const { client, requests } = rig(script, {}, { credentials });
    await client.get(nodes, "n");
    expect(refused).toEqual([{ authorization: "Bearer old" }]);
    expect(requests).toHaveLength(2);
    const never = rig(() => answer(401, status(401)), {}, { credentials });
    await expect(never.client.get(nodes, "n")).rejects.toMatchObject({ status: 401 });
    expect(never.requests).toHaveLength(2);
  });

  test("waits for credentials that take time", async () => {
    const credentials = {
      get: () => Promise.resolve({ authorization: "Bearer slow" }),
      refresh: () => Promise.resolve(false),
    };
    const { client, requests } = rig(ok, {}, { credentials });
    await client.get(nodes, "n");
    expect(requests[0]?.headers["authorization"]).toBe("Bearer slow");
  });

  test("repeats a lost GET at most three times", async () => {
    const { client, requests } = rig(() => lostConnection());
    await expect(client.get(nodes, "n")).rejects.toMatchObject({ kind: "connection" });
    expect(requests).toHaveLength(4);
  });

  test("aborts while waiting for the rate limit or for Retry-After", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { client } = rig(() => answer(429, status(429), { "retry-after": "60" }), { qps: 1, burst: 1 });
    const waiting = [0, 1].map(() => client.get(nodes, "n", { signal: controller.signal }));
    setImmediate(() => controller.abort(reason));
    for (const call of waiting) await expect(call).rejects.toBe(reason);
  });
});
