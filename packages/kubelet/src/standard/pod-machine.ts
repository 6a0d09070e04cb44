import type { MachineDefinition, State } from "@wherry/machine";
import type { PodDescription } from "../provider/pod-description.ts";
import type { PodContext } from "./pod-context.ts";
import type { podEdges } from "./pod-edges.ts";

export type PodEdges = typeof podEdges;

/** A state of the standard provider's pods. */
export type PodState<N extends keyof PodEdges & string> = State<PodEdges, N, PodContext, PodDescription>;

/** A machine with the standard provider's states and edges. */
export type PodMachine = MachineDefinition<PodEdges, PodContext, PodDescription>;
