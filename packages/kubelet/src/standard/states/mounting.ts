import { errorMessage } from "@wherry/base";
import type { PodState } from "../pod-machine.ts";
import { publish, publishingLate, publishKnown } from "../sync-containers.ts";

// As upstream waits between tries of one volume.
const retryInitialMs = 500;
const retryMaxMs = 122_000;

export const mounting: PodState<"mounting"> = {
  name: "mounting",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    // What runs since an earlier life of the kubelet must not go stale while a volume fails.
    if (context.facts.instances.length > 0) {
      await context.refresh(signal);
      publish(context);
    }
    publishKnown(context);
    try {
      await publishingLate(context, () => context.options.volumes.mountPod(context.pod, { signal }));
    } catch (error) {
      publish(context);
      // A pod that is to end has its work broken off, which is no failure of a volume.
      if (!signal.aborted) context.event({ type: "Warning", reason: "FailedMount", message: errorMessage(error) });
      throw error;
    }
    return "sandboxing";
  },
};
