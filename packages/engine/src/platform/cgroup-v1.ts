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

/** Mount points of the controllers that limit hosts. */
export interface CgroupV1Roots {
  readonly memory: string;
  readonly cpu: string;
}

/** Control groups of version 1: a directory in each controller's hierarchy. */
export function cgroupV1({ memory, cpu }: CgroupV1Roots): CgroupBackend {
  return {
    version: 1,
    create(parent, name, limits) {
      const segments = groupSegments(parent, name);
      const group = groupOf([memory, cpu].map((root) => makeGroup(root, segments, () => undefined)));
      group.update(limits);
      return group;
    },
    open: groupOf,
  };
}

function groupOf(paths: readonly string[]): Cgroup {
  const [memory = "", cpu = ""] = paths;
  return {
    paths,
    async join(pid) {
      await Promise.all(paths.map((path) => moveToGroup(path, pid)));
    },
    update({ memoryLimitBytes, cpuLimitMillis }: CgroupLimits) {
      if (memoryLimitBytes !== undefined) writeGroupFile(memory, "memory.limit_in_bytes", String(memoryLimitBytes));
      if (cpuLimitMillis === undefined) return;
      writeGroupFile(cpu, "cpu.cfs_period_us", String(cpuPeriodUs));
      writeGroupFile(cpu, "cpu.cfs_quota_us", String(cpuQuotaUs(cpuLimitMillis)));
    },
    memoryBytes: () => readGroupNumber(memory, "memory.usage_in_bytes"),
    oomKills: () => readGroupCounter(memory, "memory.oom_control", "oom_kill"),
    async remove() {
      for (const path of paths) await removeGroup(path);
    },
  };
}
