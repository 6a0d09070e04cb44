import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { Clock } from "@wherry/base";
import { ContentError } from "./errors.ts";
import { migrations } from "./schema.ts";

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Statements that belong together; valid only inside the callback they were handed to. */
export interface Transaction {
  run(sql: string, ...parameters: SQLInputValue[]): number;
  get(sql: string, ...parameters: SQLInputValue[]): Row | undefined;
  all(sql: string, ...parameters: SQLInputValue[]): Row[];
}

const busyCode = 5;
const firstBusyDelayMs = 1;
const maxBusyDelayMs = 100;
const busyTimeoutMs = 20_000;

/**
 * The store's metadata in SQLite, shared with other processes.
 *
 * Reads are immediate. Writes are short transactions that hold SQLite's write lock, which also orders the few file operations
 * done inside them; waiting for another process's lock does not block the event loop.
 */
export class MetadataDatabase {
  readonly #database: DatabaseSync;
  readonly #clock: Clock;
  readonly #statements: Map<string, StatementSync> = new Map();
  readonly #transaction: Transaction = {
    run: (sql, ...parameters) => Number(this.#statement(sql).run(...parameters).changes),
    get: (sql, ...parameters) => this.get(sql, ...parameters),
    all: (sql, ...parameters) => this.all(sql, ...parameters),
  };
  #closed = false;

  private constructor(database: DatabaseSync, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Opens and, where needed, creates or migrates; throws `ContentError` of code `Corrupt` or `Unsupported`. */
  static async open(path: string, clock: Clock): Promise<MetadataDatabase> {
    const database = new DatabaseSync(path, { timeout: 0 });
    const metadata = new MetadataDatabase(database, clock);
    try {
      // The first switch to WAL needs the lock of everybody else who opens the file.
      await metadata.#whenFree(() => database.exec("PRAGMA journal_mode = WAL"));
      database.exec("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 400");
      await metadata.#migrate(path);
      return metadata;
    } catch (error) {
      database.close();
      throw openError(error, path);
    }
  }

  get(sql: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...parameters);
  }

  all(sql: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...parameters);
  }

  /** A number that changes when another process wrote; this one's own writes do not change it. */
  get foreignVersion(): number {
    return Number(this.get("PRAGMA data_version")?.["data_version"]);
  }

  /**
   * Runs `work` in one transaction with the write lock held; it is rolled back when `work` throws.
   */
  write<T>(work: (transaction: Transaction) => T): Promise<T> {
    // Begin and end in one turn of the event loop: nothing else that uses this connection can get in between.
    return this.#whenFree(() => {
      this.#statement("BEGIN IMMEDIATE").run();
      try {
        const result = work(this.#transaction);
        this.#statement("COMMIT").run();
        return result;
      } catch (error) {
        if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#database.close();
  }

  async #migrate(path: string): Promise<void> {
    const version = () => Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
    if (version() > migrations.length)
      throw new ContentError(
        "Unsupported",
        `${path} was written by a newer version (schema ${version()}, this one knows ${migrations.length})`,
      );
    if (version() === migrations.length) return;
    await this.write(() => {
      // Another process may have migrated meanwhile.
      for (const migration of migrations.slice(version())) this.#database.exec(migration);
      this.#database.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }

  async #whenFree<T>(attempt: () => T): Promise<T> {
    const deadlineMs = this.#clock.monotonic() + busyTimeoutMs;
    for (let delayMs = firstBusyDelayMs; ; delayMs = Math.min(delayMs * 2, maxBusyDelayMs)) {
      if (this.#closed) throw new ContentError("Closed", "The content store is closed");
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (this.#clock.monotonic() >= deadlineMs)
          throw new ContentError("Locked", "The content store is locked by another process", {
            cause: error,
            retryable: true,
          });
      }
      await this.#clock.sleep(delayMs);
    }
  }

  #statement(sql: string): StatementSync {
    if (this.#closed) throw new ContentError("Closed", "The content store is closed");
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

function isBusy(error: unknown): boolean {
  return sqliteCode(error) === busyCode;
}

function openError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  // SQLITE_CORRUPT and SQLITE_NOTADB.
  if (code !== 11 && code !== 26) return error;
  return new ContentError(
    "Corrupt",
    `Cannot read the metadata of the content store: ${path} is damaged; remove the store's directory to start with an empty one`,
    { cause: error },
  );
}
