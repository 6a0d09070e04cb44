import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Cgroup, CgroupBackend, CgroupLimits } from "./cgroup.ts";
import {
  cpuPeriodUs,
  cpuQuotaUs,
  groupSegments,
  makeGroup,
  moveToGroup,
  readGroupCounter,
  readGroupNumber,
  removeGroup,
  writeGroupFile,
} from "./cgroup-directory.ts";

/** Control groups of version 2, below `root`: the mount point, or a directory that was delegated to this process. */
export function cgroupV2(root: string): CgroupBackend {
  return {
    version: 2,
    create(parent, name, limits) {
      const segments = groupSegments(parent, name);
      // A group has the controllers that its parent passes on.
      const path = makeGroup(root, segments, (above) =>
        writeGroupFile(above, "cgroup.subtree_control", "+cpu +memory"),
      );
      const group = groupOf([path]);
      group.update(limits);
      // The kubelet's default: a limit that swapping could go around would be none.
      if (existsSync(join(path, "memory.swap.max"))) writeGroupFile(path, "memory.swap.max", "0");
      return group;
    },
    open: groupOf,
  };
}

function groupOf(paths: readonly string[]): Cgroup {
  const [path = ""] = paths;
  return {
    paths,
    join: (pid) => moveToGroup(path, pid),
    update({ memoryLimitBytes, cpuLimitMillis }: CgroupLimits) {
      if (memoryLimitBytes !== undefined) writeGroupFile(path, "memory.max", String(memoryLimitBytes));
      if (cpuLimitMillis !== undefined) {
        writeGroupFile(path, "cpu.max", `${cpuQuotaUs(cpuLimitMillis)} ${cpuPeriodUs}`);
      }
    },
    memoryBytes: () => readGroupNumber(path, "memory.current"),
    oomKills: () => readGroupCounter(path, "memory.events", "oom_kill"),
    remove: () => removeGroup(path),
  };
}
