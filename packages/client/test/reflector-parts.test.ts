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

  test("tells the deletion of an object it never had as the missed one of the object it has", () => {
    const store = new ObjectStore<ConfigMap>();
    store.set(object("a", 1));
    const [gone] = store.delete("d/a", object("a", 6, "2"));
    expect(gone).toEqual({ type: "deleted", key: "d/a", object: object("a", 1), missed: true });
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

  test.each<[knows: string, changes: string, told: string]>([
    ["-", "added A1, updated A2", "added A2"],
    ["-", "added A1, deleted A2", ""],
    ["-", "added A1, deleted A2, added A3", "added A3"],
    ["-", "added A1, deleted A2, added B3", "added B3"],
    ["-", "added A1, deleted A2, added B3, deleted B4", ""],
    ["-", "added A1, added B2", "added B2"],
    ["-", "added A1, updated B2", "added B2"],
    ["-", "added A1, deleted B2", ""],
    ["A", "updated A1, updated A2", "updated A2"],
    ["A", "updated A1, deleted A2", "deleted A2"],
    ["A", "updated A1, added B2", "deleted A1, added B2"],
    ["A", "updated A1, updated B2", "deleted A1, added B2"],
    ["A", "updated A1, deleted B2", "deleted A1"],
    ["A", "deleted A1, added A2", "updated A2"],
    ["A", "deleted A1, added A2, deleted A3", "deleted A3"],
    ["A", "deleted A1, added B2", "deleted A1, added B2"],
    ["A", "deleted A1, added B2, updated B3", "deleted A1, added B3"],
    ["A", "deleted A1, added B2, deleted B3", "deleted A1"],
    ["A", "updated A1, deleted A2, added B3, deleted B4", "deleted A2"],
    ["A", "deleted A1, added B2, deleted B3, added C4", "deleted A1, added C4"],
    ["A", "deleted A1, added B2, deleted B3, added A4", "updated A4"],
    ["A", "updated B1, deleted B2", "deleted A0"],
  ])("tells a consumer that knows %s of %s: %s", async (knows, changes, expected) => {
    const queue = new ChangeQueue<ConfigMap>(() => undefined);
    let last = knows === "A" ? object("a", 0, "A") : undefined;
    for (const [, type, uid, version] of changes.matchAll(/(\w+) (\w)(\d)/g)) {
      const next = object("a", Number(version), uid);
      const previous = type === "updated" ? { previous: last as ConfigMap } : {};
      queue.push({ type: type as Change<ConfigMap>["type"], key: "d/a", object: next, ...previous });
      last = next;
    }
    const changesTold: string[] = [];
    while (queue.size > 0) {
      const { type, object: of } = (await queue.next()).value as Change<ConfigMap>;
      changesTold.push(`${type} ${of.metadata?.uid}${of.metadata?.resourceVersion}`);
    }
    expect(changesTold.join(", ")).toBe(expected);
  });

  test("tells the end of each object its consumer knew and of no other, in every short history", async () => {
    // Each step: write as A, B or C, or delete, or let the consumer take one change.
    const steps = ["A", "B", "C", "delete", "take"];
    const length = 6;
    for (let number = 0; number < steps.length ** length; number++) {
      const queue = new ChangeQueue<ConfigMap>(() => undefined);
      const store = new ObjectStore<ConfigMap>();
      let known: ConfigMap | undefined;
      const take = async () => {
        const { type, object: of, previous } = (await queue.next()).value as Change<ConfigMap>;
        const isFitting = type === "added" ? known === undefined : known?.metadata?.uid === of.metadata?.uid;
        if (!isFitting || (type === "updated" && previous !== known))
          expect.fail(`${type} ${of.metadata?.uid} in history ${number.toString(steps.length)}`);
        known = type === "deleted" ? undefined : of;
      };
      for (let index = 0, rest = number; index < length; index++, rest = Math.floor(rest / steps.length)) {
        const step = steps[rest % steps.length] as string;
        if (step === "take") {
          if (queue.size > 0) await take();
        } else if (step === "delete") for (const change of store.delete("d/a")) queue.push(change);
        else for (const change of store.set(object("a", index, step))) queue.push(change);
      }
      while (queue.size > 0) await take();
      if (known !== store.get("d/a")) expect.fail(`not told of the end in history ${number.toString(steps.length)}`);
    }
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
