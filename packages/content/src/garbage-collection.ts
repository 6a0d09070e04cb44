import { randomUUID } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { type Digest, isDigest } from "@wherry/distribution";
import { contentReferenceLabel, deleteLabels, snapshotReferenceLabel } from "./labels.ts";
import { deleteLease, type LeaseResource } from "./leases.ts";
import type { Transaction } from "./metadata-database.ts";
import { removeTree } from "./remove-tree.ts";
import type { StoreContext } from "./store-context.ts";

export interface GarbageCollectionOptions {
  /** What callers need besides what images and leases keep. */
  readonly extraRoots?: Iterable<LeaseResource>;
}

export interface GarbageCollectionResult {
  readonly blobs: readonly Digest[];
  readonly snapshots: readonly Digest[];
  readonly freedBytes: number;
}

/** Interrupted ingests nobody goes on with are kept so long, as in containerd. */
const ingestLifetimeMs = 24 * 60 * 60 * 1000;

/** Nodes of the reference graph: blobs by digest, snapshots by chain ID. */
interface Marks {
  readonly blobs: Set<string>;
  readonly snapshots: Set<string>;
}

/**
 * Removes every blob and snapshot that cannot be reached from an image, a lease or an extra root by the references in labels.
 *
 * Marking and taking out of sight happen in one transaction, so that nothing which anybody just began to need is lost; the
 * space is given back after it.
 */
export async function collectGarbage(
  context: StoreContext,
  { extraRoots = [] }: GarbageCollectionOptions,
): Promise<GarbageCollectionResult> {
  const { database, clock, paths } = context;
  const roots = [...extraRoots];
  const trash: string[] = [];
  const result = await database.write((transaction) => {
    endLeases(transaction, context, clock.now());
    trash.push(...endStaleIngests(transaction, context));
    const marks = mark(transaction, roots);
    return sweep(transaction, context, marks, trash);
  });
  for (const name of trash) await removeTree(join(paths.trash, name));
  if (result.blobs.length + result.snapshots.length > 0)
    context.logger.info("Garbage collected", {
      blobs: result.blobs.length,
      snapshots: result.snapshots.length,
      freedBytes: result.freedBytes,
    });
  return result;
}

/** Ends leases past their time and those of processes that are gone. */
export function endLeases(transaction: Transaction, context: StoreContext, nowMs: number): void {
  for (const { id, expires_at_ms: expiresAtMs, process } of transaction.all("SELECT * FROM leases")) {
    const expired = expiresAtMs !== null && Number(expiresAtMs) <= nowMs;
    const orphaned = typeof process === "string" && !context.process.isAlive(process);
    if (expired || orphaned) deleteLease(transaction, String(id));
  }
}

/** Ends unfinished work that nobody is at and that is too old, or not of the kind, to be resumed; answers names in the trash. */
export function endStaleIngests(transaction: Transaction, context: StoreContext): string[] {
  const { process, clock, paths } = context;
  return transaction.all("SELECT * FROM ingests").flatMap((row) => {
    const owner = row["process"];
    const owned = typeof owner === "string" && process.isAlive(owner);
    const fresh = clock.now() - Number(row["updated_at_ms"]) < ingestLifetimeMs;
    if (owned || (row["resumable"] === 1 && fresh)) return [];
    transaction.run("DELETE FROM ingests WHERE key = ?", String(row["key"]));
    return moveToTrash(context, paths.ingestDirectory(String(row["directory"])));
  });
}

function mark(transaction: Transaction, extraRoots: readonly LeaseResource[]): Marks {
  const marks: Marks = { blobs: new Set(), snapshots: new Set() };
  const pending: string[] = [];
  const reach = (kind: unknown, key: string) => {
    if (kind === "snapshot") marks.snapshots.add(key);
    else if (!marks.blobs.has(key)) {
      marks.blobs.add(key);
      pending.push(key);
    }
  };
  for (const { digest } of transaction.all("SELECT DISTINCT digest FROM images")) reach("blob", String(digest));
  for (const { kind, key } of transaction.all("SELECT kind, key FROM lease_resources")) reach(kind, String(key));
  for (const { kind, key } of extraRoots) reach(kind, key);
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    const references = "SELECT name, value FROM labels WHERE kind = 'blob' AND owner = ? AND name GLOB ?";
    for (const { name, value } of transaction.all(references, digest, "containerd.io/gc.ref.*")) {
      if (String(name) === snapshotReferenceLabel) reach("snapshot", String(value));
      else if (isContentReference(String(name))) reach("blob", String(value));
    }
  }
  return marks;
}

function isContentReference(name: string): boolean {
  if (!name.startsWith(contentReferenceLabel)) return false;
  const rest = name.slice(contentReferenceLabel.length);
  return rest === "" || rest.startsWith(".") || rest.startsWith("/");
}

function sweep(
  transaction: Transaction,
  context: StoreContext,
  marks: Marks,
  trash: string[],
): GarbageCollectionResult {
  const blobs: Digest[] = [];
  const snapshots: Digest[] = [];
  let freedBytes = 0;
  for (const { digest, size_bytes: sizeBytes } of transaction.all("SELECT digest, size_bytes FROM blobs")) {
    if (marks.blobs.has(String(digest)) || !isDigest(String(digest))) continue;
    forgetBlob(transaction, String(digest));
    trash.push(...moveToTrash(context, context.paths.blob(digest as Digest)));
    blobs.push(digest as Digest);
    freedBytes += Number(sizeBytes);
  }
  for (const { chain_id: chainId, size_bytes: sizeBytes } of transaction.all(
    "SELECT chain_id, size_bytes FROM snapshots",
  )) {
    if (marks.snapshots.has(String(chainId)) || !isDigest(String(chainId))) continue;
    forgetSnapshot(transaction, String(chainId));
    trash.push(...moveToTrash(context, context.paths.snapshot(chainId as Digest)));
    snapshots.push(chainId as Digest);
    freedBytes += Number(sizeBytes);
  }
  return { blobs, snapshots, freedBytes };
}

export function forgetBlob(transaction: Transaction, digest: string): void {
  transaction.run("DELETE FROM blobs WHERE digest = ?", digest);
  transaction.run("DELETE FROM modules WHERE digest = ?", digest);
  deleteLabels(transaction, "blob", digest);
}

export function forgetSnapshot(transaction: Transaction, chainId: string): void {
  transaction.run("DELETE FROM snapshots WHERE chain_id = ?", chainId);
  transaction.run("DELETE FROM modules WHERE digest = ?", chainId);
  deleteLabels(transaction, "snapshot", chainId);
}

/** Takes a file or directory out of sight; answers its name in the trash, or nothing when it was missing already. */
export function moveToTrash(context: StoreContext, path: string): string[] {
  const name = randomUUID();
  try {
    renameSync(path, join(context.paths.trash, name));
    return [name];
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
