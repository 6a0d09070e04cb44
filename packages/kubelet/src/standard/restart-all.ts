import { nodeLogFiles } from "../ports/log-files.ts";
import { describePod } from "./describe-pod.ts";
import { GraceDeadline } from "./grace-deadline.ts";
import { restartsOfAll } from "./pod-actions.ts";
import type { PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";
import { isRuntimeNotFound } from "./runtime-errors.ts";
import { stopContainer } from "./stop-container.ts";
import { publish } from "./sync-containers.ts";

/** No back-off holds a pod that restarts itself; upstream looks at its containers this often. */
const minIntervalMs = 1000;

/**
 * Ends and removes every init and app container, so that all of them begin again in the sandbox that is there (KEP-5532). Nothing is left to
 * back off from, and no log to ask for.
 *
 * What asks for the restart goes last. As long as it is there a restarted kubelet finds it and does the rest; once it is gone, whatever there
 * is belongs to the new run, and only the statuses of what is not there have to be told apart from lost instances. That is the
 * published condition's to say: a kubelet that ends before the API server took it, and after all is gone, leaves them to count as lost.
 */
export async function restartAllContainers(context: PodContext, signal: AbortSignal): Promise<void> {
  context.pending.clear();
  // From here on the condition says it.
  publish(context);
  await waitForTurn(context, signal);
  context.staleAll = true;
  await context.refresh(signal);
  publish(context);
  if (asking(context).size > 0) {
    await killAll(context, signal);
    // Those that were killed may ask for it as well by how they ended.
    const asks = asking(context);
    const instances = instancesOf(context).toSorted((a, b) => Number(asks.has(a)) - Number(asks.has(b)));
    for (const instance of instances) await remove(context, instance, signal);
    context.factsChanged();
    context.restartedAllAtMs = context.handle.clock.monotonic();
  }
  const description = describePod(context, { restartedAll: true });
  if (description !== undefined) context.handle.describe(description);
}

async function waitForTurn({ handle, restartedAllAtMs }: PodContext, signal: AbortSignal): Promise<void> {
  if (restartedAllAtMs === undefined) return;
  const remainingMs = restartedAllAtMs + minIntervalMs - handle.clock.monotonic();
  if (remainingMs > 0) await handle.clock.sleep(remainingMs, signal);
}

/** Of init and app containers; an ephemeral one stays as it is. */
function instancesOf({ spec, facts }: PodContext): Instance[] {
  const names = new Set([...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name));
  return facts.instances.filter(({ name }) => names.has(name));
}

function asking({ spec, facts }: PodContext): ReadonlySet<Instance> {
  return new Set(restartsOfAll(spec, (name) => facts.of(name)));
}

/** All at once, without preStop hooks, within what every container is given to stop. */
async function killAll(context: PodContext, signal: AbortSignal): Promise<void> {
  const deadline = new GraceDeadline(context.handle.clock, 0);
  try {
    const mayRun = instancesOf(context).filter(({ state }) => state === "running" || state === "unknown");
    const stops = mayRun.map((instance) => {
      const message = `Stopping container ${instance.name}, all containers of the pod are restarted`;
      return stopContainer(context, { ...instance, message }, deadline, signal);
    });
    const results = await Promise.allSettled(stops);
    for (const { runtimeId } of mayRun) context.staleContainers.add(runtimeId);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  } finally {
    deadline.end();
  }
  await context.refresh(signal);
}

async function remove(context: PodContext, instance: Instance, signal: AbortSignal): Promise<void> {
  const { options, facts, handle } = context;
  const { name, runtimeId, logPath } = instance;
  try {
    await options.runtime.removeContainer(runtimeId, { signal });
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
  }
  facts.forgetContainer(runtimeId);
  await (options.logFiles ?? nodeLogFiles).removeLog(logPath);
  if (facts.of(name).length === 0) await options.terminationLogs.prune(handle.uid, name, new Set());
}
