import { type Container, findContainerStatus } from "@wherry/kubernetes";
import { containerHash } from "./container-hash.ts";
import { ContainerStarter } from "./container-starter.ts";
import { describePod } from "./describe-pod.ts";
import { startableEphemeral } from "./ephemeral-containers.ts";
import { ImageVolumes } from "./image-volumes.ts";
import { type PodActions, podActions } from "./pod-actions.ts";
import type { PodContext } from "./pod-context.ts";
import type { ResourceUpdate } from "./resize-actions.ts";
import { killContainer } from "./stop-container.ts";

/** Shorter than a person notices, longer than a start that goes well. */
const publishAfterMs = 100;

export type SyncEnd = "restart-all" | "needs-sandbox" | "initialized" | "done";

/**
 * Does what is to be done for the pod's containers, again and again, until it is over, needs a sandbox, starts all over, or (with
 * `untilInitialized`) its init containers have done their part. Between rounds it sleeps until something changes.
 */
export async function syncContainers(
  context: PodContext,
  signal: AbortSignal,
  options: { readonly untilInitialized: boolean },
): Promise<SyncEnd> {
  const { handle, wakeup } = context;
  for (;;) {
    wakeup.clear();
    await context.refresh(signal);
    const actions = actionsFor(context);
    if (actions.restartAll) return "restart-all";
    if (actions.done) return "done";
    dropStalePending(context, actions);
    const updates = context.resize.updates();
    if (actions.needsSandbox) {
      publish(context);
      return "needs-sandbox";
    }
    if (options.untilInitialized && actions.initialized) return "initialized";
    // That a container ended is always shown; what a first start takes only a moment to change is not worth a write of its own.
    if (actions.start.some(({ name }) => hasBegun(context, name))) publish(context);
    if (await publishingLate(context, () => perform(context, actions, updates, signal))) continue;
    publish(context);
    await wakeup.wait(handle.clock, signal, nextRetryMs(context));
  }
}

/** Whether the container has an instance, or is shown to run as one that is gone. */
function hasBegun({ facts, handle }: PodContext, name: string): boolean {
  if (facts.of(name).length > 0) return true;
  const { initContainerStatuses, containerStatuses } = handle.status;
  const shown = findContainerStatus(containerStatuses, name) ?? findContainerStatus(initContainerStatuses, name);
  return shown?.state?.running !== undefined;
}

export function actionsFor(context: PodContext): PodActions {
  const { facts, handle, pod, probes } = context;
  const newestId = (name: string) => facts.of(name)[0]?.runtimeId ?? "";
  return podActions({
    pod,
    status: handle.status,
    restartingAll: context.restartingAll,
    sandboxId: facts.sandbox?.id,
    instancesOf: (name) => facts.of(name),
    ephemeral: startableEphemeral(context),
    isStarted: (name) => probes.isStarted(name, newestId(name)),
    probeFailure: (name) => probes.failure(name, newestId(name)),
  });
}

export function publish(context: PodContext): void {
  const description = describePod(context);
  if (description !== undefined) context.handle.describe(description);
}

/** Shows at once what became of a pod that was shown before, while a new one has nothing to show that would not be over soon. */
export function publishKnown(context: PodContext): void {
  if (context.handle.status.startTime !== undefined) publish(context);
}

/** Does some work of a start, and shows how far it is only when that takes long: each status is a write to the API server. */
export async function publishingLate<T>(context: PodContext, work: () => Promise<T>): Promise<T> {
  const cancel = context.handle.clock.setTimer(publishAfterMs, () => publish(context));
  try {
    return await work();
  } finally {
    cancel();
  }
}

/** Whether anything was started or stopped, so that the facts must be looked at again. */
async function perform(
  context: PodContext,
  actions: PodActions,
  updates: readonly ResourceUpdate[],
  signal: AbortSignal,
): Promise<boolean> {
  const sandboxId = context.facts.sandbox?.id;
  if (sandboxId === undefined) return false;
  const imageVolumes = new ImageVolumes(context);
  const start = (container: Container, killed?: string) =>
    startContainer(context, new ContainerStarter(context, container, sandboxId, imageVolumes), signal, killed);
  let changed = await context.resize.perform(updates, signal, async () => {
    for (const stop of actions.replace) {
      const { name } = stop.container;
      if (stop.restart) context.replacing.add(name);
      try {
        await killContainer(context, stop, signal);
        if (stop.restart) await start(stop.container, stop.instance.runtimeId);
      } finally {
        context.replacing.delete(name);
      }
    }
    return actions.replace.length > 0;
  });
  for (const container of actions.start) {
    if (await start(container)) changed = true;
    // Found out while starting: the sandbox is gone, and the next container would fail in it too.
    if (context.facts.sandbox?.id !== sandboxId) return true;
  }
  return changed;
}

/** Whether an instance was started; `killed` is the one whose place it takes. */
async function startContainer(
  context: PodContext,
  starter: ContainerStarter,
  signal: AbortSignal,
  killed: string | undefined,
): Promise<boolean> {
  const { pending, handle } = context;
  const { container } = starter;
  const { name } = container;
  const delay = pending.get(name);
  if (delay !== undefined && delay.retryAtMs > handle.clock.monotonic()) return false;
  const outcome = await starter.start(signal, killed);
  pending.delete(name);
  await context.refresh(signal);
  if (outcome.kind === "waiting") pending.set(name, { ...outcome, key: pendingKey(context, container) });
  publish(context);
  return outcome.kind === "started";
}

/** A reason to wait holds for one definition, sandbox and instance only, and not once the container runs. */
function dropStalePending(context: PodContext, actions: PodActions): void {
  const starting = new Map(actions.start.map((container) => [container.name, container]));
  for (const [name, { key }] of context.pending) {
    const container = starting.get(name);
    if (container === undefined || key !== pendingKey(context, container)) context.pending.delete(name);
  }
}

function pendingKey(context: PodContext, container: Container): string {
  const { facts } = context;
  return [containerHash(container), facts.sandbox?.id, facts.of(container.name)[0]?.runtimeId].join("/");
}

function nextRetryMs(context: PodContext): number | undefined {
  let earliest = context.resize.retryAtMs;
  for (const { retryAtMs } of context.pending.values())
    if (earliest === undefined || retryAtMs < earliest) earliest = retryAtMs;
  return earliest === undefined ? undefined : Math.max(0, earliest - context.handle.clock.monotonic());
}
