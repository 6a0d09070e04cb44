import { lstat, realpath, statfs } from "node:fs/promises";
import { makeDirectory } from "./make-directory.ts";
import { podsDirectory } from "./pod-paths.ts";

/** Types of file systems in memory, from statfs(2): tmpfs and ramfs. */
const memoryFileSystems: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/**
 * Makes a directory that pods' directories go below and answers its path without links: containers get paths without links, so
 * that a runtime may refuse to follow any.
 */
export async function openDiskRoot(path: string): Promise<string> {
  await makeDirectory(podsDirectory(path), 0o750);
  return realpath(path);
}

/**
 * The same on a memory file system, whose directories are often open to everybody: somebody else may have been faster.
 *
 * @throws TypeError when it is not on a memory file system or others could write to it
 */
export async function openMemoryRoot(path: string): Promise<string> {
  await makeDirectory(path, 0o700);
  const info = await lstat(path);
  if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0)
    throw new TypeError(
      `Cannot use "${path}" for volumes in memory: expected a directory that only this user can write to`,
    );
  const { type } = await statfs(path);
  if (!memoryFileSystems.has(type))
    throw new TypeError(`Cannot use "${path}" for volumes in memory: expected a directory on tmpfs`);
  return openDiskRoot(path);
}

/** Whether a path is in the directory of some pod below `root`. */
export function isBelow(path: string, root: string): boolean {
  return path.startsWith(`${podsDirectory(root)}/`);
}
