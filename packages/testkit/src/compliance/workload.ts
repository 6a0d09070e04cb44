/** What a container is to do in a compliance suite; the subject says how it is told to. */
export type Workload =
  /** Ends at once. */
  | { readonly kind: "exit"; readonly code: number }
  /** Writes lines to standard output and ends with 0. */
  | { readonly kind: "print"; readonly lines: readonly string[] }
  /** Runs until it is told to stop. */
  | { readonly kind: "hold" }
  /** Runs, and does not end at the stop signal. */
  | { readonly kind: "stubborn" };
