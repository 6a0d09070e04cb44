import type { ByteSink } from "../streams.ts";
import { ReadySignal } from "./ready-signal.ts";

/** The writing end of a stream: knows whether the sink still makes the writer wait. */
export class OutputBuffer {
  readonly changed: ReadySignal = new ReadySignal();
  readonly #sink: ByteSink;
  #pending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Pending until the sink takes more. Never rejects: an error is thrown by `throwError` or the next write. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** Hands `bytes` to the sink. Throws the error of an earlier write that was not waited for. */
  write(bytes: Uint8Array): void {
    this.throwError();
    const answer = this.#sink.write(bytes);
    if (answer === undefined) return;
    this.#pending = answer.then(
      () => this.#settle(undefined),
      (error: unknown) => this.#settle({ error }),
    );
  }

  /** Throws the error of the last write, once. */
  throwError(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  #settle(failure: { readonly error: unknown } | undefined): void {
    this.#pending = undefined;
    this.#failure = failure;
    this.changed.notify();
  }
}
