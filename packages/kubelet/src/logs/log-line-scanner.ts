import { maxLogHeaderBytes, readLogLineHeader } from "./log-line-header.ts";

const newline = 0x0a;

/** Counts ends of lines (those that are no part of a longer one) in the bytes of a log file, fed with chunks cut anywhere. */
export class LogLineScanner {
  #ends = 0;
  #anyLine = false;
  // Of the line being read: unknown until its header is complete.
  #kind: "unknown" | "end" | "part" | "invalid" = "unknown";
  #lastWasPart = false;
  readonly #header: Buffer = Buffer.alloc(maxLogHeaderBytes + 2);
  #headerLength = 0;

  get ends(): number {
    return this.#ends;
  }

  /** Whether there was any line in the format. */
  get anyLine(): boolean {
    return this.#anyLine;
  }

  /** Whether the last line was a part without its end. */
  get lastWasPart(): boolean {
    return this.#lastWasPart;
  }

  /** Reads on to the end number `stopAt`; answers the index behind it, or the chunk's length. */
  push(chunk: Buffer, stopAt: number = Number.POSITIVE_INFINITY): number {
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(newline, at);
      const stop = end === -1 ? chunk.length : end + 1;
      if (this.#kind === "unknown") this.#read(chunk, at, stop);
      at = stop;
      if (end === -1) break;
      this.#endOfLine();
      if (this.#ends >= stopAt) return at;
    }
    return at;
  }

  /** There is no more: a last line without its newline counts as it would with one. */
  finish(): void {
    if (this.#kind !== "unknown") this.#endOfLine();
  }

  #read(chunk: Buffer, from: number, to: number): void {
    const before = this.#headerLength;
    const header = before === 0 ? readLogLineHeader(chunk, from, to) : "incomplete";
    if (header !== "incomplete") {
      this.#decide(header);
      return;
    }
    const wanted = Math.min(to - from, maxLogHeaderBytes + 1 - before);
    chunk.copy(this.#header, before, from, from + wanted);
    this.#headerLength = before + wanted;
    const joined = readLogLineHeader(this.#header, 0, this.#headerLength);
    if (joined !== "incomplete") this.#decide(joined);
  }

  #decide(header: ReturnType<typeof readLogLineHeader>): void {
    this.#kind = typeof header === "string" ? "invalid" : header.partial ? "part" : "end";
  }

  #endOfLine(): void {
    if (this.#kind === "end" || this.#kind === "part") {
      this.#anyLine = true;
      this.#lastWasPart = this.#kind === "part";
      if (this.#kind === "end") this.#ends++;
    }
    this.#kind = "unknown";
    this.#headerLength = 0;
  }
}
