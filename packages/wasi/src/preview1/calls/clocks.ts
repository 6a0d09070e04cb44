import { ClockId } from "../abi.ts";
import { Errno, errnoSignal } from "../errno.ts";
import type { Guest } from "../guest.ts";

/** The time of a clock in nanoseconds. EINVAL for an unknown one. */
export function clockNow(guest: Guest, id: number): bigint {
  switch (id) {
    case ClockId.realtime:
      return guest.clock.realtimeNs();
    case ClockId.monotonic:
      return guest.clock.monotonicNs();
    case ClockId.processCpuTime:
    case ClockId.threadCpuTime:
      return guest.clock.cpuTimeNs();
    default:
      throw errnoSignal(Errno.inval);
  }
}

export function clockResGet(guest: Guest, id: number, pointer: number): Errno {
  const { realtime, monotonic, cpuTime } = guest.clock.resolutionNs;
  const resolution = [realtime, monotonic, cpuTime, cpuTime][id];
  if (resolution === undefined) return Errno.inval;
  guest.memory.setU64(pointer, resolution);
  return Errno.success;
}

export function clockTimeGet(guest: Guest, id: number, _precisionNs: bigint, pointer: number): Errno {
  guest.memory.setU64(pointer, clockNow(guest, id));
  return Errno.success;
}
