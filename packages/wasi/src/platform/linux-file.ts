import * as fs from "node:fs";
import type { FileHandle, FileStat, FileTimes } from "../files/file-system.ts";
import { fileStatFrom } from "./linux-stat.ts";
import type { LinuxTimes } from "./linux-times.ts";

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

  allocate(offset: number, length: number): void {
    const end = offset + length;
    if (fs.fstatSync(this.#fd).size < end) fs.ftruncateSync(this.#fd, end);
  }

  setTimes(times: FileTimes): void {
    this.#times.setOfDescriptor(this.#fd, times, () => this.stat());
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
