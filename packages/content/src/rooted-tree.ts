import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { errorCode } from "@wherry/base";
import { ContentError } from "./errors.ts";

/** An open directory of the tree. */
export interface TreeDirectory {
  /** Names from the root down to it; none of them is a link. */
  readonly segments: readonly string[];
  /** Path of an entry of this directory for one system call; the entry itself may be anything. */
  entry(name: string): string;
}

/** Where a path leads: an open directory and the last name, which is not followed. */
export interface TreePlace {
  readonly directory: TreeDirectory;
  readonly name: string;
}

interface OpenDirectory extends TreeDirectory {
  /** Undefined where directories cannot be used by handle. */
  readonly descriptor: number | undefined;
}

const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const maxLinks = 40;
const maxSegments = 256;
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

  /** @param byHandle whether the system resolves paths from an open directory; found out by default */
  constructor(path: string, byHandle: boolean = existsSync("/proc/self/fd")) {
    this.#byHandle = byHandle;
    this.#root = this.#openDirectory([], path);
  }

  get root(): TreeDirectory {
    return this.#root;
  }

  /**
   * The place of a path; directories on the way are created where asked.
   *
   * Throws `ContentError` of code `UnsafeArchive` for names no file can have, and the system's error where a directory on the
   * way is missing (`ENOENT`) or is something else (`ENOTDIR`).
   */
  locate(segments: readonly string[], options: { readonly create: boolean }): TreePlace {
    const name = segments.at(-1);
    if (name === undefined) throw new ContentError("UnsafeArchive", "A path names nothing");
    return { directory: this.#walk(segments.slice(0, -1), options.create), name: checkName(name) };
  }

  /**
   * The directory a path leads to, links at its end followed too.
   *
   * Throws as `locate` does, also where the path leads to something that is no directory (`ENOTDIR`).
   */
  directory(segments: readonly string[]): TreeDirectory {
    return this.#walk(segments, false);
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
  remove({ directory, name }: TreePlace): void {
    const prefix = pathKey([...directory.segments, name]);
    for (const [key, open] of this.#open) {
      if (key !== prefix && !key.startsWith(`${prefix}/`)) continue;
      close(open);
      this.#open.delete(key);
    }
    rmSync(directory.entry(name), { recursive: true, force: true });
  }

  /** Names in a directory. */
  list(directory: TreeDirectory): string[] {
    return readdirSync(directory.entry("."));
  }

  /** The directory at a place; throws where it is none. */
  enter({ directory, name }: TreePlace): TreeDirectory {
    return this.#child(directory, name);
  }

  /** Closes handles beyond a small number. Directories and places handed out before must not be used any more. */
  trim(): void {
    for (const [key, open] of this.#open) {
      if (this.#open.size <= maxOpen) return;
      this.#open.delete(key);
      close(open);
    }
  }

  [Symbol.dispose](): void {
    for (const open of this.#open.values()) close(open);
    this.#open.clear();
    close(this.#root);
  }

  #walk(segments: readonly string[], create: boolean): TreeDirectory {
    let current: TreeDirectory = this.#root;
    const pending = segments.toReversed();
    for (let links = 0, steps = 0; ; steps++) {
      const name = pending.pop();
      if (name === undefined) return current;
      if (steps > maxSegments * maxLinks || current.segments.length > maxSegments)
        throw new ContentError("UnsafeArchive", `A path is deeper than ${maxSegments} directories`);
      if (name === "" || name === ".") continue;
      if (name === "..") {
        current = this.#parent(current);
        continue;
      }
      const target = this.#linkTarget(current, checkName(name));
      if (target === undefined) {
        current = this.#childOrNew(current, name, create);
        continue;
      }
      if (++links > maxLinks) throw new ContentError("UnsafeArchive", "A path goes through too many symbolic links");
      if (target.startsWith("/")) current = this.#root;
      pending.push(...target.split("/").toReversed());
    }
  }

  #linkTarget(directory: TreeDirectory, name: string): string | undefined {
    if (this.#open.has(pathKey([...directory.segments, name]))) return undefined;
    const stat = lstatSync(directory.entry(name), { throwIfNoEntry: false });
    return stat?.isSymbolicLink() ? readlinkSync(directory.entry(name)) : undefined;
  }

  #parent(directory: TreeDirectory): TreeDirectory {
    let parent: TreeDirectory = this.#root;
    for (const name of directory.segments.slice(0, -1)) parent = this.#child(parent, name);
    return parent;
  }

  #childOrNew(parent: TreeDirectory, name: string, create: boolean): TreeDirectory {
    try {
      return this.#child(parent, name);
    } catch (error) {
      if (!create || errorCode(error) !== "ENOENT") throw error;
      mkdirSync(parent.entry(name), 0o755);
      return this.#child(parent, name);
    }
  }

  #child(parent: TreeDirectory, name: string): TreeDirectory {
    const segments = [...parent.segments, name];
    const key = pathKey(segments);
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known;
    }
    const opened = this.#openDirectory(segments, parent.entry(name));
    this.#open.set(key, opened);
    return opened;
  }

  #openDirectory(segments: readonly string[], path: string): OpenDirectory {
    const descriptor = this.#byHandle ? openSync(path, directoryFlags) : undefined;
    if (descriptor === undefined && !lstatSync(path).isDirectory())
      throw Object.assign(new Error(`ENOTDIR: not a directory, open ${JSON.stringify(path)}`), { code: "ENOTDIR" });
    const base = descriptor === undefined ? path : `/proc/self/fd/${descriptor}`;
    return { segments, descriptor, entry: (name) => (name === "." ? `${base}/.` : join(base, name)) };
  }
}

function close({ descriptor }: OpenDirectory): void {
  if (descriptor !== undefined) closeSync(descriptor);
}

/** Key of a path below the root. */
export function pathKey(segments: readonly string[]): string {
  return segments.join("/");
}

/** Checks one name of a path; throws `ContentError` of code `UnsafeArchive`. */
function checkName(name: string): string {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0"))
    throw new ContentError("UnsafeArchive", `A path has the impossible name ${JSON.stringify(name)}`);
  if (Buffer.byteLength(name) > 255) throw new ContentError("UnsafeArchive", "A path has a name longer than 255 bytes");
  return name;
}
