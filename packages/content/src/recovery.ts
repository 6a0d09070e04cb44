import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { type Digest, isDigest } from "@wherry/distribution";
import { endLeases, endStaleIngests, forgetBlob, forgetSnapshot, moveToTrash } from "./garbage-collection.ts";
import type { Transaction } from "./metadata-database.ts";
import { removeTree } from "./remove-tree.ts";
import type { StoreContext } from "./store-context.ts";

/**
 * Brings files and metadata of a store together again after a crash: rows without their file go, files without a row go,
 * unfinished work of processes that are gone goes unless it can be resumed.
 *
 * Holds the write lock, and touches nothing another live process is working on.
 */
export async function recover(context: StoreContext): Promise<void> {
  const { database, paths, logger } = context;
  const removed = await database.write((transaction) => {
    endLeases(transaction, context, context.clock.now());
    return {
      blobRows: dropRowsWithoutBlob(transaction, context),
      snapshotRows: dropRowsWithoutSnapshot(transaction, context),
      blobFiles: dropBlobsWithoutRow(transaction, context),
      snapshotDirectories: dropSnapshotsWithoutRow(transaction, context),
      ingests: dropUnknownIngests(transaction, context),
    };
  });
  for (const entry of list(paths.trash)) await removeTree(join(paths.trash, entry.name));
  if (Object.values(removed).some((count) => count > 0)) logger.warn("Content store recovered", removed);
}

function dropRowsWithoutBlob(transaction: Transaction, { paths }: StoreContext): number {
  let dropped = 0;
  for (const { digest, size_bytes: sizeBytes } of transaction.all("SELECT digest, size_bytes FROM blobs")) {
    const size = isDigest(String(digest)) ? fileSize(paths.blob(digest as Digest)) : undefined;
    if (size === Number(sizeBytes)) continue;
    forgetBlob(transaction, String(digest));
    dropped++;
  }
  return dropped;
}

function dropRowsWithoutSnapshot(transaction: Transaction, { paths, process }: StoreContext): number {
  let dropped = 0;
  for (const { chain_id: chainId, boot } of transaction.all("SELECT chain_id, boot FROM snapshots")) {
    const isWhole = boot === null || (boot !== "" && boot === process.boot);
    if (isWhole && isDigest(String(chainId)) && isDirectory(paths.snapshot(chainId as Digest))) continue;
    forgetSnapshot(transaction, String(chainId));
    dropped++;
  }
  return dropped;
}

function dropBlobsWithoutRow(transaction: Transaction, context: StoreContext): number {
  let dropped = 0;
  for (const algorithm of list(context.paths.blobs)) {
    const directory = join(context.paths.blobs, algorithm.name);
    for (const { name } of list(directory)) {
      const row = transaction.get("SELECT 1 FROM blobs WHERE digest = ?", `${algorithm.name}:${name}`);
      if (row === undefined) dropped += moveToTrash(context, join(directory, name)).length;
    }
  }
  return dropped;
}

function dropSnapshotsWithoutRow(transaction: Transaction, context: StoreContext): number {
  let dropped = 0;
  for (const { name } of list(context.paths.snapshots)) {
    const chainId = name.replace("-", ":");
    const row = transaction.get("SELECT 1 FROM snapshots WHERE chain_id = ?", chainId);
    if (row === undefined) dropped += moveToTrash(context, join(context.paths.snapshots, name)).length;
  }
  return dropped;
}

function dropUnknownIngests(transaction: Transaction, context: StoreContext): number {
  let dropped = endStaleIngests(transaction, context).length;
  const known = new Set(transaction.all("SELECT directory FROM ingests").map(({ directory }) => directory));
  for (const { name } of list(context.paths.ingest)) {
    if (!known.has(name)) dropped += moveToTrash(context, join(context.paths.ingest, name)).length;
  }
  return dropped;
}

function list(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}

function fileSize(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : undefined;
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
