import { rejectedMessage } from "../../admission/refusal.ts";
import { describePod } from "../describe-pod.ts";
import type { PodState } from "../pod-machine.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;

export const releasing: PodState<"releasing"> = {
  name: "releasing",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  status(context) {
    const description = describePod(context, { stopped: true });
    const { refusal } = context;
    if (refusal === undefined) return description;
    const { reason } = refusal;
    return { ...description, refused: true, phase: "Failed", reason, message: rejectedMessage(refusal) };
  },

  async next(context, signal) {
    // Nothing is left to probe: its metrics go.
    context.probes.close();
    await context.options.volumes.unmountPod(context.handle.uid, { signal });
    context.options.objects.unregisterPod(context.handle.uid);
    return "finished";
  },
};
