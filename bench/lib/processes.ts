import { readdirSync, readFileSync } from "node:fs";

/** Memory of a process, MiB: what it alone holds, its share of what is shared, and all that is resident. */
export interface ProcessMemory {
  readonly privateMib: number;
  readonly proportionalMib: number;
  readonly residentMib: number;
}

/** Reads `/proc/PID/smaps_rollup` and the page tables, which the kernel holds for the process alone. */
export function processMemory(pid: number): ProcessMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0);
  const tables = Number(/^VmPTE:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  const mib = (value: number) => value / 1024;
  return {
    privateMib: mib(kib("Private_Clean") + kib("Private_Dirty") + tables),
    proportionalMib: mib(kib("Pss") + tables),
    residentMib: mib(kib("Rss")),
  };
}

/** CPU time of a process's threads so far, milliseconds; to the nanosecond, where `/proc/PID/stat` counts in steps of 10 ms. */
export function processCpuMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]),
  );
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
}

/** CPU time of this process's children that have ended, and of theirs, milliseconds, in steps of 10. */
export function endedChildrenCpuMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The second field is a name in parentheses, which may hold anything; cutime and cstime are the 16th and 17th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
