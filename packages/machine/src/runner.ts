import {
  abortReason,
  Backoff,
  type Clock,
  errorMessage,
  isAbort,
  type Logger,
  silentLogger,
  systemClock,
} from "@wherry/base";
import { IllegalTransitionError, isTerminal } from "./errors.ts";
import type { EdgeTable, MachineDefinition, Outcome, RetryPolicy, State, StateName } from "./state.ts";

export interface Transition<Name extends string = string> {
  /** Undefined for the entry into the first state. */
  readonly from: Name | undefined;
  readonly to: Name;
  /** Wall time of the entry into `to`, milliseconds since the epoch. */
  readonly atMs: number;
  /** Milliseconds spent in `from`. */
  readonly durationMs: number;
  readonly cause: "entered" | "returned" | "interrupted" | "failed";
}

/** What a machine runs with. */
export interface RunnerOptions<E extends EdgeTable, Context, Status> {
  readonly context: Context;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** @default 10 s doubling to 300 s, without end */
  readonly retry?: RetryPolicy | undefined;
  /** State to start in instead of the definition's, e.g. after a restart of the process. */
  readonly start?: StateName<E> | undefined;
  /** Told of each state's description before its work starts; a rejection is logged and does not stop the machine. */
  readonly publish?: ((status: Status, state: StateName<E>) => Promise<void> | void) | undefined;
  readonly onTransition?: ((transition: Transition<StateName<E>>) => void) | undefined;
  /** Told before each call of a state's `next`. */
  readonly onTry?: ((state: StateName<E>) => void) | undefined;
  readonly onRetry?: ((state: StateName<E>, error: unknown, tries: number, delayMs: number) => void) | undefined;
  /** Transitions kept in `log`. @default 32 */
  readonly logSize?: number | undefined;
}

type AnyState<E extends EdgeTable, Context, Status> = State<E, StateName<E>, Context, Status>;

interface Step {
  readonly to: string;
  readonly cause: Transition["cause"];
}

class Interruption extends Error {
  override readonly name = "AbortError";
}

/** A state that needs longer than this to notice an abort has most likely not been given its signal. */
const slowAbortMs = 5000;

const defaultRetry: RetryPolicy = { backoff: { initialMs: 10_000, maxMs: 300_000 } };

/**
 * Drives one machine from its first state to an end; it alone aborts, retries, times, logs and publishes.
 *
 * A runner runs once.
 */
export class MachineRunner<E extends EdgeTable, Context, Status = never> {
  readonly #definition: MachineDefinition<E, Context, Status>;
  readonly #options: RunnerOptions<E, Context, Status>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #log: Transition<StateName<E>>[] = [];
  #current: StateName<E>;
  #enteredAt: number;
  #interrupt: StateName<E> | undefined;
  #stateAbort: AbortController | undefined;

  constructor(definition: MachineDefinition<E, Context, Status>, options: RunnerOptions<E, Context, Status>) {
    this.#definition = definition;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#current = options.start ?? definition.initial;
    this.#enteredAt = this.#clock.monotonic();
  }

  get current(): StateName<E> {
    return this.#current;
  }

  /** The latest transitions, oldest first. */
  get log(): readonly Transition<StateName<E>>[] {
    return this.#log;
  }

  /**
   * Cuts the current state short and goes to `target` as soon as a state with an edge to it is reached.
   *
   * The state's signal aborts; what its `next` then answers is ignored. States without that edge run to their own end first.
   * Asking again for the same target changes nothing; a later target replaces an earlier one.
   */
  interrupt(target: StateName<E>): void {
    this.#interrupt = target;
    if (this.#mayGo(target)) this.#stateAbort?.abort(new Interruption(`Interrupted to go to "${target}"`));
  }

  /** Runs until an end is reached (resolves with its name) or `signal` aborts (rejects with its reason). */
  async run(signal: AbortSignal): Promise<StateName<E>> {
    this.#record({ to: this.#current, cause: "entered" }, undefined);
    for (;;) {
      signal.throwIfAborted();
      const state = this.#state();
      this.#publish(state);
      const step = await this.#leave(state, signal);
      if (step === undefined) return this.#current;
      this.#enter(step);
    }
  }

  async #leave(state: AnyState<E, Context, Status>, signal: AbortSignal): Promise<Step | undefined> {
    const pending = this.#takeInterrupt();
    if (pending !== undefined) return { to: pending, cause: "interrupted" };
    const abort = new AbortController();
    this.#stateAbort = abort;
    const combined = AbortSignal.any([signal, abort.signal]);
    const endWatch = this.#watchAbort(state, combined);
    try {
      const step = await this.#tryState(state, combined);
      signal.throwIfAborted();
      const target = this.#takeInterrupt();
      return target === undefined ? step : { to: target, cause: "interrupted" };
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      const target = abort.signal.aborted ? this.#takeInterrupt() : undefined;
      if (target === undefined) throw error;
      return { to: target, cause: "interrupted" };
    } finally {
      endWatch();
      this.#stateAbort = undefined;
    }
  }

  /** Names the state that goes on after its signal: until it settles, neither the machine nor who waits for it can end. */
  #watchAbort({ name }: AnyState<E, Context, Status>, signal: AbortSignal): () => void {
    let cancel: (() => void) | undefined;
    const onAbort = () => {
      cancel = this.#clock.setTimer(slowAbortMs, () =>
        this.#logger.warn("State goes on though its signal has aborted; its next() must settle", {
          state: name,
          afterMs: slowAbortMs,
        }),
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    return () => {
      signal.removeEventListener("abort", onAbort);
      cancel?.();
    };
  }

  async #tryState(state: AnyState<E, Context, Status>, signal: AbortSignal): Promise<Step | undefined> {
    const { backoff, maxTries = Number.POSITIVE_INFINITY } = state.retry ?? this.#options.retry ?? defaultRetry;
    const delays = new Backoff(backoff);
    for (let tries = 1; ; tries++) {
      try {
        this.#options.onTry?.(state.name);
        return asStep(await state.next(this.#options.context, signal), "returned");
      } catch (error) {
        if (signal.aborted && (isAbort(error, signal) || error === signal.reason)) throw error;
        signal.throwIfAborted();
        if (isTerminal(error) || tries >= maxTries) return this.#giveUp(state, error);
        const delayMs = delays.next();
        this.#options.onRetry?.(state.name, error, tries, delayMs);
        this.#logger.warn("State failed, will retry", {
          state: state.name,
          tries,
          delayMs,
          error: errorMessage(error),
        });
        await this.#clock.sleep(delayMs, signal);
      }
    }
  }

  #giveUp(state: AnyState<E, Context, Status>, error: unknown): Step | undefined {
    if (state.failed === undefined) throw error;
    this.#logger.warn("State gave up", { state: state.name, error: errorMessage(error) });
    return asStep(state.failed(this.#options.context, error), "failed");
  }

  #enter(step: Step): void {
    const from = this.#current;
    if (!this.#mayGo(step.to)) {
      throw new IllegalTransitionError(this.#definition.name, from, step.to, this.#definition.edges[from] ?? []);
    }
    this.#current = step.to as StateName<E>;
    this.#record(step, from);
  }

  #record(step: Step, from: StateName<E> | undefined): void {
    const now = this.#clock.monotonic();
    const transition: Transition<StateName<E>> = {
      from,
      to: step.to as StateName<E>,
      atMs: this.#clock.now(),
      durationMs: from === undefined ? 0 : now - this.#enteredAt,
      cause: step.cause,
    };
    this.#enteredAt = now;
    this.#log.push(transition);
    if (this.#log.length > (this.#options.logSize ?? 32)) this.#log.shift();
    this.#logger.debug("Transition", { from, to: step.to, cause: step.cause, durationMs: transition.durationMs });
    this.#options.onTransition?.(transition);
  }

  #publish(state: AnyState<E, Context, Status>): void {
    const status = state.status?.(this.#options.context);
    if (status === undefined || this.#options.publish === undefined) return;
    const failed = (error: unknown) =>
      this.#logger.error("Cannot publish status", { state: state.name, error: errorMessage(error) });
    try {
      void Promise.resolve(this.#options.publish(status, state.name)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #takeInterrupt(): StateName<E> | undefined {
    const target = this.#interrupt;
    if (target === undefined) return undefined;
    if (target === this.#current) this.#interrupt = undefined;
    else if (this.#mayGo(target)) {
      this.#interrupt = undefined;
      return target;
    }
    return undefined;
  }

  #mayGo(to: string): boolean {
    return this.#definition.edges[this.#current]?.includes(to) ?? false;
  }

  // The one place where the type of "the state named N" is widened: the current name is not known to the compiler.
  #state(): AnyState<E, Context, Status> {
    return this.#definition.states[this.#current] as unknown as AnyState<E, Context, Status>;
  }
}

function asStep<E extends EdgeTable>(outcome: Outcome<E, StateName<E>>, cause: Step["cause"]): Step | undefined {
  return outcome === "done" ? undefined : { to: outcome, cause };
}
