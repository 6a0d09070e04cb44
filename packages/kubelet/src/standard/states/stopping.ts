import { errorCode, errorMessage, isAbort } from "@wherry/base";
import type { PodContext } from "../pod-context.ts";
import type { PodState } from "../pod-machine.ts";
import { stopContainers } from "../stop-pod.ts";
import { publish } from "../sync-containers.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;
/** A stop that takes longer than this is shown; a quick one costs no write of its own. */
const showAfterMs = 100;

export const stopping: PodState<"stopping"> = {
  name: "stopping",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    const { facts, options, handle } = context;
    context.pending.clear();
    // A call under way when the pod was told to end may have had its effect all the same.
    context.staleAll = true;
    await context.refresh(signal);
    const cancelShow = handle.clock.setTimer(showAfterMs, () => publish(context));
    try {
      await stopContainers(context, signal);
      for (const { id, state } of facts.sandboxes)
        if (state === "ready") await options.runtime.stopPodSandbox(id, { signal });
      context.staleAll = true;
      await context.refresh(signal);
    } catch (error) {
      if (!isAbort(error, signal)) tell(context, error);
      throw error;
    } finally {
      cancelShow();
    }
    if (facts.anyRunning) throw new Error("Cannot end the pod: the runtime still lists running containers");
    return "releasing";
  },
};

function tell(context: PodContext, error: unknown): void {
  const late = errorCode(error) === "StopTimeout";
  context.event({
    type: "Warning",
    reason: late ? "ExceededGracePeriod" : "FailedKillPod",
    message: late
      ? "Container runtime did not kill the pod within specified grace period."
      : `error killing pod: ${errorMessage(error)}`,
  });
}
