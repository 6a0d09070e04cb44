import type { EdgeTable, Outcome, State, StateName, Successor } from "./state.ts";

/** How a state of one machine fits into another: its name there, where its successors lead, and what it works on. */
export interface StateFit<
  From extends EdgeTable,
  N extends StateName<From>,
  C,
  E extends EdgeTable,
  M extends StateName<E>,
  D,
> {
  readonly name: M;
  /** Where successors lead in the other machine; those of the same name there may be left out. */
  readonly successors: {
    readonly [S in Exclude<Successor<From, N>, Successor<E, M>>]: Successor<E, M>;
  } & { readonly [S in Successor<From, N>]?: Successor<E, M> };
  /** The part of the other machine's context that is the state's own. */
  readonly context: (context: D) => C;
}

/**
 * A state of one machine as a state of another, with its work, description, retries and failure unchanged.
 *
 * Both graphs are checked by the compiler: every successor has to be led somewhere, and only along an edge of `E`. The state itself is
 * not changed and may be adapted any number of times. States that are ends cannot be adapted: write `done` in one of your own.
 *
 * @example
 * // In the `states` of a machine definition, from which the rest is inferred:
 * mounting: adaptState(standardStates.mounting, {
 *   name: "mounting",
 *   successors: { sandboxing: "warming" },
 *   context: (own) => own.pod,
 * }),
 */
export function adaptState<
  From extends EdgeTable,
  N extends StateName<From>,
  C,
  E extends EdgeTable,
  M extends StateName<E>,
  D,
  Status = never,
>(state: State<From, N, C, Status>, fit: StateFit<From, N, C, E, M, D>): State<E, M, D, Status> {
  const lead = (outcome: Outcome<From, N>): Outcome<E, M> => {
    const successors: Readonly<Record<string, string | undefined>> = fit.successors;
    return (successors[outcome] ?? outcome) as Outcome<E, M>;
  };
  const adapted: State<E, M, D, Status> = {
    name: fit.name,
    next: async (context, signal) => lead(await state.next(fit.context(context), signal)),
  };
  return Object.assign(
    adapted,
    state.status !== undefined && { status: (context: D) => state.status?.(fit.context(context)) },
    state.failed !== undefined && {
      failed: (context: D, error: unknown) => lead(state.failed?.(fit.context(context), error) as Outcome<From, N>),
    },
    state.retry !== undefined && { retry: state.retry },
  );
}
