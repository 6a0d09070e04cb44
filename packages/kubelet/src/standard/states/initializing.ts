import type { PodState } from "../pod-machine.ts";
import { syncContainers } from "../sync-containers.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;

export const initializing: PodState<"initializing"> = {
  name: "initializing",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    const end = await syncContainers(context, signal, { untilInitialized: true });
    if (end === "done") return "stopping";
    if (end === "restart-all") return "restarting";
    return end === "needs-sandbox" ? "sandboxing" : "running";
  },
};
