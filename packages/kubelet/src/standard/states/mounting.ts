import { errorMessage, isAbort } from "@wherry/base";
import { describePod } from "../describe-pod.ts";
import type { PodState } from "../pod-machine.ts";
import { publish } from "../sync-containers.ts";

// As upstream waits between tries of one volume.
const retryInitialMs = 500;
const retryMaxMs = 122_000;

export const mounting: PodState<"mounting"> = {
  name: "mounting",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },
  status: (context) => describePod(context),

  async next(context, signal) {
    // What runs since an earlier life of the kubelet must not go stale while a volume fails.
    if (context.facts.instances.length > 0) {
      await context.refresh(signal);
      publish(context);
    }
    try {
      await context.options.volumes.mountPod(context.pod, { signal });
    } catch (error) {
      if (!isAbort(error, signal))
        context.event({ type: "Warning", reason: "FailedMount", message: errorMessage(error) });
      throw error;
    }
    return "sandboxing";
  },
};
