import type { Clock } from "@wherry/base";

export interface TokenBucketOptions {
  /** Tokens added each second. */
  readonly qps: number;
  /** Tokens the bucket holds; it starts full. */
  readonly burst: number;
  readonly clock: Clock;
}

/** Limits the rate of requests, first come, first served. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #updatedMs: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#updatedMs = options.clock.monotonic();
  }

  /**
   * Takes a token: undefined when one was there, otherwise a promise for when it will be.
   *
   * A wait that is aborted gives its token back.
   */
  take(signal?: AbortSignal): Promise<void> | undefined {
    const { qps, burst, clock } = this.#options;
    const now = clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#updatedMs) / 1000) * qps);
    this.#updatedMs = now;
    this.#tokens -= 1;
    // A negative balance is the queue: each waiter sleeps until its own token has been added.
    if (this.#tokens >= 0) return undefined;
    return clock.sleep((-this.#tokens / qps) * 1000, signal).catch((error: unknown) => {
      this.#tokens += 1;
      throw error;
    });
  }
}
