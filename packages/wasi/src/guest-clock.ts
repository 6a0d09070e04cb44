import { type Clock, monotonicMs } from "@wherry/base";

/** The clocks a guest sees, in nanoseconds; one per instance, so that processor time can be the instance's own. */
export interface GuestClock {
  /** Nanoseconds since the Unix epoch. */
  realtimeNs(): bigint;
  /** Nanoseconds since an arbitrary origin; never goes back. */
  monotonicNs(): bigint;
  /** Processor time spent, in nanoseconds. */
  cpuTimeNs(): bigint;
  /** Smallest step of each clock. */
  readonly resolutionNs: { readonly realtime: bigint; readonly monotonic: bigint; readonly cpuTime: bigint };
  /** Calls `callback` once after `delayMs`, never early; the returned function cancels it. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

const nsPerMs = 1_000_000;

/**
 * The machine's clocks. Processor time is that of the calling thread since this call: the guest's own while it has a thread
 * of its own, and only an upper bound where guests share one.
 */
export function createSystemGuestClock(): GuestClock {
  const cpuStart = process.threadCpuUsage();
  return {
    realtimeNs: fineWallClock(() => Date.now(), monotonicMs),
    monotonicNs: () => process.hrtime.bigint(),
    cpuTimeNs() {
      const used = process.threadCpuUsage(cpuStart);
      return BigInt(used.user + used.system) * 1000n;
    },
    resolutionNs: { realtime: 1000n, monotonic: 1n, cpuTime: 1000n },
    setTimer(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Wall time in nanoseconds from one clock that is right to the millisecond and a finer one that only measures: within the
 * millisecond the first one names, even after the machine's time was set, and finer than it inside of it.
 */
export function fineWallClock(wallMs: () => number, monotonicMs: () => number): () => bigint {
  let offsetMs = Number.NEGATIVE_INFINITY;
  return () => {
    const wall = wallMs();
    const monotonic = monotonicMs();
    const estimate = monotonic + offsetMs;
    const within = Math.min(Math.max(estimate, wall), wall + 0.999);
    if (within !== estimate) offsetMs = within - monotonic;
    return BigInt(Math.floor(within * 1000)) * 1000n;
  };
}

/** A guest's clocks driven by a `Clock` of `@wherry/base`, such as a fake one; its processor time equals its monotonic time. */
export function guestClockFrom(clock: Clock): GuestClock {
  // In two parts, as the nanoseconds since 1970 are beyond what a number counts exactly.
  const ns = (ms: number) => BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.floor((ms % 1) * nsPerMs));
  return {
    realtimeNs: () => ns(clock.now()),
    monotonicNs: () => ns(clock.monotonic()),
    cpuTimeNs: () => ns(clock.monotonic()),
    resolutionNs: { realtime: 1_000_000n, monotonic: 1_000_000n, cpuTime: 1_000_000n },
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
  };
}
