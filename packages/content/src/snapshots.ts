import { renameSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@wherry/distribution";
import { storageError } from "./errors.ts";
import { addToLease } from "./leases.ts";
import { SharedTasks } from "./shared-tasks.ts";
import type { StoreContext } from "./store-context.ts";
import type { WorkDirectories } from "./work-directories.ts";

export interface SnapshotInfo {
  readonly chainId: Digest;
  readonly sizeBytes: number;
  readonly entries: number;
}

export interface SnapshotOptions {
  readonly lease?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WrittenSnapshot {
  readonly sizeBytes: number;
  readonly entries: number;
  /** Whether all of it would survive a power failure; if not, it is made anew after the machine was started again. */
  readonly isDurable: boolean;
}

/** Writes a file system into an empty directory. */
export type SnapshotWriter = (directory: string, signal: AbortSignal) => Promise<WrittenSnapshot>;

/** Unpacked, read-only file systems by the chain ID of their layers (OCI image specification, "Layer ChainID"). */
export class Snapshots {
  readonly #context: StoreContext;
  readonly #directories: WorkDirectories;
  readonly #tasks: SharedTasks<void> = new SharedTasks();

  constructor(context: StoreContext, directories: WorkDirectories) {
    this.#context = context;
    this.#directories = directories;
  }

  /** Directory of a snapshot, undefined when it is not there. Must not be written to. */
  directory(chainId: Digest): string | undefined {
    const row = this.#context.database.get("SELECT 1 FROM snapshots WHERE chain_id = ?", chainId);
    return row === undefined ? undefined : this.#context.paths.snapshot(chainId);
  }

  list(): SnapshotInfo[] {
    return this.#context.database.all("SELECT * FROM snapshots ORDER BY chain_id").map((row) => ({
      chainId: String(row["chain_id"]) as Digest,
      sizeBytes: Number(row["size_bytes"]),
      entries: Number(row["entries"]),
    }));
  }

  /**
   * Makes sure a snapshot is there: at once where it is, else by `write`. Who asks for the same one at the same time shares
   * the work; what fails or is interrupted leaves nothing.
   */
  async ensure(chainId: Digest, write: SnapshotWriter, { lease, signal }: SnapshotOptions = {}): Promise<string> {
    while (!(await this.#retain(chainId, lease)))
      await this.#tasks.run(chainId, (taskSignal) => this.#create(chainId, write, lease, taskSignal), signal);
    return this.#context.paths.snapshot(chainId);
  }

  async #retain(chainId: Digest, lease: string | undefined): Promise<boolean> {
    if (this.directory(chainId) === undefined) return false;
    if (lease === undefined) return true;
    return this.#context.database.write((transaction) => {
      if (transaction.get("SELECT 1 FROM snapshots WHERE chain_id = ?", chainId) === undefined) return false;
      addToLease(transaction, lease, { kind: "snapshot", key: chainId });
      return true;
    });
  }

  async #create(chainId: Digest, write: SnapshotWriter, lease: string | undefined, signal: AbortSignal): Promise<void> {
    const { database, clock, paths, files } = this.#context;
    // Of this process alone: two that unpack the same layers are both right, and the first one to end is taken.
    const key = `unpack ${chainId} ${this.#context.process.self}`;
    const work = await this.#directories.claim(key, { resumable: false });
    try {
      const root = join(work.path, "rootfs");
      await mkdir(root, { mode: 0o755 });
      const { sizeBytes, entries, isDurable } = await write(root, signal);
      await database.write((transaction) => {
        if (transaction.get("SELECT 1 FROM snapshots WHERE chain_id = ?", chainId) === undefined) {
          renameSync(root, paths.snapshot(chainId));
          transaction.run(
            "INSERT INTO snapshots (chain_id, size_bytes, entries, boot, created_at_ms) VALUES (?, ?, ?, ?, ?)",
            chainId,
            sizeBytes,
            entries,
            isDurable ? null : this.#context.process.boot,
            clock.now(),
          );
        }
        if (lease !== undefined) addToLease(transaction, lease, { kind: "snapshot", key: chainId });
        this.#directories.finish(transaction, work);
      });
    } catch (error) {
      await this.#directories.discard(work).catch(() => undefined);
      throw storageError(error, `Cannot unpack ${chainId}`);
    }
    await files.syncDirectory(paths.snapshots);
    await this.#directories.removeLeftovers(work);
  }
}
