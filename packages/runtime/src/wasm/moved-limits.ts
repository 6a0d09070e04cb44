import type { ContainerResources } from "../container.ts";

type Limits = Pick<ContainerResources, "cpuLimitMillis" | "memoryLimitBytes">;

/**
 * The limits of a sandbox, which are sums of those of its containers, after one of them changed; undefined where they stay. A
 * sandbox without a limit has a container without one, and goes on without.
 */
export function movedLimits(
  sandbox: Limits | undefined,
  before: ContainerResources,
  after: ContainerResources,
): Limits | undefined {
  const moved = (field: keyof Limits) => {
    const [limit, from, to] = [sandbox?.[field], before[field], after[field]];
    if (limit === undefined || from === undefined || to === undefined || from === to) return undefined;
    return Math.max(0, limit + to - from);
  };
  const cpuLimitMillis = moved("cpuLimitMillis");
  const memoryLimitBytes = moved("memoryLimitBytes");
  if (cpuLimitMillis === undefined && memoryLimitBytes === undefined) return undefined;
  return {
    ...(cpuLimitMillis !== undefined && { cpuLimitMillis }),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
  };
}
