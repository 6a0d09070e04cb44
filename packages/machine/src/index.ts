/**
 * Typed state machines: a graph as data, a state a file, one runner that cancels, retries, times and logs.
 *
 * It knows nothing of Kubernetes; describing a state to the outside is an optional, generic hook.
 *
 * @packageDocumentation
 */
export { adaptState, type StateFit } from "./adapt-state.ts";
export { IllegalTransitionError, isTerminal, terminal } from "./errors.ts";
export { toMermaid } from "./mermaid.ts";
export { MachineRunner, type RunnerOptions, type Transition } from "./runner.ts";
export type { EdgeTable, MachineDefinition, Outcome, RetryPolicy, State, StateName, Successor } from "./state.ts";
