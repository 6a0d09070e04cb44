import { abortReason } from "./abort.ts";

/**
 * Source of time and of delays; everything in Wherry that waits takes one, so that tests run on a fake.
 */
export interface Clock {
  /** Wall time in milliseconds since the Unix epoch; may jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin, for measuring durations. */
  monotonic(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `delayMs`; the returned function cancels it and is idempotent. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

// Of one timer of Node, which fires longer ones at once: some 24.8 days.
const maxTimerMs = 2 ** 31 - 1;

/**
 * Milliseconds since an arbitrary origin, with fractions; never goes back.
 *
 * Not `performance.now()`: its first use loads eight modules of Node, which takes 5 ms of the start of each host process.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The machine's clock. Its timers keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: monotonicMs,
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const onAbort = () => {
        cancel();
        reject(abortReason(signal));
      };
      const cancel = setLongTimer(delayMs, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
  setTimer: setLongTimer,
};

function setLongTimer(delayMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number) => {
    const partMs = Math.min(leftMs, maxTimerMs);
    timer = setTimeout(() => (leftMs > partMs ? arm(leftMs - partMs) : callback()), partMs);
  };
  // What is overdue already is no fault; Node warns of negative times.
  arm(Math.max(0, delayMs));
  return () => clearTimeout(timer);
}
