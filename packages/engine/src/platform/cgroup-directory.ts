import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "@wherry/base";
import { EngineError } from "../errors.ts";

/** Length of the period that CPU quotas are given for, microseconds; the kernel's default. */
export const cpuPeriodUs = 100_000;

/** Smallest quota the kernel takes. */
const minQuotaUs = 1_000;

/** Pauses before another try to remove a group whose last process is still being torn down. */
const removePausesMs = [5, 10, 20, 50, 100, 200, 500];

/** CPU time in each period for a limit in thousandths of a core. */
export function cpuQuotaUs(cpuLimitMillis: number): number {
  return Math.max(minQuotaUs, Math.round((cpuLimitMillis * cpuPeriodUs) / 1000));
}

/** The segments of a group's path; throws `EngineError` of code `InvalidArgument` when it could lead elsewhere. */
export function groupSegments(parent: string, name: string): string[] {
  const segments = [...parent.split("/").filter((segment) => segment !== ""), name];
  if (segments.every((segment) => /^[^/\0:]+$/.test(segment) && !/^\.+$/.test(segment))) return segments;
  throw new EngineError(
    "InvalidArgument",
    `Cannot use "${parent}" as parent of control group "${name}": a path below the hierarchy's root is needed, as the cgroupfs driver has it`,
  );
}

/** Makes a group's directory and those above it; `beforeMake` sees each parent first, from above. */
export function makeGroup(root: string, segments: readonly string[], beforeMake: (parent: string) => void): string {
  let path = root;
  for (const segment of segments) {
    beforeMake(path);
    path = join(path, segment);
    try {
      mkdirSync(path);
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw groupError("make control group", path, error);
    }
  }
  return path;
}

export function writeGroupFile(path: string, name: string, value: string): void {
  try {
    writeFileSync(join(path, name), value);
  } catch (error) {
    throw groupError(`write "${value}" to ${name} of control group`, path, error);
  }
}

/** Moves a process with all its threads into a group, if it still runs. */
export async function moveToGroup(path: string, pid: number): Promise<void> {
  try {
    await writeFile(join(path, "cgroup.procs"), String(pid));
  } catch (error) {
    // It has ended, which is told elsewhere.
    if (errorCode(error) === "ESRCH") return;
    throw groupError(`move process ${pid} to control group`, path, error);
  }
}

/** Value of a line `KEY VALUE` of a group's file; 0 when file or line are not there. */
export function readGroupCounter(path: string, name: string, key: string): number {
  try {
    const line = readFileSync(join(path, name), "utf8")
      .split("\n")
      .find((candidate) => candidate.startsWith(`${key} `));
    return Number(line?.slice(key.length + 1) ?? 0);
  } catch {
    return 0;
  }
}

/** The number that a group's file holds; 0 when it is not there. */
export function readGroupNumber(path: string, name: string): number {
  try {
    return Number(readFileSync(join(path, name), "utf8"));
  } catch {
    return 0;
  }
}

/** Removes a group without processes, and the group above when it is empty then. */
export async function removeGroup(path: string): Promise<void> {
  await removeGroupDirectory(path);
  try {
    rmdirSync(dirname(path));
  } catch {
    // Others are in it, or it went with another host's group.
  }
}

async function removeGroupDirectory(path: string): Promise<void> {
  for (const pauseMs of [...removePausesMs, undefined]) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      const code = errorCode(error);
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || pauseMs === undefined) throw groupError("remove control group", path, error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function groupError(action: string, path: string, cause: unknown): EngineError {
  return new EngineError("FailedPrecondition", `Cannot ${action} "${path}": ${errorCode(cause) ?? String(cause)}`, {
    cause,
  });
}
