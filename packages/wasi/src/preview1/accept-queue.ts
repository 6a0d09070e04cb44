import type { ListeningSocket, StreamSocket } from "../sockets.ts";

/** Takes connections from a listening socket one at a time, so that a poll can wait for one that a later accept gets. */
export class AcceptQueue {
  readonly #listener: ListeningSocket;
  #next: StreamSocket | undefined;
  #error: unknown;
  #failed = false;
  #pending: Promise<void> | undefined;
  #closed = false;

  constructor(listener: ListeningSocket) {
    this.#listener = listener;
  }

  /** Whether `take` would answer at once, be it with an error. */
  get ready(): boolean {
    return this.#next !== undefined || this.#failed;
  }

  /** A promise while there is no connection yet. */
  fill(): undefined | Promise<void> {
    if (this.ready) return undefined;
    if (this.#pending !== undefined) return this.#pending;
    const answer = this.#listener.accept();
    if (!(answer instanceof Promise)) {
      this.#next = answer;
      return undefined;
    }
    this.#pending = answer.then(
      (socket) => {
        this.#pending = undefined;
        // Nobody will ever take it.
        if (this.#closed) socket.close();
        else this.#next = socket;
      },
      (error: unknown) => {
        this.#pending = undefined;
        this.#failed = true;
        this.#error = error;
      },
    );
    return this.#pending;
  }

  /** The connection that `fill` got. */
  take(): StreamSocket | undefined {
    if (this.#failed) {
      const error = this.#error;
      this.#failed = false;
      this.#error = undefined;
      throw error;
    }
    const socket = this.#next;
    this.#next = undefined;
    return socket;
  }

  close(): void {
    this.#closed = true;
    this.#next?.close();
    this.#next = undefined;
  }
}
