import type { ByteSource } from "../streams.ts";
import { ReadySignal } from "./ready-signal.ts";

const readAheadBytes = 65_536;

/**
 * The reading end of a stream: at most one read of the source is under way, and what a poll or a peek had to fetch waits
 * here for the next read.
 */
export class InputBuffer {
  readonly changed: ReadySignal = new ReadySignal();
  readonly #source: ByteSource;
  #chunk: Uint8Array | undefined;
  #failure: { readonly error: unknown } | undefined;
  #pending: Promise<void> | undefined;
  /** What the source last said it holds. */
  #announced: number | undefined;
  #asking = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Asks the source unless there is an answer already; a promise when the answer is not there yet. */
  fill(maxBytes: number = readAheadBytes): undefined | Promise<void> {
    if (this.#chunk !== undefined || this.#failure !== undefined) return undefined;
    if (this.#pending !== undefined) return this.#pending;
    const answer = this.#source.read(maxBytes);
    if (answer instanceof Uint8Array) {
      this.#chunk = answer;
      return undefined;
    }
    this.#pending = answer.then(
      (chunk) => this.#settle(chunk, undefined),
      (error: unknown) => this.#settle(undefined, { error }),
    );
    return this.#pending;
  }

  /** What `fill` got, without taking it away. Throws the error of the source, once. */
  peek(): Uint8Array {
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    return this.#chunk ?? new Uint8Array(0);
  }

  /** Takes up to `maxBytes` of what `fill` got; an empty array is the end of the stream. */
  take(maxBytes: number): Uint8Array {
    const chunk = this.peek();
    this.#announced = undefined;
    if (chunk.length <= maxBytes) {
      this.#chunk = undefined;
      return chunk;
    }
    this.#chunk = chunk.subarray(maxBytes);
    return chunk.subarray(0, maxBytes);
  }

  /**
   * Bytes that a read would get at once, 0 at the end of the stream or before an error; undefined while a read would wait. A
   * call that answers undefined also makes sure that `changed` will tell.
   */
  poll(): number | undefined {
    if (this.#chunk !== undefined) return this.#chunk.length;
    if (this.#failure !== undefined) return 0;
    if (this.#source.readable !== undefined && this.#pending === undefined) return this.#ask();
    return this.fill() === undefined ? this.poll() : undefined;
  }

  #ask(): number | undefined {
    if (this.#announced !== undefined) return this.#announced;
    if (this.#asking) return undefined;
    const answer = this.#source.readable?.() ?? 0;
    if (typeof answer === "number") return answer;
    this.#asking = true;
    const done = (count: number) => {
      this.#asking = false;
      this.#announced = count;
      this.changed.notify();
    };
    // The error will come again with the read.
    answer.then(done, () => done(0));
    return undefined;
  }

  #settle(chunk: Uint8Array | undefined, failure: { readonly error: unknown } | undefined): void {
    this.#pending = undefined;
    this.#chunk = chunk;
    this.#failure = failure;
    this.changed.notify();
  }
}
