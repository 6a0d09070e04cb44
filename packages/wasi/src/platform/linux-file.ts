import * as fs from "node:fs";
import { FileError } from "../errors.ts";
import type { FileHandle, FileStat, FileTimes } from "../files/file-system.ts";
import { fileStatFrom } from "./linux-stat.ts";
import type { LinuxTimes } from "./linux-times.ts";

/** Unit of `Stats.blocks`. */
const blockBytes = 512;
/** No file system of Linux allocates less at once for a file with holes. */
const pageBytes = 4096;

/** An open regular file of the host. */
export class LinuxFile implements FileHandle {
  readonly kind = "regular-file";
  readonly #fd: number;
  readonly #times: LinuxTimes;
  #appendFd: number | undefined;

  /** Takes over `fd`. */
  constructor(fd: number, times: LinuxTimes) {
    this.#fd = fd;
    this.#times = times;
  }

  read(into: Uint8Array, position: number): number {
    return fs.readSync(this.#fd, into, 0, into.length, position);
  }

  write(bytes: Uint8Array, position: number): number {
    return fs.writeSync(this.#fd, bytes, 0, bytes.length, position);
  }

  append(bytes: Uint8Array): number {
    // Linux ignores the position of a write to a descriptor in append mode, so positioned writes need one without it.
    this.#appendFd ??= fs.openSync(`/proc/self/fd/${this.#fd}`, fs.constants.O_WRONLY | fs.constants.O_APPEND);
    return fs.writeSync(this.#appendFd, bytes, 0, bytes.length, null);
  }

  stat(): FileStat {
    return fileStatFrom(fs.fstatSync(this.#fd, { bigint: true }));
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#fd, sizeBytes);
  }

  /**
   * Node has no fallocate(2). A zero written to each page takes the space, as the C library has it where a file system has no such
   * call. What others write to the file meanwhile stays, but for a byte of a page that was a hole a moment ago.
   */
  allocate(offset: number, length: number): void {
    const end = offset + length;
    const { size, blocks } = fs.fstatSync(this.#fd);
    if (offset < size && blocks * blockBytes < size) this.#fillHoles(offset, Math.min(end, size));
    if (end <= size) return;
    // Not tried: others would have no room until it has failed.
    const { bavail, bsize } = fs.statfsSync(`/proc/self/fd/${this.#fd}`);
    if (end - size > bavail * bsize) throw new FileError("ENOSPC", "the file system has not as much room");
    fs.ftruncateSync(this.#fd, end);
    try {
      this.#fillHoles(Math.max(offset, size), end);
    } catch (error) {
      if (fs.fstatSync(this.#fd).size === end) fs.ftruncateSync(this.#fd, size);
      throw error;
    }
  }

  setTimes(times: FileTimes): void {
    this.#times.setOfDescriptor(this.#fd, times, () => this.stat());
  }

  /** Writes a zero over a zero in each page, so that each has its space; what is not zero is there already. */
  #fillHoles(start: number, end: number): void {
    // This descriptor may be one that only writes.
    const reader = fs.openSync(`/proc/self/fd/${this.#fd}`, fs.constants.O_RDONLY);
    const byte = new Uint8Array(1);
    try {
      for (let at = start; at < end; at = at - (at % pageBytes) + pageBytes) {
        if (fs.readSync(reader, byte, 0, 1, at) === 1 && byte[0] === 0) fs.writeSync(this.#fd, byte, 0, 1, at);
      }
    } finally {
      fs.closeSync(reader);
    }
  }

  sync(): void {
    fs.fsyncSync(this.#fd);
  }

  dataSync(): void {
    fs.fdatasyncSync(this.#fd);
  }

  close(): void {
    if (this.#appendFd !== undefined) fs.closeSync(this.#appendFd);
    fs.closeSync(this.#fd);
  }
}
