/**
 * Callbacks to run when a stream changes, each removable: a guest may poll a quiet stream for ever, and what an earlier poll
 * waited for must not pile up, as reactions of a promise would.
 */
export class ReadySignal {
  readonly #callbacks: Set<() => void> = new Set();

  /** Calls `callback` at every change until the returned function is called. */
  watch(callback: () => void): () => void {
    // A function of its own, as two polls may wait with the same one.
    const own = () => callback();
    this.#callbacks.add(own);
    return () => this.#callbacks.delete(own);
  }

  notify(): void {
    for (const callback of [...this.#callbacks]) callback();
  }
}
