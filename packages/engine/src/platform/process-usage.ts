import { readFileSync } from "node:fs";

/** What a process uses. */
export interface ProcessUsage {
  readonly cpuNanoseconds: number;
  /** Anonymous resident memory: what would be free without the process. */
  readonly memoryBytes: number;
}

/** USER_HZ, in which /proc counts CPU time on every architecture Node runs on; proc(5). */
const nanosecondsPerTick = 1e9 / 100;

/** Undefined when the process has ended. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const resident = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    if (resident === null) return undefined;
    return {
      cpuNanoseconds: (Number(fields[11]) + Number(fields[12])) * nanosecondsPerTick,
      memoryBytes: Number(resident[1]) * 1024,
    };
  } catch {
    return undefined;
  }
}
