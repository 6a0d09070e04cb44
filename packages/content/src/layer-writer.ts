import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { errorCode, type Logger } from "@wherry/base";
import { linkInsideTree, splitArchivePath } from "./archive-path.ts";
import { addContext } from "./errors.ts";
import type { UnpackBudget } from "./layer-limits.ts";
import { PathTable } from "./path-table.ts";
import { placePath, RootedTree, type TreeDirectory, type TreePlace } from "./rooted-tree.ts";
import { invalidArchive } from "./tar-header.ts";
import { readTar, type TarEntry } from "./tar-reader.ts";

const whiteoutPrefix = ".wh.";
const opaqueWhiteout = ".wh..wh..opq";
const createFlags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
const maxWarnings = 20;
const maxSyncedEntries = 128;
const maxShownPath = 200;

/**
 * Applies layers to a directory, one after the other (OCI image specification, "Image Layer Filesystem Changeset").
 *
 * The archive is a stranger's: everything is created beneath an open handle and nothing outside of the directory is ever
 * touched. Names that climb out and damaged archives fail the layer; devices, pipes and links that lead out are left out with
 * a warning. Owners and set-ID bits are dropped.
 *
 * It waits for the disk at every entry, and so belongs into a thread of its own. What it remembers grows with the entries
 * counted by `budget` alone (`PathTable`), and few directories are open at a time.
 */
export class LayerWriter implements Disposable {
  readonly #tree: RootedTree;
  readonly #budget: UnpackBudget;
  readonly #logger: Logger;
  readonly #paths: PathTable = new PathTable();
  /** Number of the current layer, from 1 on. */
  #layer = 0;
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

  /** Number of paths that are remembered. */
  get rememberedPaths(): number {
    return this.#paths.size;
  }

  /** Applies one layer; what it changed stays when it fails. Errors name the entry. */
  async apply(archive: AsyncIterable<Uint8Array>): Promise<void> {
    this.#layer++;
    for await (const entry of readTar(archive)) {
      this.#tree.trim();
      try {
        this.#budget.countEntry();
        await this.#applyEntry(entry);
      } catch (error) {
        throw addContext(error, `entry ${JSON.stringify(entry.path.slice(0, maxShownPath))}`);
      }
    }
  }

  /**
   * Sets the times of directories and, where there is little (never on Windows, which syncs no directories), waits until all
   * would survive a power failure; answers whether it did. To be called once, after the last layer.
   */
  finish(): boolean {
    const sync = this.#budget.entries <= maxSyncedEntries && process.platform !== "win32";
    this.#tree.trim();
    this.#finishDirectory(this.#tree.root, sync);
    return sync;
  }

  #finishDirectory(directory: TreeDirectory, sync: boolean): void {
    for (const entry of this.#tree.list(directory)) {
      if (entry.isDirectory()) {
        const child = this.#tree.enter({ directory, name: entry.name });
        this.#finishDirectory(child, sync);
        this.#tree.leave(child);
      } else if (sync && entry.isFile()) syncPath(directory.entry(entry.name));
    }
    const seconds = this.#paths.time(directory.path);
    if (seconds !== undefined) utimesSync(directory.entry("."), seconds, seconds);
    if (sync) syncPath(directory.entry("."));
  }

  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]();
  }

  async #applyEntry(entry: TarEntry): Promise<void> {
    const segments = splitArchivePath(entry.path);
    const name = segments.at(-1);
    if (name === undefined) return;
    if (name.startsWith(whiteoutPrefix)) return this.#applyWhiteout(segments, name);
    const place = this.#tree.locate(segments, { create: true, onCreate: () => this.#budget.countEntry() });
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
    this.#remember(placePath(place));
    if (entry.type === "directory") this.#paths.setTime(placePath(place), entry.mtimeSeconds);
  }

  /** Notes that the layer made a path, and passed through the directories above it: its whiteouts do not concern these. */
  #remember(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1))
      if (!this.#paths.mark(path.slice(0, end), this.#layer)) return;
  }

  #applyWhiteout(segments: readonly string[], name: string): void {
    try {
      if (name === opaqueWhiteout) {
        const directory = this.#directoryAt(segments.slice(0, -1));
        // Once for each layer: a second time finds nothing of a lower one, whatever it costs to look.
        if (this.#paths.mark(placePath({ directory, name }), this.#layer)) this.#clear(directory);
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
    // A listing may pass over entries when others go meanwhile, so it is made until nothing is left to remove.
    for (let removed = true; removed; ) {
      removed = false;
      for (const { name } of this.#tree.list(directory)) if (this.#hide({ directory, name })) removed = true;
    }
  }

  /** Removes what a lower layer put at a place, or below it where the current layer has a part in it; answers whether the place is free now. */
  #hide(place: TreePlace): boolean {
    if (!this.#paths.isMarked(placePath(place), this.#layer)) {
      this.#tree.remove(place);
      return true;
    }
    if (this.#tree.stat(place)?.isDirectory()) {
      const directory = this.#tree.enter(place);
      this.#clear(directory);
      this.#tree.leave(directory);
    }
    return false;
  }

  #makeDirectory(place: TreePlace, entry: TarEntry): void {
    const path = place.directory.entry(place.name);
    const present = this.#tree.stat(place);
    if (present !== undefined && !present.isDirectory()) this.#tree.remove(place);
    if (present?.isDirectory() !== true) mkdirSync(path, 0o755);
    chmodSync(path, (entry.mode & 0o777) | 0o700);
  }

  async #makeFile(place: TreePlace, entry: TarEntry): Promise<void> {
    if (this.#tree.stat(place) !== undefined) this.#tree.remove(place);
    const descriptor = openSync(place.directory.entry(place.name), createFlags, 0o600);
    try {
      for await (const chunk of entry.content)
        for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      fchmodSync(descriptor, (entry.mode & 0o777) | 0o400);
      futimesSync(descriptor, entry.mtimeSeconds, entry.mtimeSeconds);
    } finally {
      closeSync(descriptor);
    }
    this.#fileBytes += entry.sizeBytes;
  }

  #makeSymbolicLink(place: TreePlace, entry: TarEntry): boolean {
    const target = linkInsideTree(place.directory.segments, entry.linkPath);
    if (target === undefined) {
      this.#warn("Left out of the unpacked image: the symbolic link leads out of it or is too long", entry);
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
    if (stat === undefined) throw invalidArchive("it links to a file that is not there");
    // A symbolic link at another depth would lead elsewhere.
    if (!stat.isFile()) {
      this.#warn("Left out of the unpacked image: the hard link is not to a file", entry);
      return false;
    }
    if (placePath(source) === placePath(place)) return true;
    if (this.#tree.stat(place) !== undefined) this.#tree.remove(place);
    if (this.#tree.stat(source) === undefined) throw invalidArchive("it replaces the file it links to");
    linkSync(source.directory.entry(source.name), place.directory.entry(place.name));
    return true;
  }

  #linkSource(entry: TarEntry): TreePlace {
    try {
      return this.#tree.locate(splitArchivePath(entry.linkPath), { create: false });
    } catch (error) {
      if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") throw error;
      throw Object.assign(invalidArchive("it links to a file that is not there"), { cause: error });
    }
  }

  #warn(message: string, entry: TarEntry): void {
    if (++this.#warnings > maxWarnings) return;
    const { path, type, linkPath } = entry;
    this.#logger.warn(message, {
      path: path.slice(0, maxShownPath),
      type,
      ...(linkPath === "" ? {} : { linkPath: linkPath.slice(0, maxShownPath) }),
    });
  }
}

function syncPath(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
