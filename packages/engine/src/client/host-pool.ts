import { aborted, Backoff, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import { createServiceClient, engineService } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { killProcess } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";
import type { HostProcess } from "./host-process.ts";

/** How long a new process may take to answer. */
const startTimeoutMs = 10_000;

export interface HostPoolOptions {
  /** Idle processes kept ready. */
  readonly size: number;
  readonly clock: Clock;
  readonly logger: Logger;
  spawn(): Promise<HostProcess>;
}

/**
 * Host processes started ahead of time.
 *
 * `take` answers at once while there are idle ones and starts a process otherwise, so an empty pool costs time, never a failure.
 */
export class HostPool {
  readonly #options: HostPoolOptions;
  readonly #idle: HostProcess[] = [];
  #starting = 0;
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
  }

  /** Processes ready to be taken. */
  get idle(): number {
    return this.#idle.length;
  }

  async take(signal?: AbortSignal): Promise<HostProcess> {
    const idle = this.#idle.shift();
    this.#wake();
    return idle ?? raceAbort(this.#start(), signal);
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
        if (this.#idle.length + this.#starting < size) {
          this.#add(await this.#start());
          backoff.reset();
        } else await Promise.race([changed, stopped]);
      } catch (error) {
        const retryInMs = backoff.next();
        logger.warn("Cannot start a host process for the pool", { error: errorMessage(error), retryInMs });
        await clock.sleep(retryInMs, signal).catch(() => undefined);
      }
    }
    this.#closed = true;
    await Promise.all(this.#idle.splice(0).map(endProcess));
  }

  #add(host: HostProcess): void {
    if (this.#closed) {
      void endProcess(host);
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

  async #start(): Promise<HostProcess> {
    this.#starting++;
    try {
      const host = await this.#options.spawn();
      await checkReady(host);
      return host;
    } finally {
      this.#starting--;
    }
  }
}

async function checkReady(host: HostProcess): Promise<void> {
  const guests = createServiceClient(engineService.Guests, host.connection);
  try {
    const { version } = await guests.ping({}, { timeoutMs: startTimeoutMs });
    if (version === protocolVersion) return;
    throw new EngineError("FailedPrecondition", `Host process speaks version ${version}, expected ${protocolVersion}`);
  } catch (error) {
    await endProcess(host);
    if (error instanceof EngineError) throw error;
    throw new EngineError("Unavailable", "Cannot start a host process: it did not answer", { cause: error });
  }
}

/** Ends a process that holds nothing yet. */
async function endProcess(host: HostProcess): Promise<void> {
  host.connection.close();
  killProcess(host.identity);
  await host.ended;
}
