import type { PodState } from "../pod-machine.ts";
import { restartAllContainers } from "../restart-all.ts";

const retryInitialMs = 200;
const retryMaxMs = 10_000;

export const restarting: PodState<"restarting"> = {
  name: "restarting",
  retry: { backoff: { initialMs: retryInitialMs, maxMs: retryMaxMs } },

  async next(context, signal) {
    await restartAllContainers(context, signal);
    return "initializing";
  },
};
