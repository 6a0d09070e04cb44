import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { ContentError } from "./errors.ts";
import type { Transaction } from "./metadata-database.ts";
import type { StoreContext } from "./store-context.ts";

/** A directory below `ingest/` that belongs to one piece of unfinished work of this process. */
export interface WorkDirectory {
  readonly key: string;
  readonly path: string;
}

/**
 * Directories for unfinished work, each claimed by one process at a time. Resumable work is found again by its key after the
 * process that began it has gone.
 */
export class WorkDirectories {
  readonly #context: StoreContext;
  /** Keys claimed through this object. */
  readonly #claimed: Set<string> = new Set();

  constructor(context: StoreContext) {
    this.#context = context;
  }

  /** Claims the directory of `key`; throws `ContentError` of code `Locked` when somebody else has it. */
  async claim(key: string, options: { readonly resumable: boolean }): Promise<WorkDirectory> {
    const { database, clock, paths } = this.#context;
    if (this.#claimed.has(key)) throw locked(key);
    this.#claimed.add(key);
    try {
      const directory = await database.write((transaction) =>
        this.#take(transaction, key, options.resumable, clock.now()),
      );
      const path = paths.ingestDirectory(directory);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return { key, path };
    } catch (error) {
      this.#claimed.delete(key);
      throw error;
    }
  }

  #take(transaction: Transaction, key: string, resumable: boolean, nowMs: number): string {
    const { process } = this.#context;
    const row = transaction.get("SELECT directory, process FROM ingests WHERE key = ?", key);
    const owner = row?.["process"];
    if (typeof owner === "string" && owner !== process.self && process.isAlive(owner)) throw locked(key);
    const directory = row === undefined ? randomUUID() : String(row["directory"]);
    transaction.run(
      `INSERT INTO ingests (key, directory, resumable, process, started_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET process = excluded.process, updated_at_ms = excluded.updated_at_ms`,
      key,
      directory,
      resumable ? 1 : 0,
      process.self,
      nowMs,
      nowMs,
    );
    return directory;
  }

  /** Leaves the directory to whoever goes on with the work. */
  async release({ key }: WorkDirectory): Promise<void> {
    const { database, clock } = this.#context;
    try {
      await database.write((transaction) => {
        transaction.run("UPDATE ingests SET process = NULL, updated_at_ms = ? WHERE key = ?", clock.now(), key);
      });
    } finally {
      this.#claimed.delete(key);
    }
  }

  /** Removes the directory with all in it. */
  async discard(work: WorkDirectory): Promise<void> {
    try {
      await this.#context.files.remove(work.path);
      await this.#context.database.write((transaction) => forget(transaction, work));
    } finally {
      this.#claimed.delete(work.key);
    }
  }

  /** Ends the claim within the transaction that publishes the work; `removeLeftovers` follows it. */
  finish(transaction: Transaction, work: WorkDirectory): void {
    forget(transaction, work);
  }

  async removeLeftovers(work: WorkDirectory): Promise<void> {
    this.#claimed.delete(work.key);
    await this.#context.files.remove(work.path);
  }
}

function forget(transaction: Transaction, { key }: WorkDirectory): void {
  transaction.run("DELETE FROM ingests WHERE key = ?", key);
}

function locked(key: string): ContentError {
  return new ContentError("Locked", `${key} is being worked on by somebody else`, { retryable: true });
}
