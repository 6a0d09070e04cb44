import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import type { GuestExit, GuestState, Sandbox } from "@wherry/engine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ContainerRecord, SandboxRecord } from "../src/wasm/record.ts";
import { RecordStore } from "../src/wasm/record-store.ts";
import { recoverRecords } from "../src/wasm/recovery.ts";

let directory: string;
let records: RecordStore;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "recovery-"));
  records = new RecordStore(join(directory, "runtime.db"));
});
afterEach(() => {
  records[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

class FakeSandbox {
  readonly calls: string[] = [];
  readonly id: string;
  readonly usable: boolean;
  readonly #guests: readonly Partial<GuestState>[];

  constructor(id: string, usable: boolean, guests: readonly Partial<GuestState>[]) {
    this.id = id;
    this.usable = usable;
    this.#guests = guests;
  }

  listGuests = () => this.#guests;
  killGuest = async (id: string) => void this.calls.push(`kill ${id}`);
  deleteGuest = async (id: string) => void this.calls.push(`delete ${id}`);
  shutdown = async () => void this.calls.push("shutdown");
}

const exit: GuestExit = { exitCode: 3, reason: "Error", message: "", startedAtMs: 10, finishedAtMs: 20 };

function sandbox(id: string): void {
  records.putSandbox({
    id,
    state: "ready",
    createdAtMs: 1,
    config: { metadata: { uid: "u" } },
  } as unknown as SandboxRecord);
}

function container(id: string, sandboxId: string, state: ContainerRecord["state"]): void {
  records.putContainer({
    id,
    sandboxId,
    state,
    startedAtMs: 5,
    createdAtMs: 1,
    reason: "",
    message: "",
  } as unknown as ContainerRecord);
}

function recover(...hosts: FakeSandbox[]): Promise<Sandbox[]> {
  return recoverRecords(records, hosts as unknown as Sandbox[], 100, silentLogger);
}

describe("recoverRecords()", () => {
  test("adopts a sandbox and learns what its guests did meanwhile", async () => {
    sandbox("s");
    container("started", "s", "created");
    container("ended", "s", "running");
    container("vanished", "s", "running");
    const found = new FakeSandbox("s", true, [
      { id: "started", state: "running", startedAtMs: 50 },
      { id: "ended", state: "exited", exit },
    ]);
    expect(await recover(found)).toEqual([found]);
    expect(records.containers.get("started")).toMatchObject({ state: "running", startedAtMs: 50 });
    expect(records.containers.get("ended")).toMatchObject({ state: "exited", exitCode: 3, finishedAtMs: 20 });
    expect(records.containers.get("vanished")).toMatchObject({
      state: "exited",
      exitCode: 137,
      reason: "ContainerStatusUnknown",
    });
  });

  test("ends guests that were being made when the process ended", async () => {
    sandbox("s");
    const found = new FakeSandbox("s", true, [{ id: "unknown", state: "created" }]);
    await recover(found);
    expect(found.calls).toEqual(["kill unknown", "delete unknown"]);
  });

  test("keeps the exits in a sandbox from before the machine's start, and marks it as not ready", async () => {
    sandbox("s");
    container("ended", "s", "running");
    const found = new FakeSandbox("s", false, [{ id: "ended", state: "exited", exit }]);
    expect(await recover(found)).toEqual([]);
    expect(found.calls).toEqual(["shutdown"]);
    expect(records.sandboxes.get("s")?.state).toBe("not-ready");
    expect(records.containers.get("ended")).toMatchObject({ state: "exited", exitCode: 3, reason: "Error" });
  });

  test("ends a sandbox that nobody knows", async () => {
    const found = new FakeSandbox("stray", true, []);
    expect(await recover(found)).toEqual([]);
    expect(found.calls).toEqual(["shutdown"]);
  });

  test("reports the containers of a sandbox that the engine does not know as lost", async () => {
    sandbox("s");
    container("c", "s", "running");
    await recover();
    expect(records.sandboxes.get("s")?.state).toBe("not-ready");
    expect(records.containers.get("c")).toMatchObject({
      state: "exited",
      exitCode: 137,
      startedAtMs: 5,
      finishedAtMs: 100,
    });
  });
});
