import { readFileSync } from "node:fs";
import { join } from "node:path";
import { guestFiles } from "../guest-directory.ts";
import { writeFileAtomic } from "../platform/atomic-file.ts";
import type { ProcessIdentity } from "../platform/process-identity.ts";

/** What the engine notes of a sandbox before anything is in it, to find it again. */
export interface SandboxRecord {
  readonly id: string;
  readonly createdAtMs: number;
  /** Of the machine's start in which it was made. */
  readonly bootId: string;
  /** Absolute paths of the cgroup directories made for it. */
  readonly cgroups: readonly string[];
  readonly tier: "default" | "optimized";
  /** Limit of memory that was asked for; undefined for none. */
  readonly memoryLimitBytes?: number | undefined;
}

export function writeSandboxRecord(directory: string, record: SandboxRecord): void {
  writeFileAtomic(recordPath(directory), `${JSON.stringify(record)}\n`);
}

/** Undefined when there is none, or the file does not hold one. */
export function readSandboxRecord(directory: string): SandboxRecord | undefined {
  const value = readJson(recordPath(directory));
  if (typeof value !== "object" || value === null) return undefined;
  const { id, bootId, cgroups } = value as Partial<SandboxRecord>;
  const valid = typeof id === "string" && typeof bootId === "string" && Array.isArray(cgroups);
  return valid ? (value as SandboxRecord) : undefined;
}

/** Notes which process a guest was given, before it is told so. */
export function writeProcessRecord(guestDirectory: string, process: ProcessIdentity): void {
  writeFileAtomic(guestFiles.process(guestDirectory), `${JSON.stringify(process)}\n`);
}

/** Undefined when there is none, or the file does not hold one. */
export function readProcessRecord(guestDirectory: string): ProcessIdentity | undefined {
  const value = readJson(guestFiles.process(guestDirectory));
  if (typeof value !== "object" || value === null) return undefined;
  const { pid, startTicks, bootId } = value as Partial<ProcessIdentity>;
  const valid = typeof pid === "number" && typeof startTicks === "string" && typeof bootId === "string";
  return valid ? (value as ProcessIdentity) : undefined;
}

function recordPath(directory: string): string {
  return join(directory, "sandbox.json");
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
