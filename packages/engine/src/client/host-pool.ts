import { aborted, Backoff, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import type { HostLauncher, IdleHost } from "./host-launcher.ts";

export interface HostPoolOptions {
  /** Idle processes kept ready. */
  readonly size: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: Pick<HostLauncher, "launch" | "discard">;
}

/**
 * Host processes started ahead of time.
 *
 * `take` answers at once while there are idle ones and starts a process otherwise, so an empty pool costs time, never a failure.
 */
export class HostPool {
  readonly #options: HostPoolOptions;
  readonly #idle: IdleHost[] = [];
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
  }

  /** Processes ready to be taken. */
  get idle(): number {
    return this.#idle.length;
  }

  async take(signal?: AbortSignal): Promise<IdleHost> {
    const idle = this.#idle.shift();
    this.#wake();
    return idle ?? raceAbort(this.#options.launcher.launch(), signal);
  }

  /** Keeps the pool full until `signal` aborts, then ends the idle processes. */
  async run(signal: AbortSignal): Promise<void> {
    const { size, clock, logger } = this.#options;
    const backoff = new Backoff({ initialMs: 100, maxMs: 10_000 });
    const stopped = aborted(signal);
    this.#closed = false;
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        // One at a time: a burst of pods needs the cores itself.
        if (this.#idle.length < size) {
          this.#add(await this.#options.launcher.launch());
          backoff.reset();
        } else await Promise.race([changed, stopped]);
      } catch (error) {
        const retryInMs = backoff.next();
        logger.warn("Cannot start a host process for the pool", { error: errorMessage(error), retryInMs });
        await clock.sleep(retryInMs, signal).catch(() => undefined);
      }
    }
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map((host) => this.#options.launcher.discard(host)));
  }

  #add(host: IdleHost): void {
    if (this.#closed) {
      void this.#options.launcher.discard(host);
      return;
    }
    this.#idle.push(host);
    void host.ended.then(() => {
      const index = this.#idle.indexOf(host);
      if (index === -1) return;
      this.#idle.splice(index, 1);
      this.#wake();
    });
  }
}
