import type { PodState } from "../pod-machine.ts";

export const finished: PodState<"finished"> = { name: "finished", next: async () => "done" };
