import { errorMessage, isAbort } from "@wherry/base";
import type { PodContext } from "../pod-context.ts";
import type { PodState } from "../pod-machine.ts";
import { sandboxConfig } from "../sandbox-config.ts";
import { actionsFor, publish, publishingLate, publishKnown } from "../sync-containers.ts";

const retryInitialMs = 1000;
const retryMaxMs = 30_000;

export const sandboxing: PodState<"sandboxing"> = {
  name: "sandboxing",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    await context.refresh(signal);
    publishKnown(context);
    if (context.facts.sandbox === undefined) {
      // Where all work is done, no new sandbox is made just to find that out.
      if (actionsFor(context).done) return "stopping";
      await replaceSandboxes(context, signal);
      await publishingLate(context, () => createSandbox(context, signal));
    }
    return "initializing";
  },
};

/** Stops what is left in sandboxes that are not ready; their containers ended with them. */
async function replaceSandboxes(context: PodContext, signal: AbortSignal): Promise<void> {
  const { facts, options } = context;
  if (facts.sandboxes.length === 0) return;
  context.event({
    type: "Normal",
    reason: "SandboxChanged",
    message: "Pod sandbox changed, it will be killed and re-created.",
  });
  for (const { id } of facts.sandboxes) await options.runtime.stopPodSandbox(id, { signal });
  // The newest keeps its containers for `logs --previous`; what is older has nobody who asks for it.
  for (const { id } of facts.sandboxes.slice(1)) await options.runtime.removePodSandbox(id, { signal });
  context.staleAll = true;
  await context.refresh(signal);
}

async function createSandbox(context: PodContext, signal: AbortSignal): Promise<void> {
  const { facts, options } = context;
  const attempt = (facts.sandboxes[0]?.metadata.attempt ?? -1) + 1;
  try {
    const id = await options.runtime.runPodSandbox(sandboxConfig(context, attempt), { signal });
    await facts.addSandbox(id, { signal });
    context.factsChanged();
  } catch (error) {
    context.staleAll = true;
    publish(context);
    if (!isAbort(error, signal))
      context.event({
        type: "Warning",
        reason: "FailedCreatePodSandBox",
        message: `Failed to create pod sandbox: ${errorMessage(error)}`,
      });
    throw error;
  }
}
