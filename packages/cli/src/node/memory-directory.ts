import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, WherryError } from "@wherry/base";

/** Where Linux keeps a file system in memory that every user may write to. */
const sharedMemory = "/dev/shm";

/** Where the node with this root directory has its directory in memory. */
export function memoryDirectoryPath(rootDirectory: string): string {
  const name = createHash("sha256").update(rootDirectory).digest("hex").slice(0, 12);
  return join(sharedMemory, `wherry-${process.getuid?.() ?? 0}-${name}`);
}

/**
 * Makes a directory in memory for one node, where the system has such a place: for secrets, which are not to reach the disk, and
 * for what is pointless after a reboot. Its name tells the node's root directory, so that the next process finds it again.
 *
 * @throws WherryError when somebody else made it before, or may write to it
 */
export async function openMemoryDirectory(rootDirectory: string): Promise<string | undefined> {
  if (!existsSync(sharedMemory)) return undefined;
  const user = process.getuid?.() ?? 0;
  const path = memoryDirectoryPath(rootDirectory);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const info = await lstat(path);
  if (info.isDirectory() && info.uid === user && (info.mode & 0o022) === 0) return path;
  throw new WherryError(
    "DirectoryUnusable",
    `Cannot use "${path}" for the node's secrets: expected a directory that only user ${user} can write to; remove it`,
  );
}

/**
 * The directory of the engine's sockets and records: in memory, with a link to it at `ROOT/engine`.
 *
 * They mean nothing after a reboot, and making files on a disk is much of what starting a pod takes.
 */
export async function engineDirectory(rootDirectory: string, memoryDirectory: string | undefined): Promise<string> {
  const onDisk = join(rootDirectory, "engine");
  if (memoryDirectory === undefined) return onDisk;
  const inMemory = join(memoryDirectory, "engine");
  try {
    await symlink(inMemory, onDisk);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    // Of a time when there was no memory to keep it in: its sandboxes are to be found again.
    if ((await lstat(onDisk)).isDirectory()) return onDisk;
  }
  return inMemory;
}

/**
 * Removes the node's directory in memory where none of its sandboxes is left: then nothing is lost that a reboot would keep,
 * and no secret stays behind of a node that may never start again.
 */
export async function releaseMemoryDirectory(memoryDirectory: string, engine: string): Promise<void> {
  const sandboxes = await readdir(join(engine, "sandboxes")).catch(() => []);
  if (sandboxes.length === 0) await rm(memoryDirectory, { recursive: true, force: true });
}
