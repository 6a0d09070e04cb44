import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { errorCode } from "@wherry/base";

export interface DirectoryUsage {
  /** Space taken on the file system, as `du` counts: blocks, hard links once. */
  readonly bytes: number;
  readonly inodes: number;
  /** False where a limit of the measurement was met: then at least that much is used. */
  readonly complete: boolean;
}

export interface MeasureUsageOptions {
  /** Entries after which the measurement ends. @default 1,000,000 */
  readonly maxEntries?: number;
  readonly signal?: AbortSignal | undefined;
}

const maxDepth = 256;

/**
 * Measures what a directory and everything below it take up.
 *
 * Safe on trees that guests change meanwhile: links are not followed, other file systems are left out, and depth and number of
 * entries are bounded.
 */
export async function measureUsage(directory: string, options: MeasureUsageOptions = {}): Promise<DirectoryUsage> {
  const measurement = new UsageMeasurement(options);
  const handle = await openDirectory(directory);
  if (handle === undefined) return { bytes: 0, inodes: 0, complete: true };
  try {
    await measurement.start(handle);
  } finally {
    await handle.close();
  }
  return measurement;
}

class UsageMeasurement implements DirectoryUsage {
  bytes = 0;
  inodes = 0;
  complete = true;
  readonly #options: MeasureUsageOptions;
  readonly #maxEntries: number;
  readonly #linked: Set<number> = new Set();
  #device = 0;

  constructor(options: MeasureUsageOptions) {
    this.#options = options;
    this.#maxEntries = options.maxEntries ?? 1_000_000;
  }

  async start(directory: FileHandle): Promise<void> {
    const info = await directory.stat();
    this.#device = info.dev;
    this.#count(info);
    await this.#walk(directory, 0);
  }

  async #walk(directory: FileHandle, depth: number): Promise<void> {
    if (depth >= maxDepth) {
      this.complete = false;
      return;
    }
    const path = `/proc/self/fd/${directory.fd}`;
    for (const name of await readdir(path, { encoding: "buffer" })) {
      this.#options.signal?.throwIfAborted();
      if (this.inodes >= this.#maxEntries) {
        this.complete = false;
        return;
      }
      await this.#visit(Buffer.concat([Buffer.from(`${path}/`), name]), depth);
    }
  }

  async #visit(path: Buffer, depth: number): Promise<void> {
    let info: Awaited<ReturnType<typeof lstat>>;
    try {
      info = await lstat(path);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return;
      throw error;
    }
    if (info.dev !== this.#device) return;
    this.#count(info);
    if (!info.isDirectory()) return;
    const child = await openDirectory(path);
    if (child === undefined) return;
    try {
      if ((await child.stat()).dev === this.#device) await this.#walk(child, depth + 1);
    } finally {
      await child.close();
    }
  }

  #count(info: {
    readonly ino: number;
    readonly nlink: number;
    readonly blocks: number;
    isDirectory(): boolean;
  }): void {
    if (info.nlink > 1 && !info.isDirectory()) {
      if (this.#linked.has(info.ino)) return;
      this.#linked.add(info.ino);
    }
    this.inodes++;
    this.bytes += info.blocks * 512;
  }
}

/** Undefined for what is no directory, gone, or closed to us. */
async function openDirectory(path: string | Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "EACCES") return undefined;
    throw error;
  }
}
