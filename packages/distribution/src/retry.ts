import { Backoff, type Clock } from "@wherry/base";
import { DistributionError } from "./errors.ts";
import { discard, type HttpResponse } from "./http-transport.ts";

export interface RetryOptions {
  /** Times a request is sent in all. @default 5 */
  readonly attempts?: number;
  /** First delay. @default 200 */
  readonly initialMs?: number;
  /** Longest delay of our own, and the longest `Retry-After` that is waited for. @default 20_000 */
  readonly maxMs?: number;
}

export interface Retry {
  /** Delay before the next attempt, or undefined when there is none left; `askedMs` is what the other side asked for. */
  next(askedMs: number | undefined): number | undefined;
  /** Counts from the start again, after progress. */
  reset(): void;
}

/** Attempts with exponential delays, of which half is random so that many nodes do not return together. */
export function createRetry(options: RetryOptions, random: () => number): Retry {
  const { attempts = 5, initialMs = 200, maxMs = 20_000 } = options;
  const backoff = new Backoff({ initialMs, maxMs });
  return {
    next(askedMs) {
      if (backoff.steps >= attempts - 1) return undefined;
      const delayMs = backoff.next();
      if (askedMs !== undefined && askedMs > maxMs) return undefined;
      return Math.max(askedMs ?? 0, delayMs * (0.5 + 0.5 * random()));
    },
    reset: () => backoff.reset(),
  };
}

/** Milliseconds of a `Retry-After` header: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Whether a status says that the same request may succeed later. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

export interface RetryContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly retry: RetryOptions;
  readonly signal?: AbortSignal | undefined;
  /** Told before each further attempt. */
  readonly onRetry?: (delayMs: number) => void;
}

/**
 * Calls `send` until its answer or failure is final: transient statuses and retryable errors are tried again after a delay.
 *
 * The last answer is returned whatever its status.
 */
export async function sendWithRetry(send: () => Promise<HttpResponse>, context: RetryContext): Promise<HttpResponse> {
  const { clock, random, signal, onRetry } = context;
  const retry = createRetry(context.retry, random);
  for (;;) {
    let delayMs: number | undefined;
    try {
      const response = await send();
      if (!isTransientStatus(response.status)) return response;
      delayMs = retry.next(retryAfterMs(response.headers["retry-after"], clock.now()));
      if (delayMs === undefined) return response;
      await discard(response);
    } catch (error) {
      if (!(error instanceof DistributionError) || !error.retryable) throw error;
      delayMs = retry.next(undefined);
      if (delayMs === undefined) throw error;
    }
    onRetry?.(delayMs);
    await clock.sleep(delayMs, signal);
  }
}
