import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ApiError } from "../src/errors.ts";
import type { ApiObject } from "../src/resources/api-object.ts";
import { configMaps } from "../src/resources/configuration.ts";
import { RevisionLog } from "../src/storage/revision-log.ts";
import { Store, type StoreOptions } from "../src/storage/store.ts";
import { ObjectWatch, type WatchEventType, type WatchSink } from "../src/verbs/object-watch.ts";
import { Selection } from "../src/verbs/selection.ts";

/** A client that has room for `room` events and reads when it is told to. */
class Reader implements WatchSink {
  readonly lines: string[] = [];
  readonly objects: Map<string, string> = new Map();
  error410: number | undefined;
  #unread = 0;
  #drained = Promise.withResolvers<void>();
  readonly #room: number;

  constructor(room: number = Number.POSITIVE_INFINITY) {
    this.#room = room;
  }

  get unread(): number {
    return this.#unread;
  }

  get isFull(): boolean {
    return this.#unread >= this.#room;
  }

  event(type: WatchEventType, object: ApiObject, frame: (() => Buffer) | undefined): void {
    this.#unread++;
    const { name = "", resourceVersion = "" } = object.metadata;
    if (frame !== undefined) expect(JSON.parse(frame().toString())).toEqual({ type, object });
    this.lines.push(`${type} ${name}@${resourceVersion}`);
    if (type === "ADDED") expect(this.objects.has(name), `${name} was told of before`).toBe(false);
    else expect(this.objects.has(name), `${name} was not told of before`).toBe(true);
    if (type === "DELETED") this.objects.delete(name);
    else this.objects.set(name, resourceVersion);
  }

  bookmark(revision: number, isInitialEnd: boolean): void {
    this.lines.push(`BOOKMARK ${revision}${isInitialEnd ? " end" : ""}`);
  }

  error(error: ApiError): void {
    this.error410 = error.httpCode;
  }

  drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Reads what has been sent, and lets the watch send on. */
  async read(): Promise<void> {
    this.#unread = 0;
    const drained = this.#drained;
    this.#drained = Promise.withResolvers();
    drained.resolve();
    await setImmediate();
  }
}

let directory: string;
let log: RevisionLog;
let stop: AbortController;

beforeEach(open);
afterEach(close);

function open(): void {
  directory = mkdtempSync(join(tmpdir(), "wherry-object-watch-"));
  log = new RevisionLog(join(directory, "state.db"));
  stop = new AbortController();
}

function close(): void {
  stop.abort();
  log.close();
  rmSync(directory, { recursive: true, force: true });
}

function put(store: Store, name: string, labels: Record<string, string> = {}): void {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", labels } };
  const key = `default/${name}`;
  store.write("configmaps", key, store.get("configmaps", key) === undefined ? "create" : "update", object);
}

function remove(store: Store, name: string): void {
  const record = store.get("configmaps", `default/${name}`);
  if (record === undefined) return;
  store.write("configmaps", record.key, "delete", { ...record.object, metadata: { ...record.object.metadata } });
}

function storeOf(names: readonly string[], options: StoreOptions = {}): Store {
  const store = new Store(log, options);
  for (const name of names) put(store, name);
  return store;
}

function watch(store: Store, sink: WatchSink, revision = 0, labels = ""): { watch: ObjectWatch; ended: Promise<void> } {
  const target = { definition: configMaps, namespace: "" };
  const selection = new Selection(configMaps, "", labels, "");
  const options = { selection, revision, sendInitialEvents: revision === 0 };
  const started = new ObjectWatch(store, target, options, sink);
  return { watch: started, ended: started.run(stop.signal) };
}

describe("ObjectWatch", () => {
  test("sends the present state no faster than it is read, and the end of it last", async () => {
    const store = storeOf(["a", "b", "c", "d", "e"]);
    const reader = new Reader(2);
    const { watch: watching } = watch(store, reader);
    expect(reader.lines).toEqual(["ADDED a@1", "ADDED b@2"]);
    // What is not complete yet must not be marked as the state of a revision.
    watching.bookmark();
    put(store, "c");
    await reader.read();
    await reader.read();
    expect(reader.lines.slice(2)).toEqual(["ADDED c@3", "ADDED d@4", "ADDED e@5", "BOOKMARK 5 end", "MODIFIED c@6"]);
  });

  test("tells of writes as they happen to who keeps up, and out of history to who does not", async () => {
    const store = storeOf(["a"]);
    const reader = new Reader(2);
    watch(store, reader, 1);
    put(store, "b");
    expect(reader.lines).toEqual(["ADDED b@2"]);
    for (const name of ["c", "d", "e", "f"]) put(store, name);
    expect(reader.unread).toBe(2);
    while (reader.unread > 0) await reader.read();
    expect(reader.lines).toEqual(["ADDED b@2", "ADDED c@3", "ADDED d@4", "ADDED e@5", "ADDED f@6"]);
    put(store, "g");
    expect(reader.lines.at(-1)).toBe("ADDED g@7");
  });

  test("marks for a reader that is behind only what it was told", async () => {
    const store = storeOf(["a"]);
    const reader = new Reader(1);
    const { watch: watching, ended } = watch(store, reader, 1);
    put(store, "b");
    put(store, "c");
    watching.bookmark();
    expect(reader.lines).toEqual(["ADDED b@2", "BOOKMARK 2"]);
    await reader.read();
    await reader.read();
    stop.abort();
    await ended;
    expect(reader.lines.slice(2)).toEqual(["ADDED c@3", "BOOKMARK 3"]);
  });

  test.each([0, 2])(
    "ends with 410 when a reader of all after %i reads nothing while history moves on",
    async (from) => {
      const store = storeOf(["a", "b"], { historyLimit: 4 });
      const reader = new Reader(1);
      const { ended } = watch(store, reader, from);
      for (let index = 0; index < 20; index++) put(store, "c");
      await ended;
      expect(reader.unread).toBe(1);
      expect(reader.error410).toBe(410);
    },
  );

  test("is not ended by lost history when its reader keeps up", async () => {
    const store = storeOf(["a"], { historyLimit: 4 });
    const reader = new Reader();
    watch(store, reader);
    await setImmediate();
    for (let index = 0; index < 20; index++) store.write("nodes", `${index}`, "create", { metadata: {} } as ApiObject);
    put(store, "a");
    expect(reader.lines).toEqual(["ADDED a@1", "BOOKMARK 1 end", "MODIFIED a@22"]);
  });

  test("refuses the present state of a revision yet to come", () => {
    const store = storeOf(["a"]);
    const options = { selection: new Selection(configMaps, "", "", ""), revision: 2, sendInitialEvents: true };
    const target = { definition: configMaps, namespace: "" };
    expect(() => new ObjectWatch(store, target, options, new Reader())).toThrow(/Too large resource version/);
  });

  // fast-check prints seed and path of a failure.
  test("tells each selected change once and in order, however slowly it is read", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ name: fc.constantFrom("a", "b", "c"), on: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ remove: fc.constantFrom("a", "b", "c") }) },
      { weight: 2, arbitrary: fc.constant("read" as const) },
    );
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom("", "on=1"),
      async (steps, room, labels) => {
        close();
        open();
        const store = storeOf(["b", "c"]);
        const reader = new Reader(room);
        watch(store, reader, 0, labels);
        for (const each of steps) {
          if (each === "read") await reader.read();
          else if ("remove" in each) remove(store, each.remove);
          else put(store, each.name, each.on ? { on: "1" } : {});
          expect(reader.unread).toBeLessThanOrEqual(room);
        }
        await reader.read();
        while (reader.unread > 0) await reader.read();
        const selected = store
          .list("configmaps")
          .filter(({ object }) => labels === "" || object.metadata.labels?.["on"]);
        expect([...reader.objects].sort()).toEqual(
          selected.map(({ object }) => [object.metadata.name, object.metadata.resourceVersion]),
        );
        const end = reader.lines.findIndex((line) => line.endsWith(" end"));
        const versions = reader.lines.slice(end + 1).map((line) => Number(line.split("@")[1]));
        expect(versions).toEqual([...new Set(versions)].sort((left, right) => left - right));
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});
