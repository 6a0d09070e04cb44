import { errorCode } from "@wherry/base";
import type { Sandbox } from "@wherry/engine";
import type { ContainerResources } from "../container.ts";
import { asRuntimeCall } from "./engine-errors.ts";
import type { ContainerRecord } from "./record.ts";
import type { RecordStore } from "./record-store.ts";

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

/**
 * Lets the limits of a sandbox follow those of one of its containers, each change once.
 *
 * @param container the container, or its instance before, with the resources it had
 */
export async function moveLimits(
  sandbox: Sandbox,
  records: RecordStore,
  { sandboxId, config }: ContainerRecord,
  after: ContainerResources,
): Promise<void> {
  const record = records.sandboxes.get(sandboxId);
  if (record === undefined) return;
  const limits = movedLimits(record.config.resources, record.counted?.[config.name] ?? config.resources, after);
  if (limits === undefined) return;
  try {
    await asRuntimeCall(`change the limits of sandbox "${sandboxId}"`, sandbox.updateLimits(limits));
  } catch (error) {
    // A node that may make no groups held nobody to the old limits either.
    if (errorCode(error) !== "FailedPrecondition") throw error;
  }
  const resources = { ...record.config.resources, ...limits };
  const counted = { ...record.counted, [config.name]: after };
  records.putSandbox({ ...record, config: { ...record.config, resources }, counted });
}
