/** Runs work of one key one after another, work of different keys at the same time. */
export class KeyedLock {
  readonly #tails: Map<string, Promise<unknown>> = new Map();

  /** Runs `work` when all earlier work of `key` has settled. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const mine = before === undefined ? work() : before.then(work);
    const tail = mine.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
