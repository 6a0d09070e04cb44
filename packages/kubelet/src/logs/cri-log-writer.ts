import { closeSync, constants, fstatSync, mkdirSync, openSync, type Stats, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const newline = 0x0a;

/** Longest text of one entry; a longer line is cut into parts, as containerd cuts it. */
const maxTextBytes = 16_384;

/** How long a file that was moved away may still be written to. */
const followAfterMs = 5;

export interface CriLogWriterOptions {
  /** Wall time, milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
  /** @default performance.now */
  readonly monotonic?: (() => number) | undefined;
}

/**
 * Writes the output of one container instance to its log file, in the format of CRI: `TIME STREAM TAG TEXT`, one entry a line, tag `F`
 * for a whole line and `P` for a part of one.
 *
 * Entries are appended synchronously and whole, so what was written is in the file when `write` returns and survives the process.
 * The file is opened anew when another one or none is at its path, so logs are rotated without a word to the writer; a rotation
 * should give it 5 ms. A write that fails (full disk) is counted and forgotten: nothing fails for its log. Times of one log never go
 * back. Not to be used by two processes for one file at the same time.
 *
 * This module depends on Node alone, so that a process which only keeps a log (`@wherry/kubelet/cri-log`) loads nothing else.
 */
export class CriLogWriter {
  readonly #path: string;
  readonly #now: () => number;
  readonly #monotonic: () => number;
  readonly #unfinished: Record<"stdout" | "stderr", Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #file: { readonly descriptor: number; readonly stats: Stats } | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  #sequence = 0;
  #droppedBytes = 0;

  /**
   * Opens the file, creating it and its directory; never through a link in its last segment.
   *
   * @throws Node's error when the file cannot be opened
   */
  constructor(path: string, options: CriLogWriterOptions = {}) {
    this.#path = path;
    this.#now = options.now ?? Date.now;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    this.#open();
  }

  /** Bytes that could not be written. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Logs the lines that `bytes` end, and keeps what begins one until its end comes. */
  write(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#unfinished[stream], bytes]);
    const entries: Buffer[] = [];
    for (;;) {
      const end = rest.indexOf(newline);
      if (end === -1 && rest.length < maxTextBytes) break;
      const whole = end !== -1 && end <= maxTextBytes;
      const length = whole ? end : maxTextBytes;
      entries.push(this.#entry(stream, whole ? "F" : "P", rest.subarray(0, length)));
      rest = rest.subarray(whole ? length + 1 : length);
    }
    this.#unfinished[stream] = rest;
    if (entries.length > 0) this.#append(Buffer.concat(entries));
  }

  /** Logs unfinished lines as parts and closes the file; idempotent. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#unfinished[stream];
      this.#unfinished[stream] = Buffer.alloc(0);
      if (rest.length > 0) this.#append(this.#entry(stream, "P", rest));
    }
    this.#close();
  }

  #entry(stream: string, tag: "F" | "P", text: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`${this.#time()} ${stream} ${tag} `), text, Buffer.from("\n")]);
  }

  /** RFC 3339 with nine digits; those below the millisecond only keep the order. */
  #time(): string {
    const nowMs = Math.max(this.#lastMs, Math.floor(this.#now()));
    this.#sequence = nowMs === this.#lastMs ? Math.min(this.#sequence + 1, 999_999) : 0;
    this.#lastMs = nowMs;
    return `${new Date(nowMs).toISOString().slice(0, -1)}${String(this.#sequence).padStart(6, "0")}Z`;
  }

  #append(entries: Buffer): void {
    let written = 0;
    try {
      const descriptor = this.#current();
      while (written < entries.length) written += writeSync(descriptor, entries, written);
    } catch {
      this.#droppedBytes += entries.length - written;
    }
  }

  #current(): number {
    const nowMs = this.#monotonic();
    if (this.#file !== undefined && nowMs - this.#checkedAtMs < followAfterMs) return this.#file.descriptor;
    const found = statSync(this.#path, { throwIfNoEntry: false });
    const same = this.#file !== undefined && found?.ino === this.#file.stats.ino && found.dev === this.#file.stats.dev;
    this.#checkedAtMs = nowMs;
    if (this.#file !== undefined && same) return this.#file.descriptor;
    this.#close();
    return this.#open();
  }

  #open(): number {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const descriptor = openSync(this.#path, flags, 0o640);
    this.#file = { descriptor, stats: fstatSync(descriptor) };
    this.#checkedAtMs = this.#monotonic();
    return descriptor;
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }
}
