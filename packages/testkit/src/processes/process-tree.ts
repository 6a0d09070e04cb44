import { readdirSync, readFileSync } from "node:fs";

/** The processes that `pid` has started and that still run, as this process numbers them. */
export function childPids(pid: number): number[] {
  return parents()
    .filter(({ parent }) => parent === pid)
    .map((entry) => entry.pid);
}

/** The children of `pid`, theirs, and so on. */
export function descendantPids(pid: number): number[] {
  const entries = parents();
  const found = [pid];
  for (const ancestor of found) {
    for (const entry of entries) if (entry.parent === ancestor) found.push(entry.pid);
  }
  return found.slice(1);
}

function parents(): { readonly pid: number; readonly parent: number }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The name of the program stands in parentheses and may hold any character; state and parent follow it.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(")").at(-1)?.trim().split(" ");
      return [{ pid: Number(name), parent: Number(fields?.[1]) }];
    } catch {
      return []; // Ended meanwhile.
    }
  });
}
