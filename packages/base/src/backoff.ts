export interface BackoffOptions {
  /** First delay, milliseconds. */
  readonly initialMs: number;
  /** Largest delay, milliseconds. */
  readonly maxMs: number;
  /** @default 2 */
  readonly factor?: number;
  /**
   * `full` draws from 0..delay, a number adds up to that fraction of the delay, `none` gives the plain series.
   * @default "none"
   */
  readonly jitter?: "full" | "none" | number;
  /** Source of randomness in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** A growing series of delays; one object per thing that is retried. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #nextMs: number;
  #steps = 0;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, jitter: "none", random: Math.random, ...options };
    this.#nextMs = options.initialMs;
  }

  /** Delays handed out since the last reset. */
  get steps(): number {
    return this.#steps;
  }

  /** The next delay in milliseconds; each call grows the series. */
  next(): number {
    const { factor, maxMs, jitter, random } = this.#options;
    const delay = Math.min(this.#nextMs, maxMs);
    this.#nextMs = Math.min(delay * factor, maxMs);
    this.#steps++;
    if (jitter === "full") return random() * delay;
    return jitter === "none" ? delay : delay * (1 + jitter * random());
  }

  /** Starts the series again; idempotent. */
  reset(): void {
    this.#nextMs = this.#options.initialMs;
    this.#steps = 0;
  }
}
