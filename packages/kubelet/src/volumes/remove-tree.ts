import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, type FileHandle, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { errorCode } from "@wherry/base";
import { VolumeFault } from "./volume-fault.ts";

const maxDepth = 32;
const maxPasses = 16;
const unlinksAtOnce = 32;

/**
 * Removes `name` in the directory `parent` with everything in it; nothing happens when it is not there.
 *
 * Safe on trees that guests made and others change meanwhile: each directory is opened under its parent's handle, links are
 * removed and never followed, a directory of another file system (something mounted there) is an error, directories without
 * permissions are opened up, and trees of any depth and names of any bytes are removed with a bounded number of handles.
 *
 * @param parent absolute, owned by the caller
 */
export async function removeTree(parent: string, name: string): Promise<void> {
  if (process.platform !== "linux") {
    await rm(`${parent}/${name}`, { recursive: true, force: true });
    return;
  }
  const path = Buffer.from(`${parent}/${name}`);
  for (let pass = 0; pass < maxPasses; pass++) {
    if (await unlinkFile(path)) return;
    const root = await openDirectory(path);
    if (root === undefined) continue;
    try {
      await new TreeRemoval(root.handle, root.device).run();
    } finally {
      await root.handle.close();
    }
    if (await removeEmpty(path)) return;
  }
  throw busy(path);
}

function busy(path: Buffer): VolumeFault {
  return new VolumeFault("StorageFailed", `somebody keeps writing to "${path.toString()}" while it is removed`);
}

class TreeRemoval {
  readonly #root: FileHandle;
  readonly #device: number;
  /** Directories that were moved up to the root because they lay too deep. */
  #moved = false;

  constructor(root: FileHandle, device: number) {
    this.#root = root;
    this.#device = device;
  }

  async run(): Promise<void> {
    do {
      this.#moved = false;
      await this.#empty(this.#root, 0);
    } while (this.#moved);
  }

  async #empty(directory: FileHandle, depth: number): Promise<void> {
    const names = await readdir(handlePath(directory), { encoding: "buffer" });
    const directories: Buffer[] = [];
    for (let from = 0; from < names.length; from += unlinksAtOnce) {
      const paths = names.slice(from, from + unlinksAtOnce).map((name) => entryPath(directory, name));
      const results = await Promise.allSettled(paths.map(unlinkFile));
      for (const [index, result] of results.entries()) {
        if (result.status === "rejected") throw result.reason;
        const path = paths[index];
        if (!result.value && path !== undefined) directories.push(path);
      }
    }
    for (const path of directories) await this.#removeDirectory(path, depth);
  }

  async #removeDirectory(path: Buffer, depth: number): Promise<void> {
    for (let pass = 0; pass < maxPasses; pass++) {
      if (depth >= maxDepth) {
        await rename(path, entryPath(this.#root, Buffer.from(randomUUID())));
        this.#moved = true;
        return;
      }
      const child = await openDirectory(path);
      if (child === undefined) {
        // Replaced by something else since the try to unlink it.
        if (await unlinkFile(path)) return;
        continue;
      }
      try {
        if (child.device !== this.#device)
          throw new VolumeFault("StorageFailed", `another file system is mounted at "${path.toString()}"`);
        await this.#empty(child.handle, depth + 1);
      } finally {
        await child.handle.close();
      }
      if (await removeEmpty(path)) return;
    }
    throw busy(path);
  }
}

/** Whether nothing is at `path` any more: false when it is a directory. */
async function unlinkFile(path: Buffer): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return true;
    // POSIX says EPERM, Linux EISDIR.
    if (code === "EISDIR" || code === "EPERM") return false;
    throw error;
  }
}

interface OpenedDirectory {
  readonly handle: FileHandle;
  readonly device: number;
}

/** Undefined when it is not a directory. */
async function openDirectory(path: Buffer): Promise<OpenedDirectory | undefined> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    if (code !== "EACCES") throw error;
    await openUp(path);
    handle = await open(path, flags);
  }
  try {
    const { mode, dev: device } = await handle.stat();
    if ((mode & 0o700) !== 0o700) await handle.chmod(0o700);
    return { handle, device };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Gives a directory's owner all permissions without following a link put in its place. */
async function openUp(path: Buffer): Promise<void> {
  const named = await open(path, 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await chmod(handlePath(named), 0o700);
  } finally {
    await named.close();
  }
}

async function removeEmpty(path: Buffer): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return true;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR") return false;
    throw error;
  }
}

function handlePath(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

function entryPath(directory: FileHandle, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${handlePath(directory)}/`), name]);
}
