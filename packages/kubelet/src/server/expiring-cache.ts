import type { Clock } from "@wherry/base";

interface Entry<V> {
  readonly value: Promise<V>;
  expiresAtMs: number;
}

export interface ExpiringCacheOptions {
  readonly clock: Clock;
  /** Entries kept at most; the oldest go first. */
  readonly maxEntries: number;
}

/** Remembers answers for a time; callers asking for the same key while it is fetched share one fetch. */
export class ExpiringCache<V> {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #entries: Map<string, Entry<V>> = new Map();

  constructor(options: ExpiringCacheOptions) {
    this.#clock = options.clock;
    this.#maxEntries = options.maxEntries;
  }

  /**
   * The remembered answer, or that of `fetch`, kept for `lifetimeMs` of it; a rejection is not remembered.
   *
   * `fetch` runs on behalf of all who ask meanwhile, so it must not depend on one caller's signal.
   */
  get(key: string, fetch: () => Promise<V>, lifetimeMs: (value: V) => number): Promise<V> {
    const now = this.#clock.monotonic();
    const present = this.#entries.get(key);
    if (present !== undefined && present.expiresAtMs > now) return present.value;
    const value = fetch();
    const entry: Entry<V> = { value, expiresAtMs: Number.POSITIVE_INFINITY };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#trim();
    value.then(
      (answer) => {
        entry.expiresAtMs = this.#clock.monotonic() + lifetimeMs(answer);
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return value;
  }

  #trim(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) return;
      this.#entries.delete(key);
    }
  }
}
