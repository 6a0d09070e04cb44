import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

/** Tells whether the process that left a mark is still there. */
export interface ProcessIdentity {
  /** The mark this process leaves. */
  readonly self: string;
  /** Names the time since the machine was started; empty where unknown. */
  readonly boot: string;
  /** Whether the process that left `mark` may still be running; true when in doubt. */
  isAlive(mark: string): boolean;
}

interface Mark {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, so that a reused number is not taken for it; empty where unknown. */
  readonly started: string;
  /** Where the process number is valid: boot and PID namespace; empty where unknown. */
  readonly space: string;
  readonly nonce: string;
}

/** The identity of this process, new for each call. */
export function currentProcessIdentity(): ProcessIdentity {
  const own: Mark = { pid: process.pid, started: startTime(process.pid), space: processSpace(), nonce: randomUUID() };
  const [boot = ""] = own.space.split(" ");
  return { self: JSON.stringify(own), boot, isAlive: (mark) => isAlive(mark, own) };
}

function isAlive(text: string, own: Mark): boolean {
  let mark: Mark;
  try {
    mark = JSON.parse(text) as Mark;
  } catch {
    return false;
  }
  const [boot, namespace] = own.space.split(" ");
  const [otherBoot, otherNamespace] = mark.space.split(" ");
  if (boot !== otherBoot) return false;
  // A process of another namespace cannot be looked at.
  if (namespace !== otherNamespace) return true;
  if (!exists(mark.pid)) return false;
  return mark.started === "" || mark.started === startTime(mark.pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function startTime(pid: number): string {
  try {
    // Field 22 of /proc/PID/stat; the command in field 2 may itself hold spaces and brackets.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie holds nothing any more.
    return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
  } catch {
    return "";
  }
}

function processSpace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}
