import { closeSync, constants, openSync, writeSync } from "node:fs";
import type { ControlBlock } from "./control-block.ts";

const newline: Uint8Array = new Uint8Array([0x0a]);

/** Opens a log file to append to, creating it; never through a link in its last segment. */
export function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
}

/**
 * The open log file of one guest, appended to synchronously.
 *
 * Opens the file anew when the control block's generation moved on, which works while the guest never yields. A write that
 * fails (full disk, vanished directory) is counted in the control block and forgotten: a guest never fails for its log.
 */
export class LogFile {
  readonly #path: string;
  readonly #control: ControlBlock;
  #descriptor: number | undefined;
  #generation: number;
  /** A failed write may have left half an entry; the next one must not continue that line. */
  #torn = false;

  /** Throws Node's error when the file cannot be opened. */
  constructor(path: string, control: ControlBlock) {
    this.#path = path;
    this.#control = control;
    this.#generation = control.logGeneration;
    this.#descriptor = openLog(path);
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
      this.#control.addDropped(error instanceof ShortWriteError ? error.missingBytes : entries.length);
      if (error instanceof ShortWriteError && error.missingBytes < entries.length) this.#torn = true;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #current(): number {
    const generation = this.#control.logGeneration;
    if (generation !== this.#generation || this.#descriptor === undefined) {
      this.close();
      this.#torn = false;
      this.#descriptor = openLog(this.#path);
      this.#generation = generation;
    }
    return this.#descriptor;
  }
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
