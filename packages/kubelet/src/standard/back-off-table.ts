interface Entry {
  delayMs: number;
  updatedAtMs: number;
}

export interface BackOffTableOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Upstream's, whatever the largest delay: a low one must not make a container's every failure its first. */
const resetAfterMs = 600_000;

/**
 * Growing delays by key, with the meaning of client-go's `flowcontrol.Backoff`: the first failure costs no delay, each further
 * one doubles it, and a key that did not fail for 10 min after it was tried again starts anew.
 *
 * Times are given, never read; they are best those of a clock that nobody sets. In memory only: a restart of the kubelet forgets
 * them, as upstream's does.
 */
export class BackOffTable {
  readonly #options: BackOffTableOptions;
  readonly #entries: Map<string, Entry> = new Map();

  constructor(options: BackOffTableOptions) {
    this.#options = options;
  }

  /** The present delay of a key, 0 if it has none. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** When the key may be tried again, given that it failed at `failedAtMs`; undefined if it may be tried at once. */
  retryAtMs(key: string, failedAtMs: number, nowMs: number): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isExpired(entry, failedAtMs)) return undefined;
    const retryAtMs = failedAtMs + entry.delayMs;
    return retryAtMs > nowMs ? retryAtMs : undefined;
  }

  /** As `retryAtMs`, counted from the last `next` of the key. */
  retryAtSinceUpdateMs(key: string, nowMs: number): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isExpired(entry, nowMs)) return undefined;
    const retryAtMs = entry.updatedAtMs + entry.delayMs;
    return retryAtMs > nowMs ? retryAtMs : undefined;
  }

  /** Grows the delay of a key that failed at `failedAtMs` and is tried again now, from when on it may prove stable. */
  next(key: string, failedAtMs: number, nowMs: number): void {
    const { initialMs, maxMs } = this.#options;
    const entry = this.#entries.get(key);
    const fresh = entry === undefined || this.#isExpired(entry, failedAtMs);
    const delayMs = fresh ? Math.min(initialMs, maxMs) : Math.min(entry.delayMs * 2, maxMs);
    this.#entries.set(key, { delayMs, updatedAtMs: nowMs });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #isExpired(entry: Entry, atMs: number): boolean {
    return atMs - entry.updatedAtMs > resetAfterMs;
  }
}

/** A duration as Go prints it, whole seconds: `10s`, `1m20s`, `5m0s`. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`;
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
