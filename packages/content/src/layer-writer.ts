import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsync,
  futimesSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  write,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { errorCode, type Logger } from "@wherry/base";
import { linkInsideTree, splitArchivePath } from "./archive-path.ts";
import { ContentError } from "./errors.ts";
import type { UnpackBudget } from "./layer-limits.ts";
import { pathKey, RootedTree, type TreeDirectory, type TreePlace } from "./rooted-tree.ts";
import { readTar, type TarEntry } from "./tar-reader.ts";

const writeAsync = promisify(write);
const fsyncAsync = promisify(fsync);

const whiteoutPrefix = ".wh.";
const opaqueWhiteout = ".wh..wh..opq";
const createFlags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
/** Pieces up to this size are written at once: cheaper than a trip to the thread pool, short enough for the event loop. */
const synchronousBytes = 32 * 1024;
const maxWarnings = 20;
const maxSyncedFiles = 64;

/**
 * Applies layers to a directory, one after the other (OCI image specification, "Image Layer Filesystem Changeset").
 *
 * The archive is a stranger's: everything is created beneath an open handle and nothing outside of the directory is ever
 * touched. Names that climb out and damaged archives fail the layer; devices, pipes and links that lead out are left out with
 * a warning. Owners and set-ID bits are dropped.
 */
export class LayerWriter implements Disposable {
  readonly #tree: RootedTree;
  readonly #budget: UnpackBudget;
  readonly #logger: Logger;
  /** Paths the current layer made, with the directories above them: its whiteouts do not concern these. */
  #made: Set<string> = new Set();
  /** Times of directories, set when nothing more is put into them. */
  readonly #directoryTimes: Map<string, number> = new Map();
  /** The files written, as long as there are few. */
  readonly #files: string[][] = [];
  #warnings = 0;
  #fileBytes = 0;

  /** @param directory exists and is written to by nobody else */
  constructor(directory: string, budget: UnpackBudget, logger: Logger) {
    this.#tree = new RootedTree(directory);
    this.#budget = budget;
    this.#logger = logger;
  }

  /** Bytes of the files written. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Applies one layer; what it changed stays when it fails. */
  async apply(archive: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void> {
    this.#made = new Set();
    for await (const entry of readTar(archive)) {
      signal?.throwIfAborted();
      this.#budget.countEntry();
      this.#tree.trim();
      await this.#applyEntry(entry);
    }
  }

  /**
   * Sets the times of directories and, where there are few files (never on Windows, which syncs no directories), waits until all would survive a power failure; answers
   * whether it did. To be called once, after the last layer.
   */
  async finish(): Promise<boolean> {
    for (const [key, seconds] of this.#directoryTimes) {
      const place = this.#find(key.split("/"));
      if (place !== undefined && this.#tree.stat(place)?.isDirectory())
        utimesSync(place.directory.entry(place.name), seconds, seconds);
      this.#tree.trim();
    }
    if (this.#files.length > maxSyncedFiles || process.platform === "win32") return false;
    const directories = new Set<string>();
    for (const segments of this.#files) {
      const place = this.#find(segments);
      if (place !== undefined) await syncPath(place.directory.entry(place.name));
      for (let depth = segments.length - 1; depth > 0; depth--) directories.add(pathKey(segments.slice(0, depth)));
      this.#tree.trim();
    }
    for (const key of directories) {
      const place = this.#find(key.split("/"));
      if (place !== undefined) await syncPath(place.directory.entry(place.name));
      this.#tree.trim();
    }
    await syncPath(this.#tree.root.entry("."));
    return true;
  }

  /** The place of something written earlier, unless it was removed, replaced or hidden behind a link meanwhile. */
  #find(segments: readonly string[]): TreePlace | undefined {
    const place = this.#tree.follow(segments);
    if (place === undefined) return undefined;
    return pathKey([...place.directory.segments, place.name]) === pathKey(segments) ? place : undefined;
  }

  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]();
  }

  async #applyEntry(entry: TarEntry): Promise<void> {
    const segments = splitArchivePath(entry.path);
    const name = segments.at(-1);
    if (name === undefined) return;
    if (name.startsWith(whiteoutPrefix)) return this.#applyWhiteout(segments, name);
    const place = this.#tree.locate(segments, { create: true });
    switch (entry.type) {
      case "directory":
        this.#makeDirectory(place, entry);
        break;
      case "file":
        await this.#makeFile(place, entry);
        break;
      case "symbolic-link":
        if (!this.#makeSymbolicLink(place, entry)) return;
        break;
      case "hard-link":
        if (!this.#makeHardLink(place, entry)) return;
        break;
      default:
        this.#warn("Left out of the unpacked image: only files, directories and links are supported", entry);
        return;
    }
    this.#remember([...place.directory.segments, place.name]);
  }

  #remember(segments: readonly string[]): void {
    for (let length = segments.length; length > 0; length--) {
      const key = pathKey(segments.slice(0, length));
      if (this.#made.has(key)) return;
      this.#made.add(key);
    }
  }

  #applyWhiteout(segments: readonly string[], name: string): void {
    try {
      if (name === opaqueWhiteout) {
        this.#clear(this.#directoryAt(segments.slice(0, -1)));
        return;
      }
      const hidden = name.slice(whiteoutPrefix.length);
      // Names such as `.wh..wh.plnk` belong to aufs and hide nothing.
      if (hidden === "" || hidden.startsWith(whiteoutPrefix)) return;
      const place = this.#tree.locate([...segments.slice(0, -1), hidden], { create: false });
      this.#hide(place);
    } catch (error) {
      if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") throw error;
    }
  }

  #directoryAt(segments: readonly string[]): TreeDirectory {
    // Locating a name inside resolves the whole path, also where its last part is a link.
    return this.#tree.locate([...segments, "x"], { create: false }).directory;
  }

  /** Removes what lower layers put into a directory. */
  #clear(directory: TreeDirectory): void {
    for (const name of this.#tree.list(directory)) this.#hide({ directory, name });
  }

  #hide(place: TreePlace): void {
    const key = pathKey([...place.directory.segments, place.name]);
    if (!this.#made.has(key)) this.#tree.remove(place);
    else if (this.#tree.stat(place)?.isDirectory()) this.#clear(this.#tree.enter(place));
  }

  #makeDirectory(place: TreePlace, entry: TarEntry): void {
    const path = place.directory.entry(place.name);
    const present = this.#tree.stat(place);
    if (present !== undefined && !present.isDirectory()) this.#tree.remove(place);
    if (present?.isDirectory() !== true) mkdirSync(path, 0o755);
    chmodSync(path, (entry.mode & 0o777) | 0o700);
    this.#directoryTimes.set(pathKey([...place.directory.segments, place.name]), entry.mtimeSeconds);
  }

  async #makeFile(place: TreePlace, entry: TarEntry): Promise<void> {
    if (this.#tree.stat(place) !== undefined) this.#tree.remove(place);
    const descriptor = openSync(place.directory.entry(place.name), createFlags, 0o600);
    try {
      for await (const chunk of entry.content) await writeWhole(descriptor, chunk);
      fchmodSync(descriptor, (entry.mode & 0o777) | 0o400);
      futimesSync(descriptor, entry.mtimeSeconds, entry.mtimeSeconds);
    } finally {
      closeSync(descriptor);
    }
    this.#fileBytes += entry.sizeBytes;
    if (this.#files.length <= maxSyncedFiles) this.#files.push([...place.directory.segments, place.name]);
  }

  #makeSymbolicLink(place: TreePlace, entry: TarEntry): boolean {
    const target = linkInsideTree(place.directory.segments, entry.linkPath);
    if (target === undefined) {
      this.#warn("Left out of the unpacked image: the symbolic link leads out of it", entry);
      return false;
    }
    if (this.#tree.stat(place) !== undefined) this.#tree.remove(place);
    const path = place.directory.entry(place.name);
    symlinkSync(target, path);
    lutimesSync(path, entry.mtimeSeconds, entry.mtimeSeconds);
    return true;
  }

  #makeHardLink(place: TreePlace, entry: TarEntry): boolean {
    const source = this.#linkSource(entry);
    const stat = this.#tree.stat(source);
    if (stat === undefined)
      throw new ContentError(
        "InvalidArchive",
        `Invalid tar archive: ${describe(entry)} links to a file that is not there`,
      );
    // A symbolic link at another depth would lead elsewhere.
    if (!stat.isFile()) {
      this.#warn("Left out of the unpacked image: the hard link is not to a file", entry);
      return false;
    }
    const sameKey = pathKey([...source.directory.segments, source.name]);
    if (sameKey === pathKey([...place.directory.segments, place.name])) return true;
    if (this.#tree.stat(place) !== undefined) this.#tree.remove(place);
    if (this.#tree.stat(source) === undefined)
      throw new ContentError("InvalidArchive", `Invalid tar archive: ${describe(entry)} replaces the file it links to`);
    linkSync(source.directory.entry(source.name), place.directory.entry(place.name));
    return true;
  }

  #linkSource(entry: TarEntry): TreePlace {
    try {
      return this.#tree.locate(splitArchivePath(entry.linkPath), { create: false });
    } catch (error) {
      if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") throw error;
      throw new ContentError(
        "InvalidArchive",
        `Invalid tar archive: ${describe(entry)} links to a file that is not there`,
        {
          cause: error,
        },
      );
    }
  }

  #warn(message: string, entry: TarEntry): void {
    if (++this.#warnings > maxWarnings) return;
    const { path, type, linkPath } = entry;
    this.#logger.warn(message, {
      path: path.slice(0, 200),
      type,
      ...(linkPath === "" ? {} : { linkPath: linkPath.slice(0, 200) }),
    });
  }
}

async function syncPath(path: string): Promise<void> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await fsyncAsync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function writeWhole(descriptor: number, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const rest = chunk.subarray(at);
    at +=
      rest.length <= synchronousBytes
        ? writeSync(descriptor, rest)
        : (await writeAsync(descriptor, rest, 0, rest.length, null)).bytesWritten;
  }
}

function describe(entry: TarEntry): string {
  return JSON.stringify(entry.path.slice(0, 200));
}
