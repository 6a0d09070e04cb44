import type { ByteSink } from "../streams.ts";

/** The writing end of a stream: knows whether the sink still makes the writer wait. */
export class OutputBuffer {
  readonly #sink: ByteSink;
  #pending: Promise<void> | undefined;
  #error: unknown;
  #failed = false;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  get ready(): boolean {
    return this.#pending === undefined;
  }

  /** Resolves when the sink takes more. Never rejects: an error is thrown by the next write. */
  whenReady(): undefined | Promise<void> {
    return this.#pending;
  }

  /** Hands `bytes` to the sink. Throws the error of an earlier write that was not waited for. */
  write(bytes: Uint8Array): void {
    this.throwError();
    const answer = this.#sink.write(bytes);
    if (answer === undefined) return;
    this.#pending = answer.then(
      () => {
        this.#pending = undefined;
      },
      (error: unknown) => {
        this.#pending = undefined;
        this.#failed = true;
        this.#error = error;
      },
    );
  }

  /** Throws the error of the last write, once. */
  throwError(): void {
    if (!this.#failed) return;
    const error = this.#error;
    this.#failed = false;
    this.#error = undefined;
    throw error;
  }
}
