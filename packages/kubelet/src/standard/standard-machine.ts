import { podEdges } from "./pod-edges.ts";
import type { PodMachine } from "./pod-machine.ts";
import { finished } from "./states/finished.ts";
import { initializing } from "./states/initializing.ts";
import { mounting } from "./states/mounting.ts";
import { refused } from "./states/refused.ts";
import { registered } from "./states/registered.ts";
import { releasing } from "./states/releasing.ts";
import { restarting } from "./states/restarting.ts";
import { running } from "./states/running.ts";
import { sandboxing } from "./states/sandboxing.ts";
import { stopping } from "./states/stopping.ts";

/** The state machine of a pod on the standard provider. */
export const standardMachine: PodMachine = {
  name: "pod",
  edges: podEdges,
  initial: "registered",
  states: {
    registered,
    refused,
    mounting,
    sandboxing,
    initializing,
    running,
    restarting,
    stopping,
    releasing,
    finished,
  },
};
