import { errorCode } from "@wherry/base";
import { FileError } from "../errors.ts";
import type { DirectoryHandle } from "./file-system.ts";

/** MAXSYMLINKS of Linux. */
const maxLinks = 40;

/** Answered by an action that met a symbolic link it should not act on itself. */
export const isLink: unique symbol = Symbol("isLink");

/** Where a path led: an entry of `directory`, or `directory` itself when `name` is undefined (`.`, `a/.`, `a/..`). */
export interface ResolvedEntry {
  readonly directory: DirectoryHandle;
  readonly name: string | undefined;
  /** The path ended in a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

/**
 * Walks `path` from `base` and calls `action` with the place it leads to.
 *
 * The walk opens each segment beneath the handle of its parent and goes back (`..`) through the handles it came by, so no
 * rename or new link while it walks can lead it above `base`. Links on the way are read and their text walked in the same
 * manner. Whether the last segment is followed is the action's choice: it answers `isLink` and is called again with
 * where the link leads. EPERM for absolute paths, absolute links and any step above `base`; ELOOP after 40 links; ENOENT
 * for an empty path.
 */
export function resolveBeneath<T>(
  base: DirectoryHandle,
  path: string,
  action: (entry: ResolvedEntry) => T | typeof isLink,
): T {
  const walk = new Walk(base, path);
  try {
    for (;;) {
      const entry = walk.toLastSegment();
      const result = action(entry);
      if (result !== isLink) return result;
      walk.followLast(entry);
    }
  } finally {
    walk.close();
  }
}

class Walk {
  /** The directories walked through, `base` first. */
  readonly #handles: DirectoryHandle[];
  /** Segments still to walk, the next one last. */
  #segments: string[] = [];
  #mustBeDirectory = false;
  #links = 0;

  constructor(base: DirectoryHandle, path: string) {
    this.#handles = [base];
    if (path === "") throw new FileError("ENOENT", "the path is empty");
    this.#push(path);
  }

  toLastSegment(): ResolvedEntry {
    for (;;) {
      const segment = this.#segments.pop();
      const directory = this.#handles.at(-1) as DirectoryHandle;
      if (segment === undefined) return { directory, name: undefined, mustBeDirectory: true };
      if (segment === ".") continue;
      if (segment === "..") this.#leave();
      else if (this.#segments.length === 0) {
        return { directory, name: segment, mustBeDirectory: this.#mustBeDirectory };
      } else this.#enter(directory, segment);
    }
  }

  followLast(entry: ResolvedEntry): void {
    if (entry.name === undefined) throw new FileError("EIO", "a directory was taken for a link");
    this.#follow(entry.directory, entry.name);
  }

  close(): void {
    for (let depth = this.#handles.length - 1; depth > 0; depth--) this.#handles[depth]?.close();
  }

  #enter(directory: DirectoryHandle, name: string): void {
    try {
      this.#handles.push(directory.openDirectory(name));
    } catch (error) {
      const code = errorCode(error);
      if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
      if (directory.lookup(name)?.kind !== "symbolic-link") throw error;
      this.#follow(directory, name);
    }
  }

  #leave(): void {
    if (this.#handles.length === 1) throw new FileError("EPERM", "the path leaves its directory");
    this.#handles.pop()?.close();
  }

  #follow(directory: DirectoryHandle, name: string): void {
    this.#links += 1;
    if (this.#links > maxLinks) throw new FileError("ELOOP", "too many symbolic links");
    let target: string;
    try {
      target = directory.readLink(name);
    } catch (error) {
      if (errorCode(error) !== "EINVAL") throw error;
      // Something else has taken the place of the link since it was met.
      this.#segments.push(name);
      return;
    }
    if (target === "") throw new FileError("ENOENT", "the symbolic link is empty");
    // A link in the middle may end in a slash without asking anything of the segments after it.
    this.#push(target);
  }

  #push(path: string): void {
    if (path.startsWith("/")) throw new FileError("EPERM", "absolute paths are outside of every directory");
    const parts = path.split("/");
    const isLast = this.#segments.length === 0;
    if (isLast && parts.at(-1) === "") this.#mustBeDirectory = true;
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index] as string;
      // A dot at the end stays: what stands before it is then entered, and not the entry that is meant.
      const isFinal = isLast && this.#segments.length === 0;
      if (part !== "" && (part !== "." || isFinal)) this.#segments.push(part);
    }
  }
}
