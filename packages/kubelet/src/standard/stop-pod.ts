import { isRestartableInitContainer } from "@wherry/kubernetes";
import { GraceDeadline } from "./grace-deadline.ts";
import type { PodContext } from "./pod-context.ts";
import type { Instance } from "./pod-facts.ts";
import { stopContainer } from "./stop-container.ts";

/**
 * Stops every container of the pod within one grace period that a later deletion may shorten. Hooks of all begin at once; then all
 * but sidecars get their stop signal together, and after them the sidecars in reverse order.
 */
export async function stopContainers(context: PodContext, signal: AbortSignal): Promise<void> {
  const { handle, facts, spec } = context;
  const wantedMs = () => handle.termination?.gracePeriodMs ?? (spec.terminationGracePeriodSeconds ?? 30) * 1000;
  const deadline = new GraceDeadline(handle.clock, wantedMs());
  const endChanges = handle.onChange(() => deadline.shorten(wantedMs()));
  try {
    const sidecars = (spec.initContainers ?? []).filter(isRestartableInitContainer).map(({ name }) => name);
    const mayRun = facts.instances.filter(({ state }) => state === "running" || state === "unknown");
    const stop = (instance: Instance, turn?: Promise<unknown>) => {
      const message = `Stopping container ${instance.name}`;
      return stopContainer(context, { ...instance, message }, deadline, signal, turn);
    };
    const stops = mayRun.filter(({ name }) => !sidecars.includes(name)).map((instance) => stop(instance));
    for (const sidecar of sidecars.reverse()) {
      const before = Promise.all(stops);
      // Told below, where all have been waited for.
      before.catch(() => undefined);
      stops.push(...mayRun.filter(({ name }) => name === sidecar).map((instance) => stop(instance, before)));
    }
    const results = await Promise.allSettled(stops);
    for (const { runtimeId } of mayRun) context.staleContainers.add(runtimeId);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  } finally {
    endChanges();
    deadline.end();
  }
}
