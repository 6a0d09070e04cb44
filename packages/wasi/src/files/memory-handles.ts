import { FileError } from "../errors.ts";
import type {
  DirectoryEntry,
  DirectoryHandle,
  DirectoryIterator,
  FileHandle,
  FileStat,
  FileTimes,
  OpenOptions,
} from "./file-system.ts";
import { MemoryDirectoryNode, MemoryFileNode, MemoryLinkNode, type MemoryNode } from "./memory-node.ts";

const maxNameBytes = 255;

/** An open file of a `MemoryFileSystem`; it lives on after its last name is gone. */
export class MemoryFile implements FileHandle {
  readonly kind = "regular-file";
  readonly #node: MemoryFileNode;

  constructor(node: MemoryFileNode) {
    this.#node = node;
    node.openHandles += 1;
  }

  read(into: Uint8Array, position: number): number {
    return this.#node.read(into, position);
  }

  write(bytes: Uint8Array, position: number): number {
    return this.#node.write(bytes, position);
  }

  append(bytes: Uint8Array): number {
    return this.#node.write(bytes, this.#node.sizeBytes);
  }

  stat(): FileStat {
    return this.#node.stat();
  }

  truncate(sizeBytes: number): void {
    this.#node.resize(sizeBytes);
  }

  allocate(offset: number, length: number): void {
    if (offset + length > this.#node.sizeBytes) this.#node.resize(offset + length);
  }

  setTimes(times: FileTimes): void {
    this.#node.setTimes(times);
  }

  sync(): void {
    // Nothing is deferred.
  }

  dataSync(): void {
    // Nothing is deferred.
  }

  close(): void {
    this.#node.openHandles -= 1;
    this.#node.released();
  }
}

/** An open directory of a `MemoryFileSystem`. */
export class MemoryDirectory implements DirectoryHandle {
  readonly kind = "directory";
  readonly #node: MemoryDirectoryNode;

  constructor(node: MemoryDirectoryNode) {
    this.#node = node;
    node.openHandles += 1;
  }

  openDirectory(name: string): DirectoryHandle {
    const node = this.#get(name);
    if (node.kind !== "directory") throw new FileError("ENOTDIR", "the entry is no directory");
    return new MemoryDirectory(node);
  }

  open(name: string, options: OpenOptions): FileHandle | DirectoryHandle {
    const node = this.#node.entries.get(name);
    if (node === undefined) return this.#create(name, options);
    if (options.create && options.exclusive) throw new FileError("EEXIST", "the name exists");
    if (node.kind === "symbolic-link") throw new FileError("ELOOP", "the name is a symbolic link");
    if (node.kind === "directory") {
      if (options.write || options.create) throw new FileError("EISDIR", "a directory cannot be opened for writing");
      return new MemoryDirectory(node);
    }
    if (options.directory) throw new FileError("ENOTDIR", "the entry is no directory");
    if (options.truncate) node.resize(0);
    return new MemoryFile(node);
  }

  duplicate(): DirectoryHandle {
    return new MemoryDirectory(this.#node);
  }

  lookup(name: string): FileStat | undefined {
    return this.#node.entries.get(name)?.stat();
  }

  readLink(name: string): string {
    const node = this.#get(name);
    if (node.kind !== "symbolic-link") throw new FileError("EINVAL", "the entry is no symbolic link");
    return node.target;
  }

  createDirectory(name: string): void {
    this.#requireFree(name);
    this.#node.add(name, new MemoryDirectoryNode(this.#node.space, this.#node));
  }

  removeDirectory(name: string): void {
    const node = this.#get(name);
    if (node.kind !== "directory") throw new FileError("ENOTDIR", "the entry is no directory");
    if (node.entries.size > 0) throw new FileError("ENOTEMPTY", "the directory is not empty");
    this.#drop(name, node);
  }

  unlink(name: string): void {
    const node = this.#get(name);
    if (node.kind === "directory") throw new FileError("EISDIR", "the entry is a directory");
    this.#drop(name, node);
  }

  rename(name: string, to: DirectoryHandle, toName: string): void {
    const moved = this.#get(name);
    const target = sameSystem(to, this.#node);
    checkName(toName);
    const replaced = target.#node.entries.get(toName);
    if (replaced === moved) return;
    if (moved.kind === "directory" && isWithin(target.#node, moved)) {
      throw new FileError("EINVAL", "a directory cannot be moved into itself");
    }
    if (replaced !== undefined) {
      checkReplaceable(moved, replaced);
      target.#drop(toName, replaced);
    }
    target.#node.add(toName, moved);
    this.#node.take(name);
    if (moved.kind === "directory") moved.parent = target.#node;
    moved.touchChanged();
  }

  link(name: string, to: DirectoryHandle, toName: string): void {
    const node = this.#get(name);
    if (node.kind === "directory") throw new FileError("EPERM", "directories have one name only");
    const target = sameSystem(to, this.#node);
    target.#requireFree(toName);
    target.#node.add(toName, node);
    node.linkCount += 1n;
    node.touchChanged();
  }

  symbolicLink(target: string, name: string): void {
    this.#requireFree(name);
    this.#node.add(name, new MemoryLinkNode(this.#node.space, target));
  }

  setEntryTimes(name: string, times: FileTimes): void {
    this.#get(name).setTimes(times);
  }

  entries(): DirectoryIterator {
    const iterator = this.#node.entries.entries();
    return {
      next(): DirectoryEntry | undefined {
        const { done, value } = iterator.next();
        if (done === true) return undefined;
        const [name, node] = value;
        return { name, kind: node.kind, inode: node.stat().inode };
      },
      close: () => undefined,
    };
  }

  stat(): FileStat {
    return this.#node.stat();
  }

  setTimes(times: FileTimes): void {
    this.#node.setTimes(times);
  }

  sync(): void {
    // Nothing is deferred.
  }

  close(): void {
    this.#node.openHandles -= 1;
    this.#node.released();
  }

  static nodeOf(handle: DirectoryHandle): MemoryDirectoryNode | undefined {
    return handle instanceof MemoryDirectory ? handle.#node : undefined;
  }

  #get(name: string): MemoryNode {
    const node = this.#node.entries.get(name);
    if (node === undefined) throw new FileError("ENOENT", "there is no such entry");
    return node;
  }

  #create(name: string, options: OpenOptions): FileHandle {
    if (!options.create) throw new FileError("ENOENT", "there is no such entry");
    if (options.directory) throw new FileError("EINVAL", "a directory is not created by opening it");
    checkName(name);
    const node = new MemoryFileNode(this.#node.space);
    try {
      this.#node.add(name, node);
    } catch (error) {
      node.linkCount = 0n;
      node.released();
      throw error;
    }
    return new MemoryFile(node);
  }

  #requireFree(name: string): void {
    checkName(name);
    if (this.#node.entries.has(name)) throw new FileError("EEXIST", "the name exists");
    if (this.#node.linkCount === 0n) throw new FileError("ENOENT", "the directory was removed");
  }

  #drop(name: string, node: MemoryNode): void {
    this.#node.take(name);
    node.linkCount -= 1n;
    node.touchChanged();
    node.released();
  }
}

function checkName(name: string): void {
  if (Buffer.byteLength(name) > maxNameBytes) throw new FileError("ENAMETOOLONG", "the name is too long");
}

function checkReplaceable(moved: MemoryNode, replaced: MemoryNode): void {
  if (replaced.kind === "directory") {
    if (moved.kind !== "directory") throw new FileError("EISDIR", "a directory cannot be replaced by a file");
    if (replaced.entries.size > 0) throw new FileError("ENOTEMPTY", "the directory is not empty");
  } else if (moved.kind === "directory") {
    throw new FileError("ENOTDIR", "a file cannot be replaced by a directory");
  }
}

function isWithin(directory: MemoryDirectoryNode, ancestor: MemoryDirectoryNode): boolean {
  for (let at: MemoryDirectoryNode | undefined = directory; at !== undefined; at = at.parent) {
    if (at === ancestor) return true;
  }
  return false;
}

function sameSystem(handle: DirectoryHandle, node: MemoryDirectoryNode): MemoryDirectory {
  if (handle instanceof MemoryDirectory && MemoryDirectory.nodeOf(handle)?.space === node.space) return handle;
  throw new FileError("EXDEV", "the two directories are of different file systems");
}
