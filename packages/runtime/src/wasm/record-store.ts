import { DatabaseSync, type StatementSync } from "node:sqlite";
import { errorMessage } from "@wherry/base";
import { RuntimeError } from "../errors.ts";
import { GroupedRecords } from "./grouped-records.ts";
import type { ContainerRecord, SandboxRecord } from "./record.ts";

const schemaVersion = 1;

/**
 * Sandboxes and containers of one runtime, in SQLite with a copy in memory; a write is durable against the end of the process
 * when the call returns, and holds for this process only when it throws.
 */
export class RecordStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements: Readonly<
    Record<"putSandbox" | "putContainer" | "dropSandbox" | "dropContainer", StatementSync>
  >;
  /** Grouped by the UID of their pod. */
  readonly sandboxes: GroupedRecords<SandboxRecord> = new GroupedRecords(({ config }) => config.metadata.uid);
  /** Grouped by the ID of their sandbox. */
  readonly containers: GroupedRecords<ContainerRecord> = new GroupedRecords(({ sandboxId }) => sandboxId);

  /**
   * Opens or creates the database file at `path`, and keeps every other process from it while it is open: two that run pods from
   * one directory would end each other's.
   *
   * Throws `RuntimeError` when it is in use, or of a newer version.
   *
   * @param busyTimeoutMs how long to wait for a process that is about to end
   */
  constructor(path: string, busyTimeoutMs: number = defaultBusyTimeoutMs) {
    this.#database = openDatabase(path, busyTimeoutMs);
    this.#migrate(path);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#statements = {
      putSandbox: prepare("INSERT OR REPLACE INTO sandboxes (id, record) VALUES (?, ?)"),
      putContainer: prepare("INSERT OR REPLACE INTO containers (id, record) VALUES (?, ?)"),
      dropSandbox: prepare("DELETE FROM sandboxes WHERE id = ?"),
      dropContainer: prepare("DELETE FROM containers WHERE id = ?"),
    };
    for (const record of this.#load<SandboxRecord>("sandboxes")) this.sandboxes.set(record);
    for (const record of this.#load<ContainerRecord>("containers")) this.containers.set(record);
  }

  putSandbox(record: SandboxRecord): void {
    this.sandboxes.set(record);
    this.#statements.putSandbox.run(record.id, JSON.stringify(record));
  }

  putContainer(record: ContainerRecord): void {
    this.containers.set(record);
    this.#statements.putContainer.run(record.id, JSON.stringify(record));
  }

  dropSandbox(id: string): void {
    this.#statements.dropSandbox.run(id);
    this.sandboxes.delete(id);
  }

  dropContainer(id: string): void {
    this.#statements.dropContainer.run(id);
    this.containers.delete(id);
  }

  /** Containers of a sandbox, oldest first. */
  containersOf(sandboxId: string): ContainerRecord[] {
    return this.containers.of(sandboxId).sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #migrate(path: string): void {
    const found = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
    if (found > schemaVersion) {
      throw new RuntimeError(
        "FailedPrecondition",
        `Cannot open runtime state "${path}": its schema version is ${found}, this program knows up to ${schemaVersion}`,
      );
    }
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS sandboxes (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
       CREATE TABLE IF NOT EXISTS containers (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
       PRAGMA user_version = ${schemaVersion}`,
    );
  }

  #load<T>(table: "sandboxes" | "containers"): T[] {
    const rows = this.#database.prepare(`SELECT record FROM ${table}`).all();
    return rows.map((row) => JSON.parse(String(row["record"])) as T);
  }
}

const defaultBusyTimeoutMs = 2000;

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    // NORMAL with WAL survives the death of the process; after a power cut no guest runs any more that it could forget.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    // The lock is taken by the first write and held from then on.
    database.exec("BEGIN IMMEDIATE; COMMIT");
    return database;
  } catch (error) {
    database.close();
    if (!/locked|busy/.test(errorMessage(error))) throw error;
    throw new RuntimeError(
      "FailedPrecondition",
      `Cannot open runtime state "${path}": another process runs pods from this directory; end that one, or use another directory`,
      { cause: error },
    );
  }
}
