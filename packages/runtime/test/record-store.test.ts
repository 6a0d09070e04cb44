import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ContainerRecord, SandboxRecord } from "../src/wasm/record.ts";
import { RecordStore } from "../src/wasm/record-store.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "records-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const sandbox = {
  id: "s",
  createdAtMs: 1,
  state: "ready",
  config: { metadata: { uid: "u" } },
} as unknown as SandboxRecord;

describe("RecordStore", () => {
  test("keeps what was put for the next process and loses what was dropped", () => {
    const path = join(directory, "runtime.db");
    {
      using store = new RecordStore(path);
      store.putSandbox(sandbox);
      store.putSandbox({ ...sandbox, id: "gone" });
      store.dropSandbox("gone");
    }
    using again = new RecordStore(path);
    expect([...again.sandboxes.values()]).toEqual([sandbox]);
  });

  test("finds the sandboxes of a pod and the containers of a sandbox, in their latest form and until they are dropped", () => {
    using store = new RecordStore(join(directory, "runtime.db"));
    const container = { id: "c", sandboxId: "s", createdAtMs: 2, state: "created" } as unknown as ContainerRecord;
    store.putSandbox(sandbox);
    store.putContainer(container);
    store.putContainer({ ...container, id: "older", createdAtMs: 1 });
    store.putContainer({ ...container, id: "other", sandboxId: "t" });
    store.putContainer({ ...container, state: "running" });
    expect(store.sandboxes.of("u")).toEqual([sandbox]);
    expect(store.containersOf("s").map(({ id, state }) => [id, state])).toEqual([
      ["older", "created"],
      ["c", "running"],
    ]);
    store.dropSandbox("s");
    store.dropContainer("c");
    expect(store.sandboxes.of("u")).toEqual([]);
    expect(store.containersOf("s").map(({ id }) => id)).toEqual(["older"]);
  });

  test("sees a put of a process that was killed right after", () => {
    const path = join(directory, "runtime.db");
    using killed = new RecordStore(path);
    killed.putSandbox(sandbox);
    // What the files hold at this moment is what a death at this moment leaves.
    for (const name of readdirSync(directory)) cpSync(join(directory, name), join(directory, "after", name));
    using next = new RecordStore(join(directory, "after/runtime.db"));
    expect(next.sandboxes.get("s")).toEqual(sandbox);
  });

  test("refuses a database that another process has open", () => {
    const path = join(directory, "runtime.db");
    using first = new RecordStore(path);
    expect(() => new RecordStore(path, 0)).toThrow("another process runs pods from this directory");
    first.putSandbox(sandbox);
  });

  test("refuses a database of a newer schema", () => {
    const path = join(directory, "runtime.db");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    expect(() => new RecordStore(path)).toThrow("its schema version is 99");
  });
});
