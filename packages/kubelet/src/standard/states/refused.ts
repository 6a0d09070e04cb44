import type { PodState } from "../pod-machine.ts";

export const refused: PodState<"refused"> = {
  name: "refused",

  async next(context) {
    const { refusal } = context;
    if (refusal !== undefined) context.event({ type: "Warning", ...refusal });
    return "stopping";
  },
};
