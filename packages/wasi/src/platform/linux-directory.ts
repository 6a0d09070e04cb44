import * as fs from "node:fs";
import { errorCode } from "@wherry/base";
import { FileError } from "../errors.ts";
import type {
  DirectoryHandle,
  DirectoryIterator,
  FileHandle,
  FileKind,
  FileStat,
  FileTimes,
  OpenOptions,
} from "../files/file-system.ts";
import { LinuxFile } from "./linux-file.ts";
import { fileStatFrom } from "./linux-stat.ts";
import { LinuxTimes } from "./linux-times.ts";

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } =
  fs.constants;
// Node does not export it. A handle with it needs no permission to list the directory.
const O_PATH = 0o10000000;
const directoryFlags = O_PATH | O_DIRECTORY;
const newFileMode = 0o666;
const newDirectoryMode = 0o777;

/** Opens the directory at a path of the host; links in that path are the host's own and followed. */
export function openLinuxRoot(path: string): LinuxDirectory {
  return new LinuxDirectory(fs.openSync(path, directoryFlags), new LinuxTimes());
}

/**
 * An open directory of the host.
 *
 * `/proc/self/fd/N/name` is what `openat(N, name)` is: the kernel goes from the magic link straight to the open directory,
 * whatever its path is by now. Of that path only the last segment was chosen by a guest, and it is opened with O_NOFOLLOW or
 * used in calls that follow no link.
 */
export class LinuxDirectory implements DirectoryHandle {
  readonly kind = "directory";
  readonly #fd: number;

  readonly #times: LinuxTimes;

  /** Takes over `fd`. */
  constructor(fd: number, times: LinuxTimes) {
    this.#fd = fd;
    this.#times = times;
  }

  openDirectory(name: string): DirectoryHandle {
    return new LinuxDirectory(fs.openSync(this.#at(name), directoryFlags | O_NOFOLLOW), this.#times);
  }

  open(name: string, options: OpenOptions): FileHandle | DirectoryHandle {
    if (options.directory) return this.#openAsDirectory(name, options);
    // O_NONBLOCK: a pipe would otherwise hold the thread until somebody opens its other end.
    const fd = fs.openSync(this.#at(name), openFlags(options) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, newFileMode);
    try {
      const stats = fs.fstatSync(fd);
      if (stats.isFile()) return new LinuxFile(fd, this.#times);
      if (stats.isDirectory()) return new LinuxDirectory(fd, this.#times);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    fs.closeSync(fd);
    throw new FileError("EACCES", "guests may not open devices, pipes and sockets through a directory");
  }

  duplicate(): DirectoryHandle {
    return new LinuxDirectory(fs.openSync(`/proc/self/fd/${this.#fd}`, directoryFlags), this.#times);
  }

  lookup(name: string): FileStat | undefined {
    const stats = fs.lstatSync(this.#at(name), { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : fileStatFrom(stats);
  }

  readLink(name: string): string {
    return fs.readlinkSync(this.#at(name));
  }

  createDirectory(name: string): void {
    fs.mkdirSync(this.#at(name), newDirectoryMode);
  }

  removeDirectory(name: string): void {
    fs.rmdirSync(this.#at(name));
  }

  unlink(name: string): void {
    fs.unlinkSync(this.#at(name));
  }

  rename(name: string, to: DirectoryHandle, toName: string): void {
    fs.renameSync(this.#at(name), sameSystem(to).#at(toName));
  }

  link(name: string, to: DirectoryHandle, toName: string): void {
    fs.linkSync(this.#at(name), sameSystem(to).#at(toName));
  }

  symbolicLink(target: string, name: string): void {
    fs.symlinkSync(target, this.#at(name));
  }

  setEntryTimes(name: string, times: FileTimes): void {
    const path = this.#at(name);
    this.#times.setOfEntry(path, times, () => fileStatFrom(fs.lstatSync(path, { bigint: true })));
  }

  entries(): DirectoryIterator {
    const directory = fs.opendirSync(`/proc/self/fd/${this.#fd}`);
    return {
      next: () => {
        const entry = directory.readSync();
        if (entry === null) return undefined;
        // Gone since it was listed: shown with what is known of it.
        return { name: entry.name, kind: entryKind(entry), inode: this.lookup(entry.name)?.inode ?? 0n };
      },
      close: () => directory.closeSync(),
    };
  }

  stat(): FileStat {
    return fileStatFrom(fs.fstatSync(this.#fd, { bigint: true }));
  }

  setTimes(times: FileTimes): void {
    this.#times.setOfDescriptor(this.#fd, times, () => this.stat());
  }

  sync(): void {
    // fsync needs a real descriptor, and this may be one with O_PATH.
    const fd = fs.openSync(`/proc/self/fd/${this.#fd}`, O_RDONLY | O_DIRECTORY);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #at(name: string): string {
    // The walk never hands on anything else; this keeps the sandbox whole if a caller of the future does.
    if (name === "" || name === "." || name === ".." || name.includes("/")) {
      throw new FileError("EINVAL", "a name is one segment of a path");
    }
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  #openAsDirectory(name: string, options: OpenOptions): DirectoryHandle {
    if (options.create || options.truncate)
      throw new FileError("EINVAL", "a directory is neither created nor truncated by opening it");
    try {
      const handle = this.openDirectory(name);
      if (!options.write) return handle;
      handle.close();
    } catch (error) {
      // With O_DIRECTORY a link is only "not a directory"; the caller must know, to follow it.
      if (errorCode(error) !== "ENOTDIR" || this.lookup(name)?.kind !== "symbolic-link") throw error;
      throw new FileError("ELOOP", "the name is a symbolic link");
    }
    throw new FileError("EISDIR", "a directory cannot be opened for writing");
  }
}

function openFlags(options: OpenOptions): number {
  let flags = options.write ? (options.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (options.create) flags |= O_CREAT;
  if (options.exclusive) flags |= O_EXCL;
  if (options.truncate) flags |= O_TRUNC;
  return flags;
}

function entryKind(entry: fs.Dirent): FileKind {
  if (entry.isFile()) return "regular-file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symbolic-link";
  if (entry.isFIFO()) return "fifo";
  if (entry.isSocket()) return "socket";
  if (entry.isBlockDevice()) return "block-device";
  return "character-device";
}

function sameSystem(handle: DirectoryHandle): LinuxDirectory {
  if (handle instanceof LinuxDirectory) return handle;
  throw new FileError("EXDEV", "the two directories are of different file systems");
}
