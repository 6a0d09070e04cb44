import { closeSync, constants, fstatSync, openSync, type Stats, statSync, writeSync } from "node:fs";
import { monotonicMs } from "@wherry/base";

const newline: Uint8Array = new Uint8Array([0x0a]);

/** How long after it was moved away a file may still be written to. */
export const maxReopenDelayMs = 5;

/** Opens a log file to append to, creating it; never through a link in its last segment. */
export function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
}

/**
 * The open log file of one guest, appended to synchronously.
 *
 * Looks at its path from time to time and opens it anew when another file or none is there, so that logs are rotated without a
 * word to the guest's process, which may be computing without a pause. A write that fails (full disk, vanished directory) is
 * counted and forgotten: a guest never fails for its log.
 */
export class LogFile {
  readonly #path: string;
  readonly #monotonic: () => number;
  #open: { readonly descriptor: number; readonly file: Stats } | undefined;
  #checkedAtMs: number;
  #droppedBytes = 0;
  /** A failed write may have left half an entry; the next one must not continue that line. */
  #torn = false;

  /** Throws Node's error when the file cannot be opened. */
  constructor(path: string, monotonic: () => number = monotonicMs) {
    this.#path = path;
    this.#monotonic = monotonic;
    this.#open = openFile(path);
    this.#checkedAtMs = monotonic();
  }

  /** Bytes that could not be written. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  append(entries: Uint8Array): void {
    try {
      const descriptor = this.#current();
      if (this.#torn) {
        writeAll(descriptor, newline);
        this.#torn = false;
      }
      writeAll(descriptor, entries);
    } catch (error) {
      this.#droppedBytes += error instanceof ShortWriteError ? error.missingBytes : entries.length;
      if (error instanceof ShortWriteError && error.missingBytes < entries.length) this.#torn = true;
    }
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor);
    this.#open = undefined;
  }

  #current(): number {
    const nowMs = this.#monotonic();
    if (this.#open !== undefined && nowMs - this.#checkedAtMs < maxReopenDelayMs) return this.#open.descriptor;
    this.#checkedAtMs = nowMs;
    if (this.#open === undefined || !isAt(this.#open.file, this.#path)) {
      this.close();
      this.#torn = false;
      this.#open = openFile(this.#path);
    }
    return this.#open.descriptor;
  }
}

function openFile(path: string): { descriptor: number; file: Stats } {
  const descriptor = openLog(path);
  return { descriptor, file: fstatSync(descriptor) };
}

function isAt(file: Stats, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.ino === file.ino && found.dev === file.dev;
}

class ShortWriteError extends Error {
  readonly missingBytes: number;

  constructor(missingBytes: number, cause: unknown) {
    super("Write ended early", { cause });
    this.missingBytes = missingBytes;
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    throw new ShortWriteError(bytes.length - written, error);
  }
}
