import { readFileSync } from "node:fs";

/** What tells a process from a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTicks: string;
  /** Changes at each boot of the machine. */
  readonly bootId: string;
}

/** Identity of a running process; undefined when there is none of that number, or only one waiting to be reaped. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
  return { pid, startTicks: stat.startTicks, bootId: currentBootId() };
}

/** Changes at each start of the machine. */
export function currentBootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Whether exactly this process is still there. */
export function isRunning(identity: ProcessIdentity): boolean {
  const current = processIdentity(identity.pid);
  return current?.startTicks === identity.startTicks && current.bootId === identity.bootId;
}

/** Kills exactly this process by SIGKILL; does nothing when it is gone. */
export function killProcess(identity: ProcessIdentity): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    // It ended in between, which is what was wanted.
  }
}

function readStat(pid: number): { state: string; startTicks: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks };
}
