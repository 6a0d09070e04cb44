import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open, readlink } from "node:fs/promises";
import { errorCode } from "@wherry/base";
import { VolumeFault } from "./volume-fault.ts";

// Linux's O_PATH: a handle that names a file without opening it. Node does not export it; the value is the same on x86-64 and arm64.
const openPath = 0o10000000;
const maxLinks = 40;

export interface ResolveBeneathOptions {
  /** Makes missing directories with these permission bits; without it a missing segment is `MissingReference`. */
  readonly createMode?: number;
  /** Called before each segment is opened; lets tests change the tree in between. */
  readonly onSegment?: (segment: string) => Promise<void>;
}

/** A file or directory found beneath a root. */
export interface BeneathPath {
  /** Absolute and free of links at the time of the call. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/**
 * Finds `relative` beneath the directory `root` as Linux's `openat2` with `RESOLVE_BENEATH` does: each segment is opened under
 * its parent's handle without following links, links are followed by hand while they stay beneath the root.
 *
 * Never leaves the root, whatever another process changes meanwhile; directories are created only beneath it. The answer's
 * path is what the kernel names the handle reached, and it was beneath the root.
 *
 * @param root absolute, without links itself
 * @throws VolumeFault `InvalidVolume` when the path leads outside, through a file or through too many links
 */
export async function resolveBeneath(
  root: string,
  relative: string,
  options: ResolveBeneathOptions = {},
): Promise<BeneathPath> {
  const walk = new BeneathWalk(await openRoot(root), relative, options);
  try {
    return await walk.run(root);
  } finally {
    await walk.close();
  }
}

/**
 * Reads the regular file `relative` beneath the directory `root`, under the rules of {@link resolveBeneath}.
 *
 * @returns undefined when there is no such file
 * @throws VolumeFault `InvalidVolume` for a path that leads outside, for what is no regular file, and for more than `maxBytes`
 */
export async function readBeneath(root: string, relative: string, maxBytes: number): Promise<Buffer | undefined> {
  const walk = new BeneathWalk(await openRoot(root), relative, {});
  try {
    return await walk.read(root, maxBytes);
  } catch (error) {
    if (error instanceof VolumeFault && error.code === "MissingReference") return undefined;
    throw error;
  } finally {
    await walk.close();
  }
}

async function openRoot(root: string): Promise<FileHandle> {
  try {
    return await open(root, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === "ENOENT")
      throw new VolumeFault("MissingReference", `directory "${root}" does not exist`, { cause: error });
    throw error;
  }
}

class BeneathWalk {
  readonly #relative: string;
  readonly #options: ResolveBeneathOptions;
  readonly #handles: FileHandle[];
  readonly #names: string[] = [];
  /** Segments still to walk, the next one last. */
  readonly #pending: string[];
  #links = 0;
  #isDirectory = true;

  constructor(root: FileHandle, relative: string, options: ResolveBeneathOptions) {
    this.#handles = [root];
    this.#relative = relative;
    this.#options = options;
    this.#pending = relative.split("/").reverse();
  }

  async run(root: string): Promise<BeneathPath> {
    if (this.#relative.startsWith("/")) throw this.#outside();
    for (let segment = this.#pending.pop(); segment !== undefined; segment = this.#pending.pop()) {
      if (segment === "" || segment === ".") continue;
      if (!this.#isDirectory) throw this.#throughFile();
      if (segment === "..") await this.#up();
      else await this.#down(segment);
    }
    const path = await readlink(handlePath(this.#last()));
    if (path !== [root === "/" ? "" : root, ...this.#names].join("/") && !(root === "/" && path === "/"))
      throw new VolumeFault("StorageFailed", `"${this.#relative}" was moved while it was opened`, { retryable: true });
    return { path, isDirectory: this.#isDirectory };
  }

  async read(root: string, maxBytes: number): Promise<Buffer> {
    await this.run(root);
    const named = this.#last();
    if (!(await named.stat()).isFile())
      throw new VolumeFault("InvalidVolume", `"${this.#relative}" is not a regular file`);
    const file = await open(handlePath(named), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(Math.min((await file.stat()).size, maxBytes) + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < buffer.length; length += read)
        read = (await file.read(buffer, length, buffer.length - length, length)).bytesRead;
      if (length > maxBytes)
        throw new VolumeFault("InvalidVolume", `"${this.#relative}" is larger than ${maxBytes} bytes`);
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    for (const handle of this.#handles.splice(0)) await handle.close();
  }

  async #up(): Promise<void> {
    if (this.#names.length === 0) throw this.#outside();
    this.#names.pop();
    await this.#handles.pop()?.close();
  }

  async #down(segment: string): Promise<void> {
    await this.#options.onSegment?.(segment);
    const path = `${handlePath(this.#last())}/${segment}`;
    const child = await this.#open(path);
    let keep = false;
    try {
      const info = await child.stat();
      if (info.isSymbolicLink()) {
        await this.#follow(path, segment);
        return;
      }
      this.#isDirectory = info.isDirectory();
      keep = true;
    } finally {
      if (!keep) await child.close();
    }
    this.#handles.push(child);
    this.#names.push(segment);
  }

  async #open(path: string): Promise<FileHandle> {
    const { createMode } = this.#options;
    const flags = openPath | constants.O_NOFOLLOW;
    try {
      return await open(path, flags);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      if (createMode === undefined)
        throw new VolumeFault("MissingReference", `"${this.#relative}" does not exist in the volume`, { cause: error });
    }
    try {
      await mkdir(path, createMode);
    } catch (error) {
      // Somebody else was faster; what is there now is judged like anything else.
      if (errorCode(error) === "EEXIST") return open(path, flags);
      throw error;
    }
    const made = await open(path, flags);
    try {
      // Not the mode of `mkdir`, which the process's umask narrows. A link put in its place meanwhile is left alone.
      if ((await made.stat()).isDirectory()) await chmod(handlePath(made), createMode);
      return made;
    } catch (error) {
      await made.close();
      throw error;
    }
  }

  async #follow(path: string, segment: string): Promise<void> {
    if (++this.#links > maxLinks)
      throw new VolumeFault("InvalidVolume", `"${this.#relative}" leads through more than ${maxLinks} links`);
    let target: string;
    try {
      target = await readlink(path);
    } catch (error) {
      // No longer a link: look at the segment again.
      if (errorCode(error) !== "EINVAL" && errorCode(error) !== "ENOENT") throw error;
      this.#pending.push(segment);
      return;
    }
    if (target.startsWith("/")) throw this.#outside();
    this.#pending.push(...target.split("/").reverse());
  }

  #last(): FileHandle {
    const handle = this.#handles.at(-1);
    if (handle === undefined) throw new TypeError("The walk is closed");
    return handle;
  }

  #outside(): VolumeFault {
    return new VolumeFault("InvalidVolume", `"${this.#relative}" leads outside of the volume`);
  }

  #throughFile(): VolumeFault {
    return new VolumeFault("InvalidVolume", `"${this.#relative}" leads through something that is not a directory`);
  }
}

function handlePath(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}
