import { aborted, Backoff, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import type { HostLauncher } from "./host-launcher.ts";
import type { HostProcess } from "./host-process.ts";

/** Pods that come in this distance are one burst; a pod that starts is not disturbed by its successor's process. */
const quietMs = 100;

export interface HostPoolOptions {
  /** Idle processes kept ready. */
  readonly size: number;
  /** Processes started at the same time. More than there are cores makes all of them late. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly launcher: Pick<HostLauncher, "launch" | "discard">;
}

/**
 * Host processes started ahead of time.
 *
 * `take` answers at once while there are idle ones and in the order of the calls, as processes get ready, otherwise; so an empty
 * pool costs time, never a failure.
 */
export class HostPool {
  readonly #options: HostPoolOptions;
  readonly #idle: HostProcess[] = [];
  readonly #waiting: PromiseWithResolvers<HostProcess>[] = [];
  #launching = 0;
  /** Of these, those started for nobody in particular. */
  #spare = 0;
  #lastTakeMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;
  #filling = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
  }

  /** Processes ready to be taken. */
  get idle(): number {
    return this.#idle.length;
  }

  async take(signal?: AbortSignal): Promise<HostProcess> {
    signal?.throwIfAborted();
    this.#lastTakeMs = this.#options.clock.monotonic();
    this.#wake();
    const idle = this.#idle.shift();
    if (idle !== undefined) return idle;
    const turn = Promise.withResolvers<HostProcess>();
    this.#waiting.push(turn);
    this.#launchForWaiting();
    try {
      return await raceAbort(turn.promise, signal);
    } catch (error) {
      const index = this.#waiting.indexOf(turn);
      if (index !== -1) this.#waiting.splice(index, 1);
      // It may have been given one in the same moment.
      else turn.promise.then((host) => this.#add(host)).catch(() => undefined);
      throw error;
    }
  }

  /** Keeps the pool full until `signal` aborts, then ends the idle processes. */
  async run(signal: AbortSignal): Promise<void> {
    const { size, clock, logger } = this.#options;
    const backoff = new Backoff({ initialMs: 100, maxMs: 10_000 });
    const stopped = aborted(signal);
    this.#filling = true;
    while (!signal.aborted) {
      const changed = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#idle.length >= size || this.#waiting.length > 0) await Promise.race([changed, stopped]);
      else if (this.#idle.length > 0 && this.#restMs() > 0)
        await clock.sleep(this.#restMs(), signal).catch(() => undefined);
      else {
        try {
          // One at a time: nobody waits for it.
          this.#add(await this.#launch());
          backoff.reset();
        } catch (error) {
          const retryInMs = backoff.next();
          logger.warn("Cannot start a host process for the pool", { error: errorMessage(error), retryInMs });
          await clock.sleep(retryInMs, signal).catch(() => undefined);
        }
      }
    }
    this.#filling = false;
    await Promise.all(this.#idle.splice(0).map((host) => this.#options.launcher.discard(host)));
  }

  /** How long the last pod is left alone with the cores, unless the next would have to wait. */
  #restMs(): number {
    return this.#lastTakeMs + quietMs - this.#options.clock.monotonic();
  }

  /** Who waits gets a process at once, before it is up, but no more processes than there are cores start at a time. */
  #launchForWaiting(): void {
    while (this.#waiting.length > this.#spare && this.#launching < this.#options.concurrency) {
      const turn = this.#waiting.shift();
      this.#launch(turn).catch((error: unknown) => turn?.reject(error));
    }
  }

  /** A process that is up; `turn` gets it as soon as it is there. */
  async #launch(turn?: PromiseWithResolvers<HostProcess>): Promise<HostProcess> {
    this.#launching++;
    if (turn === undefined) this.#spare++;
    try {
      const host = await this.#options.launcher.launch();
      turn?.resolve(host);
      await host.up;
      return host;
    } finally {
      this.#launching--;
      if (turn === undefined) this.#spare--;
      // After whoever gets this one.
      queueMicrotask(() => this.#launchForWaiting());
    }
  }

  /** Gives a process to who has waited longest, or keeps it. */
  #add(host: HostProcess): void {
    const turn = this.#waiting.shift();
    if (turn !== undefined) {
      turn.resolve(host);
      return;
    }
    if (!this.#filling || this.#idle.length >= this.#options.size) {
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
