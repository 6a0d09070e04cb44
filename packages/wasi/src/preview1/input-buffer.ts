import type { ByteSource } from "../streams.ts";

const readAheadBytes = 65_536;

/**
 * The reading end of a stream: at most one read of the source is under way, and what a poll or a peek had to fetch waits
 * here for the next read.
 */
export class InputBuffer {
  readonly #source: ByteSource;
  #chunk: Uint8Array | undefined;
  #error: unknown;
  #failed = false;
  #pending: Promise<void> | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Whether a read would be answered at once, be it with the end of the stream or an error. */
  get ready(): boolean {
    return this.#chunk !== undefined || this.#failed;
  }

  /** Bytes at hand; 0 when ready means the end of the stream. */
  get available(): number {
    return this.#chunk?.length ?? 0;
  }

  /** Asks the source unless there is an answer already; a promise when the answer is not there yet. */
  fill(maxBytes: number = readAheadBytes): undefined | Promise<void> {
    if (this.ready) return undefined;
    if (this.#pending !== undefined) return this.#pending;
    const answer = this.#source.read(maxBytes);
    if (answer instanceof Uint8Array) {
      this.#chunk = answer;
      return undefined;
    }
    this.#pending = answer.then(
      (chunk) => {
        this.#pending = undefined;
        this.#chunk = chunk;
      },
      (error: unknown) => {
        this.#pending = undefined;
        this.#failed = true;
        this.#error = error;
      },
    );
    return this.#pending;
  }

  /** What `fill` got, without taking it away. Throws the error of the source, once. */
  peek(): Uint8Array {
    if (this.#failed) {
      const error = this.#error;
      this.#failed = false;
      this.#error = undefined;
      throw error;
    }
    return this.#chunk ?? new Uint8Array(0);
  }

  /** Takes up to `maxBytes` of what `fill` got; an empty array is the end of the stream. */
  take(maxBytes: number): Uint8Array {
    const chunk = this.peek();
    if (chunk.length <= maxBytes) {
      this.#chunk = undefined;
      return chunk;
    }
    this.#chunk = chunk.subarray(maxBytes);
    return chunk.subarray(0, maxBytes);
  }

  /** Resolves when a read would be answered at once; without reading ahead where the source can tell. */
  whenReady(): undefined | Promise<unknown> {
    if (this.ready) return undefined;
    if (this.#pending !== undefined) return this.#pending;
    if (this.#source.readable === undefined) return this.fill();
    const count = this.#source.readable();
    return typeof count === "number" ? undefined : count;
  }
}
