import { errorCode } from "@wherry/base";
import {
  type DirectoryEntry,
  type DirectoryHandle,
  type DirectoryIterator,
  FileError,
  type FileHandle,
  type FileStat,
  type FileTimes,
  type OpenOptions,
} from "@wherry/wasi";
import type { MountNode } from "./mount-tree.ts";

/** A directory of a guest's tree: a real one, mount points laid over it. */
export class MountDirectory implements DirectoryHandle {
  readonly kind = "directory";
  readonly #node: MountNode | undefined;
  readonly #base: DirectoryHandle | undefined;

  /**
   * @param node the mount points in this directory; undefined for none
   * @param base the real directory, from here on this object's; undefined where the directory only leads to mount points
   */
  constructor(node: MountNode | undefined, base: DirectoryHandle | undefined) {
    this.#node = node;
    this.#base = base;
  }

  openDirectory(name: string): DirectoryHandle {
    const child = this.#mounted(name);
    if (child === undefined) return new MountDirectory(undefined, this.#real(name).openDirectory(name));
    if (child.source?.kind === "file") throw new FileError("ENOTDIR", `"${name}" is a mounted file`);
    return new MountDirectory(child, child.source?.root.duplicate() ?? this.#beneath(name));
  }

  open(name: string, options: OpenOptions): FileHandle | DirectoryHandle {
    const child = this.#mounted(name);
    if (child?.source?.kind === "file") return child.source.root.open(child.source.name, options);
    if (child !== undefined) {
      if (options.create && options.exclusive) throw new FileError("EEXIST", `"${name}" is a mount point`);
      if (options.write) throw new FileError("EISDIR", `"${name}" is a mount point`);
      return this.openDirectory(name);
    }
    if (options.create && this.#base === undefined) throw readOnly();
    const opened = this.#real(name).open(name, options);
    return opened.kind === "directory" ? new MountDirectory(undefined, opened) : opened;
  }

  duplicate(): DirectoryHandle {
    return new MountDirectory(this.#node, this.#base?.duplicate());
  }

  lookup(name: string): FileStat | undefined {
    const child = this.#mounted(name);
    if (child === undefined) return this.#base?.lookup(name);
    if (child.source?.kind === "file") return child.source.root.lookup(child.source.name);
    const directory = this.openDirectory(name);
    try {
      return directory.stat();
    } finally {
      directory.close();
    }
  }

  readLink(name: string): string {
    if (this.#mounted(name) !== undefined) throw new FileError("EINVAL", `"${name}" is a mount point`);
    return this.#real(name).readLink(name);
  }

  createDirectory(name: string): void {
    if (this.#mounted(name) !== undefined) throw new FileError("EEXIST", `"${name}" is a mount point`);
    this.#writable().createDirectory(name);
  }

  removeDirectory(name: string): void {
    this.#changeable(name).removeDirectory(name);
  }

  unlink(name: string): void {
    this.#changeable(name).unlink(name);
  }

  rename(name: string, to: DirectoryHandle, toName: string): void {
    this.#changeable(name).rename(name, MountDirectory.#target(to, toName), toName);
  }

  link(name: string, to: DirectoryHandle, toName: string): void {
    if (this.#mounted(name) !== undefined) throw new FileError("EXDEV", `"${name}" is a mount point`);
    this.#writable().link(name, MountDirectory.#target(to, toName), toName);
  }

  symbolicLink(target: string, name: string): void {
    if (this.#mounted(name) !== undefined) throw new FileError("EEXIST", `"${name}" is a mount point`);
    this.#writable().symbolicLink(target, name);
  }

  setEntryTimes(name: string, times: FileTimes): void {
    const child = this.#mounted(name);
    if (child?.source?.kind === "file") child.source.root.setEntryTimes(child.source.name, times);
    else if (child?.source !== undefined) child.source.root.setTimes(times);
    else if (child !== undefined) throw readOnly();
    else this.#real(name).setEntryTimes(name, times);
  }

  entries(): DirectoryIterator {
    const children = this.#node?.children;
    const real = this.#base?.entries();
    const mounted = [...(children?.keys() ?? [])].values();
    return {
      next: () => {
        for (let entry = real?.next(); entry !== undefined; entry = real?.next()) {
          if (children?.has(entry.name) !== true) return entry;
        }
        const name = mounted.next().value;
        return name === undefined ? undefined : this.#mountedEntry(name);
      },
      close: () => real?.close(),
    };
  }

  stat(): FileStat {
    return this.#base?.stat() ?? leadingDirectoryStat;
  }

  setTimes(times: FileTimes): void {
    this.#writable().setTimes(times);
  }

  sync(): void {
    this.#base?.sync();
  }

  close(): void {
    this.#base?.close();
  }

  /** The real directory for a change of `name`, which may not be a mount point. */
  #changeable(name: string): DirectoryHandle {
    if (this.#mounted(name) !== undefined) throw new FileError("EBUSY", `"${name}" is a mount point`);
    return this.#writable();
  }

  #writable(): DirectoryHandle {
    if (this.#base === undefined) throw readOnly();
    return this.#base;
  }

  #real(name: string): DirectoryHandle {
    if (this.#base === undefined) throw new FileError("ENOENT", `there is no "${name}"`);
    return this.#base;
  }

  #mounted(name: string): MountNode | undefined {
    return this.#node?.children.get(name);
  }

  /** The real directory under one that leads to mount points, if there is such. */
  #beneath(name: string): DirectoryHandle | undefined {
    try {
      return this.#base?.openDirectory(name);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  #mountedEntry(name: string): DirectoryEntry {
    const stat = this.lookup(name);
    return { name, kind: stat?.kind ?? "regular-file", inode: stat?.inode ?? 0n };
  }

  /** The real directory that a name is moved to; it may not be a mount point there. */
  static #target(directory: DirectoryHandle, name: string): DirectoryHandle {
    return directory instanceof MountDirectory ? directory.#changeable(name) : directory;
  }
}

function readOnly(): FileError {
  return new FileError("EROFS", "the directory only leads to mounts");
}

const leadingDirectoryStat: FileStat = {
  device: 0n,
  inode: 1n,
  kind: "directory",
  linkCount: 2n,
  sizeBytes: 0n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
};
