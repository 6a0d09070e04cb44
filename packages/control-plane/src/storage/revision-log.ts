import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { errorCode, errorMessage } from "@wherry/base";
import { ControlPlaneError } from "../errors.ts";
import type { Operation } from "./stored-record.ts";

export interface LogRow {
  readonly revision: number;
  readonly resource: string;
  readonly key: string;
  readonly operation: Operation;
  readonly json: Buffer;
}

const operations: readonly Operation[] = ["create", "update", "delete"];
const schemaVersion = 1;
/** Pages of 4 KiB after which a write moves the log into the database itself, whatever is going on. */
const maxLogPages = 16_384;

/**
 * The durable half of the store: one append-only table of revisions in SQLite, from which all else is rebuilt at start.
 *
 * WAL with synchronous=NORMAL: a write is in the operating system's hands before it is acknowledged, so the death of this
 * process at any instruction loses nothing; a power failure may lose the last moments but never corrupts. The file is
 * locked exclusively for as long as it is open.
 */
export class RevisionLog {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #setCompacted: StatementSync;

  /** Opens or creates the database at `path`; throws ControlPlaneError. */
  constructor(path: string) {
    this.#database = openDatabase(path);
    this.#insert = this.#database.prepare(
      "INSERT INTO record (revision, resource, key, operation, value) VALUES (?, ?, ?, ?, ?)",
    );
    this.#remove = this.#database.prepare("DELETE FROM record WHERE revision = ?");
    this.#setCompacted = this.#database.prepare("UPDATE compaction SET revision = ?");
  }

  /** The newest revision whose history is gone. */
  get compactedRevision(): number {
    const row = this.#database.prepare("SELECT revision FROM compaction").get();
    return Number(row?.["revision"] ?? 0);
  }

  /** All rows by ascending revision. */
  *rows(): Generator<LogRow> {
    const statement = this.#database.prepare(
      "SELECT revision, resource, key, operation, value FROM record ORDER BY revision",
    );
    for (const row of statement.iterate()) {
      const value = row["value"] as Uint8Array;
      yield {
        revision: Number(row["revision"]),
        resource: String(row["resource"]),
        key: String(row["key"]),
        operation: operations[Number(row["operation"])] ?? "update",
        json: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      };
    }
  }

  /** Adds one row; it survives the death of the process once this returns. */
  append(row: LogRow): void {
    this.#insert.run(row.revision, row.resource, row.key, operations.indexOf(row.operation), row.json);
  }

  /** Moves the write-ahead log into the database, which waits for the disk; for idle moments. */
  checkpoint(): void {
    this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Deletes `revisions` and notes that history up to `compactedRevision` is gone, both or neither. */
  compact(compactedRevision: number, revisions: readonly number[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const revision of revisions) this.#remove.run(revision);
      this.#setCompacted.run(compactedRevision);
      this.#database.exec("COMMIT");
    } catch (error) {
      // A full disk has rolled back already.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(path);
    try {
      prepareDatabase(database, path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof ControlPlaneError) throw error;
    throw databaseErrorFrom(error, path);
  }
}

function prepareDatabase(database: DatabaseSync, path: string): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = NORMAL");
  // Moving the log waits for the disk, tens of milliseconds; checkpoint() does it when nobody is waiting.
  database.exec(`PRAGMA wal_autocheckpoint = ${maxLogPages}`);
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > schemaVersion) {
    throw new ControlPlaneError(
      "STATE_CORRUPT",
      `Cannot open "${path}": its layout version ${version} is newer than ${schemaVersion}; use the release that wrote it`,
    );
  }
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS record (
      revision INTEGER PRIMARY KEY,
      resource TEXT NOT NULL,
      key TEXT NOT NULL,
      operation INTEGER NOT NULL,
      value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS compaction (revision INTEGER NOT NULL) STRICT;
    INSERT INTO compaction SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM compaction);
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}

function databaseErrorFrom(error: unknown, path: string): ControlPlaneError {
  const message = errorMessage(error);
  const code = errorCode(error);
  if (message.includes("locked") || message.includes("busy")) {
    return new ControlPlaneError(
      "STATE_DIRECTORY_IN_USE",
      `Cannot open "${path}": another control plane is using this state directory`,
      { cause: error },
    );
  }
  if (message.includes("malformed") || message.includes("not a database")) {
    return new ControlPlaneError("STATE_CORRUPT", `Cannot open "${path}": ${message}`, { cause: error });
  }
  return new ControlPlaneError(
    "STATE_DIRECTORY_UNUSABLE",
    `Cannot open "${path}": ${message}${code === undefined ? "" : ` (${code})`}; the state directory must be writable`,
    { cause: error },
  );
}
