import { type LogLineHeader, maxLogHeaderBytes, readLogLineHeader } from "./log-line-header.ts";
import type { LogOptions } from "./log-options.ts";
import { isBefore, parseLogTime } from "./log-time.ts";

const newline = 0x0a;
const lineEnd: Buffer = Buffer.from("\n");
const outputBytes = 64 * 1024;

/**
 * Turns the bytes of log files in the CRI format into the bytes a reader is to see.
 *
 * Fed with chunks cut anywhere; keeps no more than one line header and one output buffer, however long lines are. Lines it
 * cannot read are left out. Parts of a line are joined in the order of the file.
 */
export class LogLineFilter {
  readonly #options: Pick<LogOptions, "since" | "timestamps" | "limitBytes" | "stream">;
  readonly #emit: (bytes: Buffer) => void;
  #state: "header" | "copy" | "skip" = "header";
  #partial = false;
  // The text given out last ended its line, so the next one starts with a time.
  #atLineStart = true;
  readonly #header: Buffer = Buffer.alloc(maxLogHeaderBytes + 2);
  #headerLength = 0;
  #output: Buffer = Buffer.allocUnsafe(outputBytes);
  #outputLength = 0;
  #leftBytes: number;

  /** @param emit given filled buffers, which are its own to keep */
  constructor(
    options: Pick<LogOptions, "since" | "timestamps" | "limitBytes" | "stream">,
    emit: (bytes: Buffer) => void,
  ) {
    this.#options = options;
    this.#emit = emit;
    this.#leftBytes = options.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Whether `limitBytes` is reached; nothing more comes out. */
  get isFull(): boolean {
    return this.#leftBytes <= 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.isFull) {
      const end = chunk.indexOf(newline, at);
      this.#piece(chunk, at, end === -1 ? chunk.length : end);
      if (end === -1) return;
      this.#endOfLine();
      at = end + 1;
    }
  }

  /** The next chunk comes from another file: ends a line that the last file left unfinished. */
  nextFile(): void {
    // A header that was cut says nothing.
    this.#headerLength = 0;
    if (this.#state !== "header") this.#endOfLine();
  }

  /** Gives out what is buffered. */
  flush(): void {
    if (this.#outputLength === 0) return;
    this.#emit(this.#output.subarray(0, this.#outputLength));
    this.#output = Buffer.allocUnsafe(outputBytes);
    this.#outputLength = 0;
  }

  /** Part of one line of the file, `chunk[from..to)` without its newline. */
  #piece(chunk: Buffer, from: number, to: number): void {
    if (this.#state === "skip" || from === to) return;
    if (this.#state === "copy") {
      this.#copy(chunk, from, to);
      return;
    }
    // The whole header is here nearly always: read it in place.
    if (this.#headerLength === 0 && this.#begin(chunk, from, to) !== "incomplete") return;
    const before = this.#headerLength;
    const wanted = Math.min(to - from, maxLogHeaderBytes + 1 - before);
    chunk.copy(this.#header, before, from, from + wanted);
    this.#headerLength = before + wanted;
    if (this.#begin(this.#header, 0, this.#headerLength) === "copy") this.#copy(chunk, from + wanted, to);
  }

  /** Decides about a line from `bytes[from..to)` and copies the text there. */
  #begin(bytes: Buffer, from: number, to: number): "copy" | "skip" | "incomplete" {
    const header = readLogLineHeader(bytes, from, to);
    if (header === "incomplete") return "incomplete";
    this.#headerLength = 0;
    if (header === "invalid" || !this.#wants(header, bytes, from)) {
      this.#state = "skip";
      return "skip";
    }
    this.#state = "copy";
    this.#partial = header.partial;
    if (this.#options.timestamps && this.#atLineStart) this.#copy(bytes, from, header.timeEnd + 1);
    this.#atLineStart = false;
    if (bytes[header.text] !== newline) this.#copy(bytes, header.text, to);
    return "copy";
  }

  #wants(header: LogLineHeader, bytes: Buffer, from: number): boolean {
    const { since, stream } = this.#options;
    if (stream !== undefined && stream !== header.stream) return false;
    if (since === undefined) return true;
    const time = parseLogTime(bytes.toString("latin1", from, header.timeEnd));
    return time !== undefined && !isBefore(time, since);
  }

  #endOfLine(): void {
    if (this.#state === "header" && this.#headerLength > 0) {
      this.#header[this.#headerLength] = newline;
      const length = this.#headerLength + 1;
      this.#begin(this.#header.subarray(0, length), 0, length);
    }
    if (this.#state === "copy" && !this.#partial) {
      this.#copy(lineEnd, 0, 1);
      this.#atLineStart = true;
    }
    this.#state = "header";
    this.#headerLength = 0;
  }

  #copy(bytes: Buffer, from: number, to: number): void {
    const end = Math.min(to, from + this.#leftBytes);
    let at = from;
    while (at < end) {
      const count = Math.min(end - at, outputBytes - this.#outputLength);
      bytes.copy(this.#output, this.#outputLength, at, at + count);
      this.#outputLength += count;
      at += count;
      if (this.#outputLength === outputBytes) this.flush();
    }
    this.#leftBytes -= Math.max(0, end - from);
  }
}
