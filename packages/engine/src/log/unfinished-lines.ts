import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { errorCode } from "@wherry/base";
import type { OutputStream } from "./output-stream.ts";

/** Longest text of one log entry, as containerd cuts it. */
export const maxLineBytes = 16_384;

const lengthBytes = 4;
const slotBytes = lengthBytes + maxLineBytes;

interface Slot {
  readonly line: Uint8Array;
  length: number;
}

/**
 * What a guest wrote after its last line end, of each stream, kept in memory and in a file beside it.
 *
 * A guest that computes without a pause is killed from outside; its file tells what it had begun to write. Writes go to the page
 * cache, which outlives the process but not the machine. Trouble with the file costs only that.
 */
export class UnfinishedLines {
  readonly #path: string;
  readonly #slots: Partial<Record<OutputStream, Slot>> = {};
  #descriptor: number | undefined;

  /** @param path of the file; made when a line is first left unfinished */
  constructor(path: string) {
    this.#path = path;
  }

  /** The lines that an earlier owner of the file left; none where there is no file. */
  static read(path: string): UnfinishedLines {
    const lines = new UnfinishedLines(path);
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      return lines;
    }
    lines.#descriptor = descriptor;
    for (const stream of ["stdout", "stderr"] as const) lines.#load(descriptor, stream);
    return lines;
  }

  get(stream: OutputStream): Uint8Array {
    const slot = this.#slots[stream];
    return slot === undefined ? new Uint8Array(0) : slot.line.subarray(0, slot.length);
  }

  /** Adds to the unfinished line; together they fit into one entry. */
  append(stream: OutputStream, bytes: Uint8Array): void {
    this.#slots[stream] ??= { line: new Uint8Array(maxLineBytes), length: 0 };
    const slot = this.#slots[stream];
    slot.line.set(bytes, slot.length);
    const start = slot.length;
    slot.length += bytes.length;
    this.#store(stream, bytes, start, slot.length);
  }

  clear(stream: OutputStream): void {
    const slot = this.#slots[stream];
    if (slot === undefined || slot.length === 0) return;
    slot.length = 0;
    this.#store(stream, new Uint8Array(0), 0, 0);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** The text first: a length must never cover what was not written. */
  #store(stream: OutputStream, bytes: Uint8Array, start: number, length: number): void {
    try {
      this.#descriptor ??= openSync(
        this.#path,
        constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
        0o600,
      );
      const offset = slotOffset(stream);
      if (bytes.length > 0) writeSync(this.#descriptor, bytes, 0, bytes.length, offset + lengthBytes + start);
      const header = Buffer.alloc(lengthBytes);
      header.writeUInt32LE(length);
      writeSync(this.#descriptor, header, 0, lengthBytes, offset);
    } catch {
      // A full disk: the line is still in memory, where all but a kill finds it.
    }
  }

  #load(descriptor: number, stream: OutputStream): void {
    const slot = Buffer.alloc(slotBytes);
    const sizeBytes = readSync(descriptor, slot, 0, slotBytes, slotOffset(stream));
    if (sizeBytes < lengthBytes) return;
    const length = slot.readUInt32LE(0);
    if (length > sizeBytes - lengthBytes) return;
    this.#slots[stream] = { line: slot.subarray(lengthBytes), length };
  }
}

function slotOffset(stream: OutputStream): number {
  return stream === "stdout" ? 0 : slotBytes;
}
