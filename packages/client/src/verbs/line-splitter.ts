import { TransportError } from "../errors.ts";

const newline = 0x0a;

/** Cuts a byte stream into lines of at most `maxLineBytes`, whatever the chunks. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes of an unfinished line. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The lines that `chunk` completes, without their ends and without empty ones; throws when a line is too long. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#check(end - start);
      const line = this.#take(chunk, start, end);
      if (line !== "") lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#check(chunk.length - start);
      this.#pending.push(start === 0 ? chunk : chunk.subarray(start));
      this.#pendingBytes += chunk.length - start;
    }
    return lines;
  }

  #take(chunk: Buffer, start: number, end: number): string {
    if (this.#pendingBytes === 0) return chunk.toString("utf8", start, end);
    this.#pending.push(chunk.subarray(start, end));
    const line = Buffer.concat(this.#pending).toString("utf8");
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }

  #check(moreBytes: number): void {
    if (this.#pendingBytes + moreBytes > this.#maxLineBytes)
      throw new TransportError("limit", `Cannot read the watch: an event is larger than ${this.#maxLineBytes} bytes`);
  }
}
