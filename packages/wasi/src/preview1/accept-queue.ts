import type { ListeningSocket, StreamSocket } from "../sockets.ts";
import { ReadySignal } from "./ready-signal.ts";

/** Takes connections from a listening socket one at a time, so that a poll can wait for one that a later accept gets. */
export class AcceptQueue {
  readonly changed: ReadySignal = new ReadySignal();
  readonly #listener: ListeningSocket;
  #next: StreamSocket | undefined;
  #failure: { readonly error: unknown } | undefined;
  #pending: Promise<void> | undefined;
  #closed = false;

  constructor(listener: ListeningSocket) {
    this.#listener = listener;
  }

  /** Asks for a connection unless there is one; a promise while there is none yet. */
  fill(): undefined | Promise<void> {
    if (this.#next !== undefined || this.#failure !== undefined) return undefined;
    if (this.#pending !== undefined) return this.#pending;
    const answer = this.#listener.accept();
    if ("kind" in answer) {
      this.#next = answer;
      return undefined;
    }
    this.#pending = answer.then(
      (socket) => this.#settle(socket, undefined),
      (error: unknown) => this.#settle(undefined, { error }),
    );
    return this.#pending;
  }

  /** Whether `take` would answer at once, be it with an error; if not, `changed` will tell. */
  poll(): boolean {
    return this.fill() === undefined;
  }

  /** The connection that `fill` got. */
  take(): StreamSocket | undefined {
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
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

  #settle(socket: StreamSocket | undefined, failure: { readonly error: unknown } | undefined): void {
    this.#pending = undefined;
    if (this.#closed) {
      // Nobody will ever take it.
      socket?.close();
      return;
    }
    this.#next = socket;
    this.#failure = failure;
    this.changed.notify();
  }
}
