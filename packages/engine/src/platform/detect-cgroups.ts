import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CgroupBackend } from "./cgroup.ts";
import { cgroupV1 } from "./cgroup-v1.ts";
import { cgroupV2 } from "./cgroup-v2.ts";

/** What limits hosts on this machine, or why nothing does. */
export type CgroupDetection =
  | { readonly backend: CgroupBackend }
  | { readonly backend: undefined; readonly reason: string };

interface Mount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * Finds control groups that this process may use: version 2 where it has the CPU and memory controllers, else version 1.
 *
 * @param mountInfo text of /proc/self/mountinfo, see proc(5)
 */
export function detectCgroups(mountInfo: string | undefined = readMountInfo()): CgroupDetection {
  if (mountInfo === undefined) return { backend: undefined, reason: "this system has no control groups" };
  const mounts = parseMounts(mountInfo);
  const unified = mounts.find(({ type }) => type === "cgroup2")?.path;
  const controllers = unified === undefined ? [] : readControllers(unified);
  if (unified !== undefined && ["cpu", "memory"].every((name) => controllers.includes(name))) {
    return isWritable(unified, "cgroup.subtree_control")
      ? { backend: cgroupV2(unified) }
      : { backend: undefined, reason: `this process may not change control groups in "${unified}"` };
  }
  const [memory, cpu] = ["memory", "cpu"].map(
    (name) => mounts.find(({ type, options }) => type === "cgroup" && options.includes(name))?.path,
  );
  if (memory === undefined || cpu === undefined) {
    return { backend: undefined, reason: "the CPU and memory controllers are not mounted" };
  }
  const locked = [memory, cpu].find((path) => !isWritable(path, "cgroup.procs"));
  return locked === undefined
    ? { backend: cgroupV1({ memory, cpu }) }
    : { backend: undefined, reason: `this process may not change control groups in "${locked}"` };
}

function readMountInfo(): string | undefined {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return undefined;
  }
}

function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [left = "", right] = line.split(" - ");
    const path = left.split(" ")[4];
    const [type, , options] = right?.split(" ") ?? [];
    if (path === undefined || type === undefined || options === undefined) return [];
    return { path: unescapePath(path), type, options: options.split(",") };
  });
}

/** Paths have blanks and backslashes as octal numbers. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function readControllers(path: string): string[] {
  try {
    return readFileSync(join(path, "cgroup.controllers"), "utf8").trim().split(" ");
  } catch {
    return [];
  }
}

function isWritable(path: string, file: string): boolean {
  try {
    accessSync(join(path, file), constants.W_OK);
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
