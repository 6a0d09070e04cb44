/** Limits of a group of processes; undefined leaves one as it is. */
export interface CgroupLimits {
  readonly memoryLimitBytes?: number | undefined;
  /** Thousandths of a core. */
  readonly cpuLimitMillis?: number | undefined;
}

/** What the process of a guest needs for itself, on top of what is meant for the guest. */
const processAllowanceBytes = 48 << 20;

/** Limits of a group of `guests` processes for limits that are meant for what they run. */
export function withProcessAllowance({ memoryLimitBytes, cpuLimitMillis }: CgroupLimits, guests: number): CgroupLimits {
  return {
    cpuLimitMillis,
    memoryLimitBytes:
      memoryLimitBytes === undefined ? undefined : memoryLimitBytes + Math.max(1, guests) * processAllowanceBytes,
  };
}

/** A control group made for the processes of one sandbox. */
export interface Cgroup {
  /** Absolute paths of its directories: one in version 2, one for each controller in version 1. */
  readonly paths: readonly string[];
  /**
   * Moves a process with all its threads into the group.
   *
   * Not synchronous, as the kernel waits for all its processors in it, which takes 5 to 15 ms (measured).
   */
  join(pid: number): Promise<void>;
  update(limits: CgroupLimits): void;
  /** Memory that its processes have now; 0 where the kernel does not tell. */
  memoryBytes(): number;
  /** How often the kernel killed one of its processes for lack of memory. */
  oomKills(): number;
  /** Removes the directories, and the group above where this was the last in it; its processes have ended. Idempotent. */
  remove(): Promise<void>;
}

/** Makes control groups where this process may write; see `detectCgroups`. */
export interface CgroupBackend {
  readonly version: 1 | 2;
  /** Makes a group below `parent` (a path below the hierarchy's root) with these limits. */
  create(parent: string, name: string, limits: CgroupLimits): Cgroup;
  /** The group whose directories were made earlier. */
  open(paths: readonly string[]): Cgroup;
}
