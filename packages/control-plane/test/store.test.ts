import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, type LogEntry } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ControlPlaneError } from "../src/errors.ts";
import { RevisionLog } from "../src/storage/revision-log.ts";
import { Store } from "../src/storage/store.ts";

let directory: string;
let log: RevisionLog;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wherry-store-"));
  log = new RevisionLog(join(directory, "state.db"));
});

afterEach(() => {
  log.close();
  rmSync(directory, { recursive: true, force: true });
});

function objectOf(name: string, value = "") {
  return { apiVersion: "v1", kind: "Thing", metadata: { name }, value };
}

function reopen(): Store {
  log.close();
  log = new RevisionLog(join(directory, "state.db"));
  return new Store(log);
}

function names(records: readonly { object: { metadata: { name?: string | undefined } } }[]): unknown[] {
  return records.map((record) => record.object.metadata.name);
}

describe("Store", () => {
  test("write() numbers writes across resources and puts the number into the object", () => {
    const store = new Store(log);
    store.write("pods", "a/1", "create", objectOf("1"));
    const record = store.write("nodes", "n", "create", objectOf("n"));
    expect(record.revision).toBe(2);
    expect(record.object.metadata.resourceVersion).toBe("2");
    expect(JSON.parse(record.json.toString())).toEqual(record.object);
  });

  test("list() is ordered by key and keeps namespaces apart", () => {
    const store = new Store(log);
    for (const key of ["b/2", "a/1", "b/1", "ab/1"]) store.write("pods", key, "create", objectOf(key));
    expect(names(store.list("pods"))).toEqual(["a/1", "ab/1", "b/1", "b/2"]);
    expect(names(store.list("pods", "a"))).toEqual(["a/1"]);
  });

  test("a new process finds what was written, and what was deleted gone", () => {
    const store = new Store(log);
    store.write("pods", "a/1", "create", objectOf("1"));
    store.write("pods", "a/2", "create", objectOf("2"));
    store.write("pods", "a/1", "update", objectOf("1", "new"));
    store.write("pods", "a/2", "delete", objectOf("2"));
    const next = reopen();
    expect(next.revision).toBe(4);
    expect(next.get("pods", "a/1")?.object["value"]).toBe("new");
    expect(next.get("pods", "a/2")).toBeUndefined();
    expect(next.since("pods", 1).map((record) => record.operation)).toEqual(["create", "update", "delete"]);
    expect(next.since("pods", 3)[0]?.previous?.object.metadata.name).toBe("2");
  });

  test("listAt() shows the past", () => {
    const store = new Store(log);
    store.write("pods", "a/1", "create", objectOf("1", "old"));
    store.write("pods", "a/2", "create", objectOf("2"));
    store.write("pods", "a/1", "update", objectOf("1", "new"));
    store.write("pods", "a/2", "delete", objectOf("2"));
    store.write("pods", "a/2", "create", objectOf("2", "again"));
    expect(store.listAt("pods", "", 2).map((record) => record.object["value"])).toEqual(["old", ""]);
    expect(names(store.listAt("pods", "", 4))).toEqual(["1"]);
    expect(store.listAt("pods", "a", 5).map((record) => record.object["value"])).toEqual(["new", "again"]);
  });

  test("compact() forgets history, keeps the state, and survives a restart", () => {
    const store = new Store(log);
    store.write("pods", "a/1", "create", objectOf("1"));
    store.write("pods", "a/1", "update", objectOf("1", "two"));
    store.write("pods", "a/2", "create", objectOf("2"));
    store.write("pods", "a/2", "delete", objectOf("2"));
    store.compact(4);
    expect(store.compactedRevision).toBe(4);
    expect(store.since("pods", 0)).toEqual([]);
    expect([...log.rows()].map((row) => row.revision)).toEqual([2]);
    const next = reopen();
    expect(next.revision).toBe(4);
    expect(next.compactedRevision).toBe(4);
    expect(names(next.list("pods"))).toEqual(["1"]);
    expect(next.write("pods", "a/3", "create", objectOf("3")).revision).toBe(5);
  });

  test("compact() keeps what a later write replaced, so that watchers with selectors can still compare", () => {
    const store = new Store(log);
    store.write("pods", "a/1", "create", objectOf("1", "one"));
    store.write("pods", "a/2", "create", objectOf("2"));
    store.write("pods", "a/1", "update", objectOf("1", "two"));
    store.compact(2);
    expect(store.since("pods", 2)[0]?.previous?.object["value"]).toBe("one");
    const next = reopen();
    expect(next.since("pods", 2)[0]?.previous?.object["value"]).toBe("one");
  });

  test("history is bounded by count and by bytes", () => {
    const store = new Store(log, { historyLimit: 10 });
    for (let index = 0; index < 100; index++)
      store.write("pods", "a/1", index === 0 ? "create" : "update", objectOf("1"));
    expect(store.since("pods", 0).length).toBeLessThanOrEqual(10);
    expect(store.compactedRevision).toBeGreaterThanOrEqual(90);
    const small = new Store(log, { historyBytes: 1000 });
    for (let index = 0; index < 20; index++) small.write("pods", "a/1", "update", objectOf("1", "x".repeat(400)));
    expect(small.since("pods", 100).length).toBeLessThanOrEqual(3);
  });

  describe("on a full disk", () => {
    /** A log whose compactions fail for as long as it is told to. */
    class FullLog extends RevisionLog {
      isFull = true;
      attempts = 0;

      override compact(revision: number, revisions: readonly number[]): void {
        this.attempts++;
        if (this.isFull) throw new Error("database or disk is full");
        super.compact(revision, revisions);
      }
    }

    let full: FullLog;

    beforeEach(() => {
      full = new FullLog(join(directory, "full.db"));
    });

    afterEach(() => full.close());

    test("a write succeeds when the compaction after it fails, which is logged and tried again", () => {
      const entries: LogEntry[] = [];
      const logger = createLogger((entry) => void entries.push(entry));
      const store = new Store(full, { historyLimit: 10, logger });
      const told: number[] = [];
      store.subscribe("pods", (record) => told.push(record.revision));
      const operation = (index: number) => (index === 0 ? "create" : "update");
      for (let index = 0; index < 50; index++) store.write("pods", "a/1", operation(index), objectOf("1", `${index}`));
      expect(told).toHaveLength(50);
      expect(entries).toEqual([
        {
          level: "error",
          message: "Cannot compact the history, keeping it",
          fields: { revision: 3, error: "database or disk is full" },
        },
      ]);
      expect(full.attempts).toBe(1);
      full.isFull = false;
      for (let index = 50; index < 200; index++) store.write("pods", "a/1", "update", objectOf("1", `${index}`));
      expect(full.attempts).toBeGreaterThan(1);
      expect(store.compactedRevision).toBeGreaterThan(0);
      expect(entries).toHaveLength(1);
    });

    test("a compaction that fails changes nothing: the past, its bytes and what each write replaced are kept", () => {
      const store = new Store(full, { historyBytes: 1500 });
      store.write("pods", "a/1", "create", objectOf("1", "one"));
      store.write("pods", "a/1", "update", objectOf("1", "two"));
      for (let attempt = 0; attempt < 20; attempt++) expect(() => store.compact()).toThrow("disk is full");
      expect(store.compactedRevision).toBe(0);
      expect(store.listAt("pods", "", 1).map((record) => record.object["value"])).toEqual(["one"]);
      expect(store.since("pods", 1)[0]?.previous?.object["value"]).toBe("one");
      full.isFull = false;
      store.compact();
      expect(store.since("pods", 0)).toEqual([]);
      // Had the failed attempts counted, history would seem to have room for more than its limit.
      for (let index = 0; index < 40; index++) store.write("pods", "a/1", "update", objectOf("1", "x".repeat(100)));
      const bytes = store.since("pods", store.compactedRevision).reduce((sum, { json }) => sum + json.length, 0);
      expect(bytes).toBeLessThanOrEqual(1500);
    });
  });

  test("listeners are told in order, also of writes made while they are told", () => {
    const store = new Store(log);
    const told: string[] = [];
    store.subscribe("pods", (record) => {
      if (record.key === "a/1") store.write("pods", "a/2", "create", objectOf("2"));
    });
    store.subscribe("pods", (record) => told.push(record.key));
    store.write("pods", "a/1", "create", objectOf("1"));
    expect(told).toEqual(["a/1", "a/2"]);
  });

  test("frame() is made once for all watchers", () => {
    const record = new Store(log).write("pods", "a/1", "create", objectOf("1"));
    expect(record.frame("ADDED")).toBe(record.frame("ADDED"));
    expect(JSON.parse(record.frame("ADDED").toString())).toEqual({ type: "ADDED", object: record.object });
  });
});

describe("RevisionLog", () => {
  test("refuses a database that another process has open", () => {
    expect(() => new RevisionLog(join(directory, "state.db"))).toThrow(
      expect.objectContaining({ code: "STATE_DIRECTORY_IN_USE" }),
    );
  });

  test("refuses a file that is no database", async () => {
    const { writeFileSync } = await import("node:fs");
    const path = join(directory, "other.db");
    writeFileSync(path, "this is not a database, it only has the length of one".repeat(100));
    expect(() => new RevisionLog(path)).toThrow(ControlPlaneError);
  });
});
