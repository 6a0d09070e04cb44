import { FileError } from "../errors.ts";
import type {
  DirectoryHandle,
  DirectoryIterator,
  FileHandle,
  FileStat,
  FileSystem,
  FileTimes,
  OpenOptions,
} from "./file-system.ts";

/** A view of a file system in which nothing can be changed: EROFS, where POSIX has no more telling answer. */
export function readOnlyFileSystem(fs: FileSystem): FileSystem {
  return { openRoot: () => new ReadOnlyDirectory(fs.openRoot()) };
}

function refuse(): never {
  throw new FileError("EROFS", "the file system is read-only");
}

class ReadOnlyFile implements FileHandle {
  readonly kind = "regular-file";
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  read(into: Uint8Array, position: number): number {
    return this.#file.read(into, position);
  }

  write(): number {
    refuse();
  }

  append(): number {
    refuse();
  }

  stat(): FileStat {
    return this.#file.stat();
  }

  truncate(): void {
    refuse();
  }

  allocate(): void {
    refuse();
  }

  setTimes(): void {
    refuse();
  }

  sync(): void {
    this.#file.sync();
  }

  dataSync(): void {
    this.#file.dataSync();
  }

  close(): void {
    this.#file.close();
  }
}

class ReadOnlyDirectory implements DirectoryHandle {
  readonly kind = "directory";
  readonly #directory: DirectoryHandle;

  constructor(directory: DirectoryHandle) {
    this.#directory = directory;
  }

  openDirectory(name: string): DirectoryHandle {
    return new ReadOnlyDirectory(this.#directory.openDirectory(name));
  }

  open(name: string, options: OpenOptions): FileHandle | DirectoryHandle {
    if (options.create && this.#directory.lookup(name) === undefined) refuse();
    if (options.create && options.exclusive) throw new FileError("EEXIST", "the name exists");
    if (options.write || options.truncate) this.#refuseWriting(name);
    const handle = this.#directory.open(name, { ...options, create: false, exclusive: false });
    return handle.kind === "directory" ? new ReadOnlyDirectory(handle) : new ReadOnlyFile(handle);
  }

  duplicate(): DirectoryHandle {
    return new ReadOnlyDirectory(this.#directory.duplicate());
  }

  lookup(name: string): FileStat | undefined {
    return this.#directory.lookup(name);
  }

  readLink(name: string): string {
    return this.#directory.readLink(name);
  }

  createDirectory(name: string): void {
    this.#refuseNew(name);
  }

  removeDirectory(name: string): void {
    this.#refuseExisting(name);
  }

  unlink(name: string): void {
    this.#refuseExisting(name);
  }

  rename(name: string): void {
    this.#refuseExisting(name);
  }

  link(name: string): void {
    this.#refuseExisting(name);
  }

  symbolicLink(_target: string, name: string): void {
    this.#refuseNew(name);
  }

  setEntryTimes(name: string, _times: FileTimes): void {
    this.#refuseExisting(name);
  }

  entries(): DirectoryIterator {
    return this.#directory.entries();
  }

  stat(): FileStat {
    return this.#directory.stat();
  }

  setTimes(): void {
    refuse();
  }

  sync(): void {
    this.#directory.sync();
  }

  close(): void {
    this.#directory.close();
  }

  #refuseWriting(name: string): never {
    const kind = this.#directory.lookup(name)?.kind;
    if (kind === undefined) throw new FileError("ENOENT", "there is no such entry");
    if (kind === "symbolic-link") throw new FileError("ELOOP", "the name is a symbolic link");
    if (kind === "directory") throw new FileError("EISDIR", "a directory cannot be opened for writing");
    refuse();
  }

  #refuseNew(name: string): never {
    if (this.#directory.lookup(name) !== undefined) throw new FileError("EEXIST", "the name exists");
    refuse();
  }

  #refuseExisting(name: string): never {
    if (this.#directory.lookup(name) === undefined) throw new FileError("ENOENT", "there is no such entry");
    refuse();
  }
}
