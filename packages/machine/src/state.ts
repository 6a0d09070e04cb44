import type { BackoffOptions } from "@wherry/base";

/**
 * The graph of a machine as data: each state's name and the names of the states it may go to; an empty list marks an end.
 *
 * @example
 * const edges = { pulling: ["starting", "failed"], starting: ["running"], running: [], failed: [] } as const;
 */
export type EdgeTable = { readonly [state: string]: readonly string[] };

export type StateName<E extends EdgeTable> = keyof E & string;

/** Names that `N` may go to. */
export type Successor<E extends EdgeTable, N extends StateName<E>> = E[N][number];

/** What a state's `next` answers: a successor, or `done` where there is none. */
export type Outcome<E extends EdgeTable, N extends StateName<E>> = [Successor<E, N>] extends [never]
  ? "done"
  : Successor<E, N>;

/** When a state that failed is tried again, and how often. */
export interface RetryPolicy {
  /** Delays between tries of one state. */
  readonly backoff: BackoffOptions;
  /** Tries before the failure is handed to `failed`. @default Infinity */
  readonly maxTries?: number;
}

/**
 * One state of a machine: the work to do in it, and optionally how to describe it to the outside.
 *
 * `next` does the work and names the successor; a name that `E` does not allow does not compile. It is called again after a failure,
 * so it must be safe to repeat.
 *
 * It must settle soon after `signal` aborts, for which it passes it on to whatever waits; it may reject with the signal's reason.
 * Until it has settled the machine neither goes where it was interrupted to nor ends; after some seconds that is logged.
 */
export interface State<E extends EdgeTable, N extends StateName<E>, Context, Status = never> {
  readonly name: N;
  next(context: Context, signal: AbortSignal): Promise<Outcome<E, N>>;
  /** Description published when the state is entered; undefined, as without this member, leaves the one before in place. */
  status?(context: Context): Status | undefined;
  /** Overrides the machine's policy for this state. */
  readonly retry?: RetryPolicy;
  /** Successor after the last try or a terminal error; without it the machine itself fails. */
  failed?(context: Context, error: unknown): Outcome<E, N>;
}

/** A machine: its graph, one state object for each name in it, and where it starts. */
export interface MachineDefinition<E extends EdgeTable, Context, Status = never> {
  readonly name: string;
  readonly edges: E;
  readonly states: { readonly [N in StateName<E>]: State<E, N, Context, Status> };
  readonly initial: StateName<E>;
}
