import { type Clock, errorMessage, isAbort, type Logger, raceAbort } from "@wherry/base";
import type { HealthTerm } from "../provider/node-details.ts";

const checkEveryMs = 5_000;
const checkTimeoutMs = 10_000;
// Upstream calls the runtime down when no check succeeded for this long.
const downAfterMs = 30_000;

export interface ProviderHealthOptions {
  /** The terms of the node's readiness; unset where the provider has none. */
  readonly health?:
    | ((options: { readonly signal?: AbortSignal | undefined }) => Promise<readonly HealthTerm[]>)
    | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when health flips, so that the node's status follows at once. */
  readonly onChange: () => void;
}

/** Asks the provider for its health every 5 s and remembers what is wrong. */
export class ProviderHealth {
  readonly #options: ProviderHealthOptions;
  #terms: readonly HealthTerm[] = [];
  #answeredAtMs: number | undefined;
  #failure: string | undefined;

  constructor(options: ProviderHealthOptions) {
    this.#options = options;
  }

  /** Messages of what is wrong, for the Ready condition; empty while all is well. */
  get problems(): string[] {
    const { health, clock } = this.#options;
    if (health === undefined) return [];
    if (this.#answeredAtMs === undefined && this.#failure === undefined)
      return ["container runtime status check may not have completed yet"];
    const silentMs =
      this.#answeredAtMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - this.#answeredAtMs;
    if (this.#failure !== undefined && silentMs > downAfterMs) return [`container runtime is down: ${this.#failure}`];
    return this.#terms
      .filter(({ healthy }) => !healthy)
      .map(({ name, message }) => message || `${name} is not healthy`);
  }

  /** One check; never rejects. */
  async check(signal: AbortSignal): Promise<void> {
    const { health, clock, logger, onChange } = this.#options;
    if (health === undefined) return;
    const before = this.problems.join("\n");
    const timeout = new AbortController();
    const cancel = clock.setTimer(checkTimeoutMs, () =>
      timeout.abort(new Error(`no answer within ${checkTimeoutMs / 1000} s`)),
    );
    const combined = AbortSignal.any([signal, timeout.signal]);
    try {
      this.#terms = await raceAbort(health({ signal: combined }), combined);
      this.#answeredAtMs = clock.monotonic();
      this.#failure = undefined;
    } catch (error) {
      if (signal.aborted && isAbort(error, signal)) return;
      this.#failure = errorMessage(error);
      logger.warn("The provider does not tell its health", { error: this.#failure });
    } finally {
      cancel();
    }
    if (this.problems.join("\n") !== before) onChange();
  }

  /** Checks at once and every 5 s until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.check(signal);
      await this.#options.clock.sleep(checkEveryMs, signal).catch(() => undefined);
    }
  }
}
