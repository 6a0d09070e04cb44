import type { LogClock } from "./log-clock.ts";
import { type OutputStream, outputStreams } from "./output-stream.ts";
import { maxLineBytes, type UnfinishedLines } from "./unfinished-lines.ts";

const newlineByte = 0x0a;
const encoder = new TextEncoder();

/**
 * Turns output into entries of the CRI log format: `TIMESTAMP STREAM TAG TEXT`, tag `F` for a whole line and `P` for a part.
 *
 * As containerd does, a line longer than 16 KiB is cut into parts, and the unfinished line is kept until its end comes or the
 * guest ends, when it is written as a part.
 */
export class CriLog {
  readonly #unfinished: UnfinishedLines;
  readonly #clock: LogClock;
  readonly #append: (entries: Uint8Array) => void;

  /** @param append takes whole entries, at most once for each write */
  constructor(unfinished: UnfinishedLines, clock: LogClock, append: (entries: Uint8Array) => void) {
    this.#unfinished = unfinished;
    this.#clock = clock;
    this.#append = append;
  }

  /** Logs what ends a line; keeps the rest. `bytes` is only read during the call. */
  write(stream: OutputStream, bytes: Uint8Array): void {
    const batch = new EntryBatch(stream, bytes.length);
    let start = 0;
    while (start < bytes.length) {
      const pending = this.#unfinished.get(stream);
      const newline = bytes.indexOf(newlineByte, start);
      const end = newline === -1 ? bytes.length : newline;
      const take = Math.min(end - start, maxLineBytes - pending.length);
      const part = bytes.subarray(start, start + take);
      start += take;
      if (start < end) batch.add(this.#clock.timestamp(), "P", pending, part);
      else if (newline !== -1) {
        batch.add(this.#clock.timestamp(), "F", pending, part);
        start++;
      } else {
        this.#unfinished.append(stream, part);
        break;
      }
      this.#unfinished.clear(stream);
    }
    if (batch.length > 0) this.#append(batch.bytes);
  }

  /** Writes unfinished lines as parts; for the guest's end. */
  finish(): void {
    for (const stream of outputStreams) {
      const pending = this.#unfinished.get(stream);
      if (pending.length === 0) continue;
      const batch = new EntryBatch(stream, pending.length);
      batch.add(this.#clock.timestamp(), "P", pending, pending.subarray(0, 0));
      this.#unfinished.clear(stream);
      this.#append(batch.bytes);
    }
  }
}

/** Entries of one stream, collected for a single write. */
class EntryBatch {
  readonly #stream: OutputStream;
  readonly #expectedBytes: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #length = 0;

  constructor(stream: OutputStream, expectedBytes: number) {
    this.#stream = stream;
    this.#expectedBytes = expectedBytes;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  add(timestamp: string, tag: "F" | "P", pending: Uint8Array, rest: Uint8Array): void {
    const head = encoder.encode(`${timestamp} ${this.#stream} ${tag} `);
    this.#reserve(head.length + pending.length + rest.length + 1);
    for (const part of [head, pending, rest]) {
      this.#buffer.set(part, this.#length);
      this.#length += part.length;
    }
    this.#buffer[this.#length++] = newlineByte;
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + sizeBytes, this.#expectedBytes + 64));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}
