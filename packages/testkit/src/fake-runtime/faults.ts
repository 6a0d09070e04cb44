import { type Clock, isAbort } from "@wherry/base";
import { RuntimeError } from "@wherry/runtime";

/** One call of a verb, as the fake runtime met it. */
export interface FakeCall {
  readonly verb: string;
  /** Name of the container, pod or image it is about, where there is one. */
  readonly subject: string;
  readonly atMs: number;
}

/**
 * What goes wrong with a call: `fail` has no effect and rejects, `lose` has its effect and rejects all the same, `delay` has its
 * effect later.
 */
export type Fault =
  | { readonly kind: "fail"; readonly error?: Error | undefined }
  | { readonly kind: "lose" }
  | { readonly kind: "delay"; readonly delayMs: number };

/** Decides for each call whether something goes wrong. */
export type FaultPlan = (call: FakeCall) => Fault | undefined;

/** Records calls and lets faults happen to them. */
export class FaultInjector {
  readonly calls: FakeCall[] = [];
  plan: FaultPlan | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async apply<T>(
    verb: string,
    subject: string,
    signal: AbortSignal | undefined,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    const call: FakeCall = { verb, subject, atMs: this.#clock.now() };
    this.calls.push(call);
    signal?.throwIfAborted();
    const fault = this.plan?.(call);
    if (fault?.kind === "fail") throw fault.error ?? unavailable(verb, subject);
    if (fault?.kind === "delay") await this.#delay(fault.delayMs, signal);
    const result = await effect();
    if (fault?.kind === "lose") throw unavailable(verb, subject);
    return result;
  }

  /** An aborted call may have its effect all the same: half of them do, by their delay. */
  async #delay(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#clock.sleep(delayMs, signal);
    } catch (error) {
      if (!isAbort(error, signal) || delayMs % 2 === 1) throw error;
    }
  }
}

function unavailable(verb: string, subject: string): RuntimeError {
  return new RuntimeError("Unavailable", `Cannot ${verb} "${subject}": fault injected by the test`);
}

/** Fails the first `times` calls of a verb (about one subject, if given). */
export function failing(
  verb: string,
  times: number,
  options: { readonly subject?: string; readonly error?: Error } = {},
): FaultPlan {
  let left = times;
  return (call) => {
    if (call.verb !== verb || (options.subject !== undefined && call.subject !== options.subject) || left <= 0)
      return undefined;
    left--;
    return { kind: "fail", error: options.error };
  };
}
