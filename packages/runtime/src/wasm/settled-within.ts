import type { Clock } from "@wherry/base";

/** What `promise` resolves to; undefined when that takes longer than `timeoutMs`. Rejects with the signal's reason when it aborts. */
export async function settledWithin<T>(
  clock: Clock,
  promise: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const timer = new AbortController();
  const waited = clock.sleep(timeoutMs, signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]));
  try {
    return await Promise.race([promise, waited.then(() => undefined)]);
  } finally {
    timer.abort();
    waited.catch(() => undefined);
  }
}
