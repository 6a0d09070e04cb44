import type { PodState } from "../pod-machine.ts";
import { syncContainers } from "../sync-containers.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;

export const running: PodState<"running"> = {
  name: "running",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    const end = await syncContainers(context, signal, { untilInitialized: false });
    if (end === "restart-all") return "restarting";
    return end === "needs-sandbox" ? "sandboxing" : "stopping";
  },
};
