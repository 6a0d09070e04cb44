import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import type { ConfigMap } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";

import {
  type Change,
  type ClientOptions,
  createReflector,
  type Reflector,
  type ReflectorOptions,
  resources,
} from "../src/index.ts";
import { answer, FakeApiServer, lostConnection, refusedConnection, status } from "./fake-api-server.ts";

interface Rig {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly reflector: Reflector<ConfigMap>;
  readonly changes: Change<ConfigMap>[];
  readonly log: LogEntry[];
}

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** A running reflector of a fake server; stopped after the test. */
function start(
  server: FakeApiServer,
  options: ReflectorOptions<ConfigMap> = {},
  clientOptions: ClientOptions = {},
): Rig {
  const clock = new FakeClock();
  const log: LogEntry[] = [];
  const logger = createLogger((entry) => void log.push(entry), "debug");
  const client = server.client({ clock, ...clientOptions });
  const reflector = createReflector(client, resources.configMaps, {
    namespace: "default",
    clock,
    random: () => 0.5,
    logger,
    ...options,
  });
  const changes: Change<ConfigMap>[] = [];
  reflector.onChange((change) => changes.push(change));
  const controller = new AbortController();
  const ended = reflector.run(controller.signal);
  running.push(async () => {
    controller.abort();
    await ended;
    await client.close();
  });
  return { server, clock, reflector, changes, log };
}

function told(changes: readonly Change<ConfigMap>[]): string[] {
  return changes.map((change) => `${change.type} ${change.key}`);
}

function queriesOf(server: FakeApiServer): URLSearchParams[] {
  return server.requests.map((request) => new URL(request.path, "https://fake").searchParams);
}

function kindsOf(server: FakeApiServer): string[] {
  return queriesOf(server).map((query) =>
    query.has("sendInitialEvents") ? "watch-list" : query.has("watch") ? "watch" : "list",
  );
}

describe("Reflector", () => {
  test("gets the first state by watch-list and follows on in the same stream", async () => {
    const server = new FakeApiServer();
    server.put("a", { v: "1" });
    server.put("b");
    const { clock, reflector, changes } = start(server);
    await clock.advance(0);
    await reflector.ready;
    expect(reflector.store.keys().sort()).toEqual(["default/a", "default/b"]);
    server.put("a", { v: "2" });
    server.delete("b");
    await clock.advance(0);
    expect(told(changes)).toEqual(["added default/a", "added default/b", "updated default/a", "deleted default/b"]);
    expect(changes[2]?.previous?.data).toEqual({ v: "1" });
    expect(reflector.resourceVersion).toBe(String(server.version));
    expect(server.requests).toHaveLength(1);
    const query = queriesOf(server)[0];
    expect(query?.get("sendInitialEvents")).toBe("true");
    expect(query?.get("resourceVersionMatch")).toBe("NotOlderThan");
    expect(query?.get("allowWatchBookmarks")).toBe("true");
    expect(query?.get("timeoutSeconds")).toBe("450");
  });

  test("strips managedFields and applies the transform", async () => {
    const server = new FakeApiServer();
    server.put("a", { secret: "x" });
    const { clock, reflector } = start(server, { transform: (object) => ({ ...object, data: {} }) });
    await clock.advance(0);
    expect(reflector.store.get("default/a")?.metadata?.managedFields).toBeUndefined();
    expect(reflector.store.get("default/a")?.data).toEqual({});
  });

  test("lists in pages from the cache and watches where watch-list is refused, and does not ask for it again", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "invalid";
    for (const name of ["a", "b", "c", "d", "e"]) server.put(name);
    const { clock, reflector } = start(server, { pageSize: 2 });
    await clock.advance(0);
    await reflector.ready;
    expect(reflector.store.size).toBe(5);
    expect(reflector.store.get("default/a")?.kind).toBe("ConfigMap");
    const queries = queriesOf(server);
    expect(queries.map((query) => query.get("watch"))).toEqual(["true", null, null, null, "true"]);
    expect(queries[1]?.get("resourceVersion")).toBe("0");
    expect(queries[1]?.get("limit")).toBe("2");
    expect(queries[2]?.get("resourceVersion")).toBeNull();
    expect(queries[4]?.get("resourceVersion")).toBe(String(server.version));
    server.expireWatchers();
    await clock.advance(1000);
    expect(queriesOf(server).filter((query) => query.has("sendInitialEvents"))).toHaveLength(1);
  });

  test("lists after a silence where the server ignores sendInitialEvents", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "ignored";
    server.put("a");
    const { clock, reflector } = start(server);
    await clock.advance(9000);
    expect(reflector.store.size).toBe(0);
    await clock.advance(2000);
    expect(reflector.store.keys()).toEqual(["default/a"]);
  });

  test.each(["a lost connection", "429", "403"] as const)(
    "lists after two watch-lists that failed before their bookmark by %s, and streams again later",
    async (failure) => {
      const server = new FakeApiServer();
      server.put("a");
      let isBroken = true;
      const request = server.request.bind(server);
      server.request = async (message) => {
        if (!isBroken || !message.path.includes("sendInitialEvents")) return request(message);
        if (failure !== "a lost connection") server.failures.push({ status: Number(failure) });
        const response = await request(message);
        server.disconnect("reset");
        return response;
      };
      const { clock, reflector, log } = start(server);
      await clock.advance(10_000);
      expect(reflector.store.keys()).toEqual(["default/a"]);
      expect(kindsOf(server)).toEqual(["watch-list", "watch-list", "list", "watch"]);
      const failed = log.filter(({ message }) => message === "Cannot get the first state");
      expect(failed.map(({ fields }) => fields["retryInMs"])).toEqual([400, 800]);
      server.expireWatchers();
      await clock.advance(10_000);
      expect(kindsOf(server).slice(4)).toEqual(["watch-list", "list", "watch"]);
      isBroken = false;
      await clock.advance(60_000);
      server.expireWatchers();
      await clock.advance(10_000);
      expect(kindsOf(server).slice(7)).toEqual(["watch-list"]);
    },
  );

  test("lists at once when the first state has an event that is too large for a watch", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "ignored";
    server.put("a");
    const { clock, reflector } = start(server);
    await clock.advance(0);
    for (const { body } of server.watchers) body.push(Buffer.alloc(17 * 2 ** 20, "x"));
    await clock.advance(0);
    expect(reflector.store.keys()).toEqual(["default/a"]);
    expect(kindsOf(server)).toEqual(["watch-list", "list", "watch"]);
  });

  test("goes on asking for a watch-list when no server was reached", async () => {
    const server = new FakeApiServer();
    server.put("a");
    for (let count = 0; count < 5; count++) server.failures.push(refusedConnection());
    const { clock, reflector } = start(server);
    await clock.advance(60_000);
    expect(reflector.store.size).toBe(1);
    expect(queriesOf(server).every((query) => query.has("sendInitialEvents"))).toBe(true);
  });

  test("reads in smaller pages what is too large in one answer", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "invalid";
    server.paging = "not of 0";
    for (let index = 0; index < 40; index++) server.put(`n${index}`, { v: "x".repeat(300) });
    const { clock, reflector } = start(server, { pageSize: 20 }, { maxResponseBytes: 4000 });
    await clock.advance(0);
    expect(reflector.store.size).toBe(40);
    const lists = queriesOf(server).filter((query) => !query.has("watch") && !query.has("continue"));
    expect(lists.map((query) => [query.get("resourceVersion"), query.get("limit")])).toEqual([
      ["0", "20"],
      [null, "20"],
      [null, "2"],
    ]);
  });

  test("says what would be right, and waits long, when a list is too large and the server does not page", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "invalid";
    server.paging = "never";
    for (let index = 0; index < 40; index++) server.put(`n${index}`, { v: "x".repeat(300) });
    const { clock, reflector, log } = start(server, {}, { maxResponseBytes: 4000 });
    await clock.advance(299_000);
    const asked = server.requests.length;
    expect(asked).toBeLessThan(8);
    const errors = log.filter(({ level }) => level === "error").map(({ fields }) => String(fields["error"]));
    expect(errors).toEqual([expect.stringMatching(/list configmaps.*does not page; select fewer objects, or raise/)]);
    server.paging = "always";
    await clock.advance(2000);
    expect(reflector.store.size).toBe(40);
  });

  test("takes one whole list when a page expired in between", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "invalid";
    for (const name of ["a", "b", "c"]) server.put(name);
    const request = server.request.bind(server);
    server.request = (message) => {
      if (message.path.includes("continue=")) server.put("d");
      return request(message);
    };
    const { clock, reflector } = start(server, { pageSize: 2 });
    await clock.advance(0);
    expect(reflector.store.keys().sort()).toEqual(["default/a", "default/b", "default/c", "default/d"]);
  });

  test("resumes at the last version after the server ended the watch, without a pause", async () => {
    const server = new FakeApiServer();
    server.put("a");
    const { clock, changes } = start(server);
    await clock.advance(2000);
    server.bookmark();
    await clock.advance(0);
    server.disconnect("end");
    server.put("b");
    await clock.advance(0);
    expect(told(changes)).toEqual(["added default/a", "added default/b"]);
    expect(queriesOf(server)[1]?.get("resourceVersion")).toBe("2");
    expect(queriesOf(server)[1]?.has("sendInitialEvents")).toBe(false);
  });

  test("resumes at the same version after lost connections, refusals and 429, with growing pauses", async () => {
    const server = new FakeApiServer();
    server.put("a");
    const { clock, reflector, log } = start(server);
    await clock.advance(5000);
    server.failures.push(refusedConnection(), { status: 429, headers: { "retry-after": "3" } }, lostConnection());
    server.disconnect("reset");
    server.delete("a");
    await clock.advance(0);
    expect(reflector.store.size).toBe(1);
    await clock.advance(20_000);
    expect(reflector.store.size).toBe(0);
    const queries = queriesOf(server).slice(1);
    expect(queries).toHaveLength(4);
    expect(new Set(queries.map((query) => query.get("resourceVersion")))).toEqual(new Set(["2"]));
    // 0.8 s doubling, halved by the fixed randomness; the third one is what Retry-After asks for.
    const pauses = log.filter((entry) => entry.message === "Watch failed").map((entry) => entry.fields["retryInMs"]);
    expect(pauses).toEqual([400, 800, 3000, 3200]);
  });

  test("starts the pauses anew after two healthy minutes", async () => {
    const server = new FakeApiServer();
    const { clock, log } = start(server);
    await clock.advance(0);
    for (let round = 0; round < 3; round++) {
      server.disconnect("reset");
      await clock.advance(130_000);
    }
    const pauses = log.filter((entry) => entry.message === "Watch failed").map((entry) => entry.fields["retryInMs"]);
    expect(pauses).toEqual([400, 400, 400]);
  });

  test.each(["answer", "event"] as const)(
    "lists again when the version expired (410 as %s), telling missed deletions",
    async (how) => {
      const server = new FakeApiServer();
      server.put("a");
      server.put("b", { v: "1" });
      server.put("c");
      const { clock, reflector, changes } = start(server);
      await clock.advance(2000);
      changes.length = 0;
      if (how === "answer") server.disconnect("end");
      else server.expireWatchers();
      server.delete("a");
      server.put("b", { v: "2" });
      server.delete("c");
      server.put("c");
      server.compact();
      await clock.advance(5000);
      expect(reflector.store.keys().sort()).toEqual(["default/b", "default/c"]);
      expect(reflector.store.get("default/b")?.data).toEqual({ v: "2" });
      expect(told(changes)).toEqual(["deleted default/a", "updated default/b", "deleted default/c", "added default/c"]);
      expect(changes[0]?.missed).toBe(true);
    },
  );

  test.each(["supported", "invalid"] as const)(
    "asks for a state no older than a version that expired, as caches have it (watch-list %s)",
    async (mode) => {
      const server = new FakeApiServer();
      server.watchListMode = mode;
      server.put("a");
      server.put("b");
      const { clock, reflector } = start(server);
      await clock.advance(60_000);
      server.expireWatchers();
      await clock.advance(100);
      const first = queriesOf(server).filter((query) => query.get("resourceVersion") === reflector.resourceVersion);
      // The watch that expired, then what replaced it.
      const [again] = mode === "supported" ? first : first.slice(1);
      expect(again?.has("sendInitialEvents")).toBe(mode === "supported");
      // With a limit, older servers would ask their database.
      expect(again?.has("limit")).toBe(false);
      server.expireWatchers();
      await clock.advance(10_000);
      const latest = queriesOf(server).filter((query) => query.get("watch") === null || query.has("sendInitialEvents"));
      expect(latest.at(-1)?.get("resourceVersion"), "after a second expiry").toBeNull();
    },
  );

  test("asks for the newest state when the server is behind the last version", async () => {
    const server = new FakeApiServer();
    server.put("a");
    server.put("a", { v: "2" });
    const { clock, reflector } = start(server);
    await clock.advance(2000);
    // A server restored from a backup.
    server.version = 1;
    server.disconnect("end");
    await clock.advance(5000);
    expect(reflector.resourceVersion).toBe("1");
  });

  test("drops a stream it cannot understand and lists again", async () => {
    const server = new FakeApiServer();
    server.put("a");
    const { clock, reflector, log } = start(server);
    await clock.advance(2000);
    for (const watcher of server.watchers) watcher.body.push('{"type":"ADDED","obj\n');
    server.put("b");
    await clock.advance(3000);
    expect(reflector.store.keys().sort()).toEqual(["default/a", "default/b"]);
    expect(log.some((entry) => String(entry.fields["error"]).includes("event is not JSON"))).toBe(true);
  });

  test("pauses when every watch ends at once", async () => {
    const server = new FakeApiServer();
    const { clock } = start(server);
    await clock.advance(2000);
    const before = server.requests.length;
    const request = server.request.bind(server);
    server.request = async (message) => {
      const response = await request(message);
      server.disconnect("end");
      return response;
    };
    server.disconnect("end");
    await clock.advance(60_000);
    expect(server.requests.length - before).toBeLessThan(12);
    expect(server.requests.length - before).toBeGreaterThan(4);
  });

  test("pauses when every watch is told that its version expired", async () => {
    const server = new FakeApiServer();
    server.watchListMode = "invalid";
    const request = server.request.bind(server);
    server.request = (message) =>
      Promise.resolve(
        message.path.includes("watch=true") && !message.path.includes("sendInitialEvents")
          ? answer(410, status(410, "Expired"))
          : request(message),
      );
    const { clock } = start(server);
    await clock.advance(60_000);
    expect(server.requests.length).toBeLessThan(16);
    expect(server.requests.length).toBeGreaterThan(4);
  });

  test("goes on when a handler throws, and tells the others", async () => {
    const server = new FakeApiServer();
    const { clock, reflector, log } = start(server);
    const seen: string[] = [];
    reflector.onChange(() => {
      throw new Error("boom");
    });
    const stop = reflector.onChange((change) => seen.push(change.key));
    server.put("a");
    await clock.advance(0);
    stop();
    server.put("b");
    await clock.advance(0);
    expect(seen).toEqual(["default/a"]);
    expect(reflector.store.size).toBe(2);
    expect(log.some((entry) => entry.message === "Change handler failed")).toBe(true);
  });

  test("tells handlers and subscribers that come late what is there", async () => {
    const server = new FakeApiServer();
    server.put("a");
    const { clock, reflector } = start(server);
    await clock.advance(0);
    const seen: string[] = [];
    reflector.onChange((change) => seen.push(`${change.type} ${change.key}`));
    expect(seen).toEqual(["added default/a"]);
    const first = await reflector.subscribe().next();
    expect(first.value?.key).toBe("default/a");
  });

  test("ends subscriptions and rejects ready when stopped", async () => {
    const server = new FakeApiServer();
    server.failures.push(refusedConnection(), refusedConnection());
    const { reflector } = start(server);
    const next = reflector.subscribe().next();
    await running.pop()?.();
    expect(await next).toEqual({ done: true, value: undefined });
    await expect(reflector.ready).rejects.toThrow();
  });
});
