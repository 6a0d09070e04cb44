import { errorMessage, isAbort } from "@wherry/base";
import { describePod } from "../describe-pod.ts";
import type { PodState } from "../pod-machine.ts";

// As upstream waits between tries of one volume.
const retryInitialMs = 500;
const retryMaxMs = 122_000;

export const mounting: PodState<"mounting"> = {
  name: "mounting",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },
  status: (context) => describePod(context),

  async next(context, signal) {
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
