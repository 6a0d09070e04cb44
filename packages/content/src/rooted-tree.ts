import {
  closeSync,
  constants,
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readlinkSync,
  rmSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { ContentError } from "./errors.ts";
import { maxNameBytes, maxPathBytes, maxPathNames } from "./layer-limits.ts";

/** An open directory of the tree. */
export interface TreeDirectory {
  /** Names from the root down to it; none of them is a link. */
  readonly segments: readonly string[];
  /** The same as one text, `a/b`; empty for the root. */
  readonly path: string;
  /** Path of an entry of this directory for one system call; the entry itself may be anything. */
  entry(name: string): string;
}

/** Where a path leads: an open directory and the last name, which is not followed. */
export interface TreePlace {
  readonly directory: TreeDirectory;
  readonly name: string;
}

export interface LocateOptions {
  /** Whether directories on the way are made. */
  readonly create: boolean;
  /** Called before each directory that is made; what it throws keeps it from being made. */
  readonly onCreate?: (() => void) | undefined;
}

interface OpenDirectory extends TreeDirectory {
  /** Undefined where directories cannot be used by handle. */
  readonly descriptor: number | undefined;
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const maxLinks = 40;
/** Most names looked at for one path, those of links on the way among them. */
const maxSteps = 4 * maxPathNames;
const maxOpen = 64;

/**
 * A directory tree in which paths of strangers are resolved without ever leaving it.
 *
 * Each segment is opened beneath the handle of its parent and never followed; a symbolic link on the way is read and resolved
 * inside the tree, where `/` and too many `..` mean its root. On Linux the kernel itself starts from the handle
 * (`/proc/self/fd/N`); elsewhere each segment is looked at before it is used, which is as good as long as nobody else writes
 * into the tree.
 */
export class RootedTree implements Disposable {
  readonly #root: OpenDirectory;
  readonly #byHandle: boolean;
  /** Open directories by path, the one used last at the end. */
  readonly #open: Map<string, OpenDirectory> = new Map();
  /** Directories handed out since `trim`: they stay open. */
  readonly #inUse: Set<TreeDirectory> = new Set();

  /** @param byHandle whether the system resolves paths from an open directory; found out by default */
  constructor(path: string, byHandle: boolean = existsSync("/proc/self/fd")) {
    this.#byHandle = byHandle;
    this.#root = this.#openDirectory([], "", path);
  }

  get root(): TreeDirectory {
    return this.#root;
  }

  /**
   * The place of a path; directories on the way are created where asked.
   *
   * Throws `ContentError` of code `UnsafeArchive` for names no file can have and paths that are too long, and the system's
   * error where a directory on the way is missing (`ENOENT`) or is something else (`ENOTDIR`).
   */
  locate(segments: readonly string[], options: LocateOptions): TreePlace {
    const name = segments.at(-1);
    if (name === undefined) throw new ContentError("UnsafeArchive", "A path names nothing");
    checkName(name);
    const directory = this.#walk(segments.slice(0, -1), options);
    checkPath(directory, name);
    return { directory, name };
  }

  /**
   * The directory a path leads to, links at its end followed too.
   *
   * Throws as `locate` does, also where the path leads to something that is no directory (`ENOTDIR`).
   */
  directory(segments: readonly string[]): TreeDirectory {
    return this.#walk(segments, { create: false });
  }

  /** What is at a place, without following it. */
  stat({ directory, name }: TreePlace): Stats | undefined {
    return lstatSync(directory.entry(name), { throwIfNoEntry: false });
  }

  /** The place a path leads to when a link at its end is followed too; undefined where there is none or links go in circles. */
  follow(segments: readonly string[]): TreePlace | undefined {
    let rest = segments;
    for (let links = 0; links < maxLinks; links++) {
      const place = this.#tryLocate(rest);
      const stat = place === undefined ? undefined : this.stat(place);
      if (place === undefined || stat === undefined) return undefined;
      if (!stat.isSymbolicLink()) return place;
      const target = readlinkSync(place.directory.entry(place.name));
      const names = target.split("/").filter((name) => name !== "" && name !== ".");
      rest = target.startsWith("/") ? names : [...place.directory.segments, ...names];
    }
    return undefined;
  }

  #tryLocate(segments: readonly string[]): TreePlace | undefined {
    try {
      return segments.length === 0 || segments.at(-1) === ".." ? undefined : this.locate(segments, { create: false });
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "UnsafeArchive"].includes(errorCode(error) ?? "")) return undefined;
      throw error;
    }
  }

  /** Removes what is at a place with all below it. */
  remove(place: TreePlace): void {
    const path = placePath(place);
    for (const directory of this.#open.values())
      if (directory.path === path || directory.path.startsWith(`${path}/`)) this.#close(directory);
    rmSync(place.directory.entry(place.name), { recursive: true, force: true });
  }

  /** What is in a directory, read piece by piece. It may be removed meanwhile; another listing then shows whether all was seen. */
  *list(directory: TreeDirectory): Generator<Dirent, void, undefined> {
    // Not disposed of by `using`, which Node 24.0 does not know of directories.
    const entries = opendirSync(directory.entry("."));
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) yield entry;
    } finally {
      entries.closeSync();
    }
  }

  /** The directory at a place, open until it is given back with `leave`; throws where it is none. */
  enter({ directory, name }: TreePlace): TreeDirectory {
    checkPath(directory, name);
    const entered = this.#child(directory, name);
    this.#inUse.add(entered);
    return entered;
  }

  /** Closes a directory, which must not be used any more. */
  leave(directory: TreeDirectory): void {
    const open = this.#open.get(directory.path);
    if (open !== undefined) this.#close(open);
  }

  /** Closes handles beyond a small number. Directories and places handed out before must not be used any more. */
  trim(): void {
    this.#inUse.clear();
    this.#closeUnused(this.#root);
  }

  /** Closes those that were used least recently. */
  #closeUnused(current: TreeDirectory): void {
    for (const directory of this.#open.values()) {
      if (this.#open.size <= maxOpen) return;
      if (directory !== current && !this.#inUse.has(directory)) this.#close(directory);
    }
  }

  #close(directory: OpenDirectory): void {
    this.#open.delete(directory.path);
    this.#inUse.delete(directory);
    close(directory);
  }

  [Symbol.dispose](): void {
    for (const open of this.#open.values()) close(open);
    this.#open.clear();
    close(this.#root);
  }

  #walk(segments: readonly string[], options: LocateOptions): TreeDirectory {
    let current: TreeDirectory = this.#root;
    const pending = segments.toReversed();
    for (let links = 0, steps = 0; ; steps++) {
      const name = pending.pop();
      if (name === undefined) break;
      if (steps > maxSteps)
        throw new ContentError("UnsafeArchive", `A path leads through more than ${maxSteps} names and links`);
      if (name === "" || name === ".") continue;
      if (name === "..") {
        current = this.#parent(current);
        continue;
      }
      const target = this.#linkTarget(current, checkName(name));
      if (target === undefined) {
        checkPath(current, name);
        current = this.#childOrNew(current, name, options);
        this.#closeUnused(current);
        continue;
      }
      if (++links > maxLinks) throw new ContentError("UnsafeArchive", "A path goes through too many symbolic links");
      if (target.startsWith("/")) current = this.#root;
      pending.push(...target.split("/").toReversed());
    }
    this.#inUse.add(current);
    return current;
  }

  #linkTarget(directory: TreeDirectory, name: string): string | undefined {
    if (this.#open.has(placePath({ directory, name }))) return undefined;
    const stat = lstatSync(directory.entry(name), { throwIfNoEntry: false });
    return stat?.isSymbolicLink() ? readlinkSync(directory.entry(name)) : undefined;
  }

  #parent(directory: TreeDirectory): TreeDirectory {
    let parent: TreeDirectory = this.#root;
    for (const name of directory.segments.slice(0, -1)) {
      parent = this.#child(parent, name);
      this.#closeUnused(parent);
    }
    return parent;
  }

  #childOrNew(parent: TreeDirectory, name: string, { create, onCreate }: LocateOptions): TreeDirectory {
    try {
      return this.#child(parent, name);
    } catch (error) {
      if (!create || errorCode(error) !== "ENOENT") throw error;
      onCreate?.();
      mkdirSync(parent.entry(name), 0o755);
      return this.#child(parent, name);
    }
  }

  #child(parent: TreeDirectory, name: string): TreeDirectory {
    const path = placePath({ directory: parent, name });
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const opened = this.#openDirectory([...parent.segments, name], path, parent.entry(name));
    this.#open.set(path, opened);
    return opened;
  }

  #openDirectory(segments: readonly string[], path: string, location: string): OpenDirectory {
    const descriptor = this.#byHandle ? openSync(location, directoryFlags) : undefined;
    if (descriptor === undefined && !lstatSync(location).isDirectory())
      throw Object.assign(new Error(`ENOTDIR: not a directory, open ${JSON.stringify(location)}`), { code: "ENOTDIR" });
    const base = descriptor === undefined ? location : `/proc/self/fd/${descriptor}`;
    return { segments, path, descriptor, entry: (name) => (name === "." ? `${base}/.` : join(base, name)) };
  }
}

function close({ descriptor }: OpenDirectory): void {
  if (descriptor !== undefined) closeSync(descriptor);
}

/** A place as one text, `a/b`. */
export function placePath({ directory, name }: TreePlace): string {
  return directory.path === "" ? name : `${directory.path}/${name}`;
}

/** Checks the length of a path; throws `ContentError` of code `UnsafeArchive`. */
function checkPath(directory: TreeDirectory, name: string): void {
  if (directory.segments.length >= maxPathNames)
    throw new ContentError("UnsafeArchive", `A path is deeper than ${maxPathNames} names`);
  if (Buffer.byteLength(directory.path) + 1 + Buffer.byteLength(name) > maxPathBytes)
    throw new ContentError("UnsafeArchive", `A path is longer than ${maxPathBytes} bytes`);
}

/** Checks one name of a path; throws `ContentError` of code `UnsafeArchive`. */
function checkName(name: string): string {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0"))
    throw new ContentError("UnsafeArchive", `A path has the impossible name ${JSON.stringify(name)}`);
  if (Buffer.byteLength(name) > maxNameBytes)
    throw new ContentError("UnsafeArchive", `A path has a name longer than ${maxNameBytes} bytes`);
  return name;
}
