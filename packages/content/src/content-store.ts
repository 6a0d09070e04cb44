import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Clock, type Logger, silentLogger, systemClock } from "@wherry/base";
import { Blobs } from "./blobs.ts";
import { collectGarbage, type GarbageCollectionOptions, type GarbageCollectionResult } from "./garbage-collection.ts";
import { Images } from "./images.ts";
import { type IngestFiles, nodeIngestFiles } from "./ingest-files.ts";
import { Leases } from "./leases.ts";
import { MetadataDatabase } from "./metadata-database.ts";
import { ModuleRecords } from "./module-records.ts";
import { currentProcessIdentity, type ProcessIdentity } from "./process-identity.ts";
import { recover } from "./recovery.ts";
import { Snapshots } from "./snapshots.ts";
import type { StoreContext } from "./store-context.ts";
import { StorePaths } from "./store-paths.ts";
import { type LayerUnpacker, threadUnpacker } from "./unpacker.ts";
import { WorkDirectories } from "./work-directories.ts";

/** Where a content store lies, and what it works with. */
export interface ContentStoreOptions {
  /** Where everything is kept; created when missing. All of it must be on one file system. */
  readonly directory: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How this process is told from others that share the store. @default by process number, start time and PID namespace */
  readonly process?: ProcessIdentity;
  /** @default Node's */
  readonly files?: IngestFiles;
  /** What writes layers into directories. @default threads of its own, whose script must stay beside this package's */
  readonly unpacker?: LayerUnpacker;
}

export interface Usage {
  readonly blobBytes: number;
  readonly snapshotBytes: number;
  readonly totalBytes: number;
  /** Files and directories. */
  readonly inodes: number;
}

/**
 * A content-addressed store in a directory: blobs, images, leases and unpacked file systems, with its metadata in SQLite.
 *
 * Several processes may have the same directory open. A crash at any point leaves whole blobs only; opening clears the rest
 * away. Synchronous methods answer from the metadata in microseconds.
 */
export class ContentStore implements AsyncDisposable {
  readonly directory: string;
  readonly blobs: Blobs;
  readonly images: Images;
  readonly leases: Leases;
  readonly snapshots: Snapshots;
  /** What is known of the modules in the store. */
  readonly modules: ModuleRecords;
  readonly unpacker: LayerUnpacker;
  readonly #context: StoreContext;

  /** Use `openContentStore`. */
  constructor(context: StoreContext, unpacker: LayerUnpacker) {
    const directories = new WorkDirectories(context);
    this.#context = context;
    this.directory = context.paths.directory;
    this.blobs = new Blobs(context, directories);
    this.images = new Images(context);
    this.leases = new Leases(context);
    this.snapshots = new Snapshots(context, directories);
    this.modules = new ModuleRecords(context);
    this.unpacker = unpacker;
  }

  get logger(): Logger {
    return this.#context.logger;
  }

  /** Removes blobs and snapshots that neither images nor leases nor `extraRoots` need. */
  async collectGarbage(options: GarbageCollectionOptions = {}): Promise<GarbageCollectionResult> {
    try {
      return await collectGarbage(this.#context, options);
    } finally {
      this.modules.forget();
    }
  }

  /** Bytes and files in use by blobs and snapshots. */
  usage(): Usage {
    const { database } = this.#context;
    const blobs = database.get("SELECT count(*) AS entries, total(size_bytes) AS bytes FROM blobs");
    const snapshots = database.get("SELECT total(entries) AS entries, total(size_bytes) AS bytes FROM snapshots");
    const blobBytes = Number(blobs?.["bytes"] ?? 0);
    const snapshotBytes = Number(snapshots?.["bytes"] ?? 0);
    return {
      blobBytes,
      snapshotBytes,
      totalBytes: blobBytes + snapshotBytes,
      inodes: Number(blobs?.["entries"] ?? 0) + Number(snapshots?.["entries"] ?? 0),
    };
  }

  /** Ends what is under way and closes the store; unfinished ingests are kept for the next time. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.blobs.closeIngests();
    this.#context.database.close();
  }
}

/**
 * Opens the content store in a directory, or creates it, and repairs what a crash left.
 *
 * Throws `ContentError` of code `Corrupt` for damaged metadata, `Unsupported` for a store of a newer version.
 * @example
 * await using store = await openContentStore({ directory: "/var/lib/wherry/content" });
 */
export async function openContentStore(options: ContentStoreOptions): Promise<ContentStore> {
  const { clock = systemClock, logger = silentLogger, files = nodeIngestFiles } = options;
  const paths = new StorePaths(resolve(options.directory));
  await mkdir(paths.directory, { recursive: true, mode: 0o711 });
  for (const directory of [join(paths.blobs, "sha256"), join(paths.blobs, "sha512"), paths.snapshots])
    await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const directory of [paths.ingest, paths.trash]) await mkdir(directory, { recursive: true, mode: 0o700 });
  const database = await MetadataDatabase.open(paths.metadata, clock);
  const process = options.process ?? currentProcessIdentity();
  const context: StoreContext = { paths, database, clock, logger, process, files };
  try {
    await recover(context);
  } catch (error) {
    database.close();
    throw error;
  }
  const unpacker = options.unpacker ?? threadUnpacker({ logger: logger.child({ component: "unpack" }) });
  return new ContentStore(context, unpacker);
}
