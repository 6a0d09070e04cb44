import { Backoff, type BackoffOptions } from "./backoff.ts";
import { type Clock, systemClock } from "./clock.ts";

/** What a work queue runs with. */
export interface WorkQueueOptions {
  /** Keys worked on at the same time. @default Infinity */
  readonly concurrency?: number;
  /** Delays between tries of a failing key. @default 5 ms doubling to 1000 s */
  readonly backoff?: BackoffOptions;
  readonly clock?: Clock;
  /** Told of each failure before its retry. */
  readonly onError?: (key: string, error: unknown, retryInMs: number) => void;
}

/**
 * A level-triggered queue of keys: a key is worked on by one handler at a time, additions while it is worked on run it once
 * more, and a key whose handler rejects is retried with back-off.
 *
 * The handler may return a number of milliseconds after which the key is to be worked on again.
 */
export class WorkQueue {
  readonly #handler: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  readonly #options: Required<Omit<WorkQueueOptions, "onError">> & Pick<WorkQueueOptions, "onError">;
  readonly #waiting: Set<string> = new Set();
  readonly #running: Map<string, Promise<void>> = new Map();
  readonly #dirty: Set<string> = new Set();
  readonly #timers: Map<string, () => void> = new Map();
  readonly #backoffs: Map<string, Backoff> = new Map();
  #signal: AbortSignal | undefined;

  constructor(
    handler: (key: string, signal: AbortSignal) => Promise<number | undefined>,
    options: WorkQueueOptions = {},
  ) {
    this.#handler = handler;
    this.#options = {
      concurrency: Number.POSITIVE_INFINITY,
      backoff: { initialMs: 5, maxMs: 1_000_000 },
      clock: systemClock,
      ...options,
    };
  }

  /** Keys waiting or being worked on. */
  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** Asks for `key` to be worked on as soon as possible; idempotent until it is. */
  add(key: string): void {
    this.#cancelTimer(key);
    if (this.#running.has(key)) {
      this.#dirty.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#pump();
  }

  /** Asks for `key` to be worked on after `delayMs`, unless it is added earlier; an earlier pending delay is kept. */
  addAfter(key: string, delayMs: number): void {
    // Whoever is still at work when the queue has stopped must not keep the process alive with its next turn.
    if (this.#timers.has(key) || this.#signal?.aborted) return;
    this.#timers.set(
      key,
      this.#options.clock.setTimer(delayMs, () => {
        this.#timers.delete(key);
        this.add(key);
      }),
    );
  }

  /** Drops what is known of `key`: pending work, delay and back-off. Work under way goes on. */
  forget(key: string): void {
    this.#cancelTimer(key);
    this.#waiting.delete(key);
    this.#dirty.delete(key);
    this.#backoffs.delete(key);
  }

  /** Works until `signal` aborts, then waits for handlers under way. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#pump();
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.all(this.#running.values());
  }

  #pump(): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.set(key, this.#work(key, signal));
    }
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    // The caller registers this promise in #running; the handler must not finish before that.
    await Promise.resolve();
    let again: number | undefined;
    try {
      again = await this.#handler(key, signal);
      this.#backoffs.delete(key);
    } catch (error) {
      if (!signal.aborted) again = this.#failed(key, error);
    }
    this.#running.delete(key);
    if (this.#dirty.delete(key)) this.#waiting.add(key);
    else if (again !== undefined && !signal.aborted) this.addAfter(key, again);
    this.#pump();
  }

  #failed(key: string, error: unknown): number {
    let backoff = this.#backoffs.get(key);
    if (backoff === undefined) {
      backoff = new Backoff(this.#options.backoff);
      this.#backoffs.set(key, backoff);
    }
    const delay = backoff.next();
    this.#options.onError?.(key, error, delay);
    return delay;
  }

  #cancelTimer(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}
