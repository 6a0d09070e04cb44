import { readFileSync } from "node:fs";

/** A process for all time: its number may be another's later, its number and start time may not before the next boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the boot to its start, as the kernel prints them. */
  readonly startTicks: string;
  readonly bootId: string;
}

/** Identity of a process that runs now; undefined where there is none, or only what its parent has not collected. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name may hold anything, so fields are counted from behind it: the state is the 3rd, the start time the 22nd.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTicks: fields[19] ?? "", bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() };
}

export function isAlive(identity: ProcessIdentity): boolean {
  const found = identityOf(identity.pid);
  return found?.startTicks === identity.startTicks && found.bootId === identity.bootId;
}

/** Sends a signal to a process, or with `group` to the group it leads; nothing happens where it is gone. */
export function sendSignal(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  options: { readonly group?: boolean } = {},
): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(options.group === true ? -identity.pid : identity.pid, signal);
  } catch {
    // It ended a moment ago.
  }
}
