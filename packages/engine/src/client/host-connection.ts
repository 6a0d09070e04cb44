import { aborted, type Clock, errorMessage, type Logger, raceAbort } from "@wherry/base";
import { createServiceClient, engineService, TtrpcClient } from "@wherry/rpc";
import { EngineError } from "../errors.ts";
import { isRunning, type ProcessIdentity } from "../platform/process-identity.ts";
import { protocolVersion } from "../protocol/guests.ts";

/** Pause between tries to reach a process, which also bounds how late its end is noticed without a connection. */
const retryMs = 100;

/** A connection mostly breaks because its process ends, which takes the kernel a moment more. */
const endPauseMs = 5;
const endPauses = 10;

/** How long a process may take to answer before the try counts as failed; the guest in it may be computing. */
const answerMs = 2_000;

export interface HostConnectionOptions {
  readonly guestId: string;
  readonly process: ProcessIdentity;
  readonly socketPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The engine's connection to a guest's process, made again whenever it breaks while the process is there.
 *
 * A process whose guest computes without a pause cannot be reached until the guest waits; it is tried until then.
 */
export class HostConnection {
  readonly #options: HostConnectionOptions;
  readonly #stopped: AbortController = new AbortController();
  readonly #waiting: Set<(client: TtrpcClient) => void> = new Set();
  #current: TtrpcClient | undefined;
  /** Told of each connection, with what it is good for until it breaks. */
  onConnected: (client: TtrpcClient) => void = () => undefined;
  /** Told once, when the process is gone. */
  onGone: () => void = () => undefined;

  constructor(options: HostConnectionOptions) {
    this.#options = options;
  }

  /** Starts with a connection that exists, or with the first try to make one. */
  start(existing: TtrpcClient | undefined): void {
    void this.#keep(existing);
  }

  /** The connection; waits for one until `signal` aborts. Rejects with `Unavailable` once the process is gone. */
  get(signal: AbortSignal | undefined): Promise<TtrpcClient> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    const { promise, resolve, reject } = Promise.withResolvers<TtrpcClient>();
    this.#waiting.add(resolve);
    const gone = () => {
      const { guestId, process } = this.#options;
      reject(new EngineError("Unavailable", `Process ${process.pid} of guest "${guestId}" is not there any more`));
    };
    void aborted(this.#stopped.signal).then(gone);
    return raceAbort(promise, signal).finally(() => this.#waiting.delete(resolve));
  }

  /** Leaves the process to itself. */
  stop(): void {
    this.#stopped.abort();
    this.#current?.close();
  }

  async #keep(existing: TtrpcClient | undefined): Promise<void> {
    const { process, clock } = this.#options;
    const { signal } = this.#stopped;
    let client = existing;
    while (!signal.aborted) {
      if (client !== undefined) {
        this.#use(client);
        await client.closed;
        this.#current = undefined;
      }
      if (signal.aborted) return;
      if (client !== undefined) await this.#untilEnded();
      if (!isRunning(process)) break;
      client = await this.#tryConnect();
      if (client === undefined) await clock.sleep(retryMs, signal).catch(() => undefined);
    }
    if (signal.aborted) return;
    this.#stopped.abort();
    this.onGone();
  }

  async #untilEnded(): Promise<void> {
    const { process, clock } = this.#options;
    for (let pauses = 0; pauses < endPauses && isRunning(process); pauses++) {
      await clock.sleep(endPauseMs, this.#stopped.signal).catch(() => undefined);
    }
  }

  #use(client: TtrpcClient): void {
    this.#current = client;
    this.onConnected(client);
    for (const resolve of [...this.#waiting]) resolve(client);
  }

  async #tryConnect(): Promise<TtrpcClient | undefined> {
    const { guestId, process, socketPath, clock, logger } = this.#options;
    let client: TtrpcClient | undefined;
    try {
      client = await TtrpcClient.connect(socketPath, { clock, signal: this.#stopped.signal });
      const guests = createServiceClient(engineService.Guests, client);
      const answer = await guests.ping({}, { timeoutMs: answerMs, signal: this.#stopped.signal });
      if (answer.version === protocolVersion && answer.guestId === guestId && answer.pid === process.pid) return client;
      logger.warn("Another process answers on a guest's socket", { guest: guestId, pid: answer.pid });
    } catch (error) {
      logger.debug("Cannot reach a guest's process", { guest: guestId, pid: process.pid, error: errorMessage(error) });
    }
    client?.close();
    return undefined;
  }
}
