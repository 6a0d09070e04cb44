import type { Clock } from "@wherry/base";

/** The end of a grace period, which may come closer but never moves away. */
export class GraceDeadline {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #expired: AbortController = new AbortController();
  #graceMs: number;
  #shortened: AbortController = new AbortController();
  #cancelExpiry: () => void;

  /** Begins now. */
  constructor(clock: Clock, graceMs: number) {
    this.#clock = clock;
    this.#startMs = clock.monotonic();
    this.#graceMs = graceMs;
    this.#cancelExpiry = this.#armExpiry();
  }

  get remainingMs(): number {
    return Math.max(0, this.#startMs + this.#graceMs - this.#clock.monotonic());
  }

  /** Aborts when the end comes closer, and is then another one. */
  get shortened(): AbortSignal {
    return this.#shortened.signal;
  }

  /** Aborts at the end. */
  get expired(): AbortSignal {
    return this.#expired.signal;
  }

  /** Makes the whole period this long, counted from its beginning; a longer one changes nothing. */
  shorten(graceMs: number): void {
    if (graceMs >= this.#graceMs) return;
    this.#graceMs = graceMs;
    this.#cancelExpiry();
    this.#cancelExpiry = this.#armExpiry();
    const before = this.#shortened;
    this.#shortened = new AbortController();
    before.abort();
  }

  /** Nobody waits for it any more. */
  end(): void {
    this.#cancelExpiry();
  }

  #armExpiry(): () => void {
    return this.#clock.setTimer(this.remainingMs, () => this.#expired.abort());
  }
}
