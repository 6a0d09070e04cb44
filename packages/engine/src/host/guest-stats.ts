import { readFileSync } from "node:fs";
import type { GuestStats } from "../guest.ts";
import type { HostedGuest } from "./guest.ts";

const pageBytes = 65_536;

/**
 * What a guest uses. CPU is its thread's. Memory of a lone guest is all that its process has for itself; where several share
 * the process, each has its own linear memory and an equal part of the rest.
 */
export async function guestStats(guest: HostedGuest, siblings: readonly HostedGuest[]): Promise<GuestStats> {
  const { worker } = guest;
  const live = siblings.filter((other) => other.worker !== undefined);
  const memory = worker === undefined ? 0 : memoryShare(guest, live);
  return {
    timeMs: Date.now(),
    cpuUsageNanoseconds: await guest.cpuNanoseconds(),
    memoryUsageBytes: memory,
    memoryWorkingSetBytes: memory,
  };
}

function memoryShare(guest: HostedGuest, live: readonly HostedGuest[]): number {
  const total = privateBytes();
  if (live.length <= 1) return total;
  const linear = live.reduce((sum, other) => sum + other.control.memoryPages * pageBytes, 0);
  return guest.control.memoryPages * pageBytes + Math.max(0, total - linear) / live.length;
}

/** Anonymous resident memory of this process: what would be free without it. */
function privateBytes(): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(match?.[1] ?? 0) * 1024;
}
