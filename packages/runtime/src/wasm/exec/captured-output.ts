import { Writable } from "node:stream";

const firstBytes = 4096;

/** Keeps the first `maxBytes` of what is written to it, in one buffer, and takes the rest as if it were read. */
export class CapturedOutput extends Writable {
  readonly #maxBytes: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  /** What was written so far. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#sizeBytes);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    const kept = chunk.subarray(0, this.#maxBytes - this.#sizeBytes);
    this.#makeRoom(this.#sizeBytes + kept.length);
    this.#buffer.set(kept, this.#sizeBytes);
    this.#sizeBytes += kept.length;
    done();
  }

  /** Copies: many small chunks, kept as they come, would take many times the memory of their bytes. */
  #makeRoom(sizeBytes: number): void {
    if (sizeBytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(firstBytes, sizeBytes, 2 * this.#buffer.length)));
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
