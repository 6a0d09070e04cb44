import { monotonicMs } from "@wherry/base";

/** Longest time that a guest which writes without a pause keeps the event loop. */
const maxHoldMs = 10;

/**
 * Gives the event loop its turns while a guest writes and never waits: calls to its process would not be answered otherwise.
 *
 * A guest that computes without calling its host cannot be interrupted; nothing that must work then asks its process.
 */
export class LoopTurns {
  readonly #monotonic: () => number;
  #lastMs: number;

  constructor(monotonic: () => number = monotonicMs) {
    this.#monotonic = monotonic;
    this.#lastMs = monotonic();
  }

  /** A promise for the guest to wait for when a turn is due. */
  due(): Promise<void> | undefined {
    if (this.#monotonic() - this.#lastMs < maxHoldMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#lastMs = this.#monotonic();
        resolve();
      });
    });
  }
}
