import { FakeClock } from "@wherry/base";
import type { ConfigMap } from "@wherry/kubernetes";
import { describe, expect, test } from "vitest";

import { type Change, ChangeQueue } from "../src/index.ts";
import { ObjectStore } from "../src/reflector/object-store.ts";
import { TokenBucket } from "../src/transport/token-bucket.ts";

function object(name: string, version: number, uid = "1", labels: Record<string, string> = {}): ConfigMap {
  return { metadata: { name, namespace: "d", uid, resourceVersion: String(version), labels } };
}

function told(changes: readonly Change<ConfigMap>[]): string[] {
  return changes.map(
    (change) => `${change.type} ${change.object.metadata?.name}@${change.object.metadata?.resourceVersion}`,
  );
}

describe("ObjectStore", () => {
  test("tells nothing for a version it has, and a deletion between two uids", () => {
    const store = new ObjectStore<ConfigMap>();
    expect(told(store.set(object("a", 1)))).toEqual(["added a@1"]);
    expect(store.set(object("a", 1))).toEqual([]);
    expect(told(store.set(object("a", 5, "2")))).toEqual(["deleted a@1", "added a@5"]);
    expect(told(store.delete("d/a", object("a", 6, "2")))).toEqual(["deleted a@6"]);
    expect(store.delete("d/a")).toEqual([]);
  });

  test("keeps the identity of unchanged objects over a replacement", () => {
    const store = new ObjectStore<ConfigMap>();
    store.set(object("a", 1));
    const known = store.get("d/a");
    expect(told(store.replace([object("a", 1), object("b", 2)]))).toEqual(["added b@2"]);
    expect(store.get("d/a")).toBe(known);
  });

  test("keeps its indices in step with every write", () => {
    const store = new ObjectStore<ConfigMap>({ team: (each) => Object.values(each.metadata?.labels ?? {}) });
    const names = (team: string) => store.byIndex("team", team).map((each) => each.metadata?.name);
    store.set(object("a", 1, "1", { team: "x" }));
    store.set(object("b", 1, "1", { team: "x" }));
    expect(names("x")).toEqual(["a", "b"]);
    store.set(object("a", 2, "1", { team: "y" }));
    expect([names("x"), names("y")]).toEqual([["b"], ["a"]]);
    store.replace([object("a", 3, "1", { team: "x" }), object("c", 1, "1", { team: "y" })]);
    expect([names("x"), names("y")]).toEqual([["a"], ["c"]]);
    store.delete("d/c");
    expect(names("y")).toEqual([]);
    expect(() => store.byIndex("color", "red")).toThrow('Cannot look up index "color": the store has team');
  });
});

describe("ChangeQueue", () => {
  test("merges changes of a key into the one from what the consumer knows to the latest state", async () => {
    const queue = new ChangeQueue<ConfigMap>(() => undefined);
    const store = new ObjectStore<ConfigMap>();
    const push = (changes: readonly Change<ConfigMap>[]) => {
      for (const change of changes) queue.push(change);
    };
    const drain = async () => {
      const changes: Change<ConfigMap>[] = [];
      while (queue.size > 0) changes.push((await queue.next()).value);
      return told(changes);
    };
    push(store.set(object("a", 1)));
    push(store.set(object("a", 2)));
    push(store.set(object("b", 3)));
    push(store.delete("d/b"));
    expect(await drain()).toEqual(["added a@2"]);
    push(store.set(object("a", 4)));
    push(store.set(object("a", 5)));
    const update = (await queue.next()).value as Change<ConfigMap>;
    expect([update.type, update.previous?.metadata?.resourceVersion]).toEqual(["updated", "2"]);
    push(store.delete("d/a"));
    push(store.set(object("a", 7, "2")));
    push(store.set(object("a", 8, "2")));
    expect(await drain()).toEqual(["deleted a@5", "added a@8"]);
    push(store.set(object("a", 9, "3")));
    const gone = (await queue.next()).value as Change<ConfigMap>;
    push(store.delete("d/a"));
    expect([gone.type, await drain()]).toEqual(["deleted", []]);
  });

  test("holds one entry a key for a consumer that does not read", () => {
    const queue = new ChangeQueue<ConfigMap>(() => undefined);
    const store = new ObjectStore<ConfigMap>();
    for (let version = 1; version < 10_000; version++)
      for (const change of store.set(object(`n${version % 3}`, version))) queue.push(change);
    expect(queue.size).toBe(3);
  });

  test("ends once, releasing waiters and its owner", async () => {
    let disposed = 0;
    const queue = new ChangeQueue<ConfigMap>(() => disposed++);
    const next = queue.next();
    queue.end();
    await queue.return();
    expect([await next, await queue.next(), disposed]).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
      1,
    ]);
  });
});

describe("TokenBucket", () => {
  test("lets a burst pass, then one token at a time in order", async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ qps: 10, burst: 2, clock });
    expect([bucket.take(), bucket.take()]).toEqual([undefined, undefined]);
    const done: number[] = [];
    for (const index of [0, 1, 2]) void bucket.take()?.then(() => done.push(index));
    await clock.advance(99);
    expect(done).toEqual([]);
    await clock.advance(1);
    expect(done).toEqual([0]);
    await clock.advance(200);
    expect(done).toEqual([0, 1, 2]);
    await clock.advance(10_000);
    expect([bucket.take(), bucket.take()]).toEqual([undefined, undefined]);
    expect(bucket.take()).toBeInstanceOf(Promise);
  });

  test("gives back the token of an aborted wait", async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ qps: 1, burst: 1, clock });
    void bucket.take();
    const controller = new AbortController();
    const waiting = bucket.take(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow();
    await clock.advance(1000);
    expect(bucket.take()).toBeUndefined();
  });
});
