import { readFileSync } from "node:fs";
import { hostRecordPath } from "../host-directory.ts";
import { writeFileAtomic } from "../platform/atomic-file.ts";
import type { ProcessIdentity } from "../platform/process-identity.ts";

/** What the engine notes of a host before it gives it work, to find it again. */
export interface HostRecord {
  readonly id: string;
  readonly process: ProcessIdentity;
  readonly createdAtMs: number;
  /** Absolute paths of the cgroup directories made for the host. */
  readonly cgroups: readonly string[];
}

export function writeHostRecord(directory: string, record: HostRecord): void {
  writeFileAtomic(hostRecordPath(directory), `${JSON.stringify(record)}\n`);
}

/** Undefined when there is none, or the file does not hold one. */
export function readHostRecord(directory: string): HostRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(hostRecordPath(directory), "utf8"));
    return isHostRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHostRecord(value: unknown): value is HostRecord {
  if (typeof value !== "object" || value === null) return false;
  const { id, process, cgroups } = value as Partial<HostRecord>;
  return (
    typeof id === "string" &&
    typeof process?.pid === "number" &&
    typeof process.startTicks === "string" &&
    typeof process.bootId === "string" &&
    Array.isArray(cgroups)
  );
}
