import { abortReason, Backoff, type Clock, errorMessage, type Logger } from "@wherry/base";

import { TransportError } from "../errors.ts";
import type { TlsTarget } from "./dial.ts";
import { Http1Transport } from "./http1-transport.ts";
import type { Http2Connection } from "./http2-connection.ts";
import { openConnection } from "./open-connection.ts";
import type { TlsIdentity, Transport, TransportRequest, TransportResponse } from "./transport.ts";

export interface SessionPoolOptions {
  readonly target: TlsTarget;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Connections open at the same time, not counting draining ones. @default 8 */
  readonly maxSessions?: number;
  /** @default 30_000 */
  readonly pingIdleMs?: number;
  /** @default 15_000 */
  readonly pingTimeoutMs?: number;
  /** See `Http2ConnectionOptions`. @default 2000 */
  readonly suspectAfterMs?: number;
  /** @default 30_000 */
  readonly dialTimeoutMs?: number;
  /** Time after which a further connection without streams is closed. @default 90_000 */
  readonly idleCloseMs?: number;
  /** Time that streams on a retired connection (other credentials) have to end. @default 10_000 */
  readonly retireMs?: number;
}

interface Waiter {
  readonly request: TransportRequest;
  readonly resolve: (response: Promise<TransportResponse>) => void;
  readonly reject: (error: Error) => void;
  readonly dispose: () => void;
}

const maxWaiters = 4096;
// Streams of a full pool that watches may not take, so that a status write never waits for a watch to end.
const maxReservedStreams = 8;

/**
 * HTTP/2 connections to one server, opened as streams are needed and replaced as they die; falls back to HTTP/1.1 where the
 * server chooses that in ALPN.
 *
 * A failed dial fails the requests that waited for it; later ones wait for the next dial, which back-off delays. GOAWAY
 * drains a connection while new requests go to another.
 */
export class SessionPool implements Transport {
  readonly #options: Required<SessionPoolOptions>;
  readonly #authority: string;
  readonly #backoff: Backoff;
  readonly #waiters: Set<Waiter> = new Set();
  readonly #stop = new AbortController();
  /** Connections that take streams. */
  readonly #connections: Set<Http2Connection> = new Set();
  /** Every connection that is not closed, draining ones too. */
  readonly #living: Set<Http2Connection> = new Set();
  readonly #timers: Set<() => void> = new Set();
  #identity: TlsIdentity | undefined;
  #generation = 0;
  #http1: Http1Transport | undefined;
  #dialing: Promise<void> | undefined;
  #retryAtMs = 0;
  #cancelRetry: (() => void) | undefined;
  #saturated = false;

  constructor(options: SessionPoolOptions) {
    this.#options = {
      maxSessions: 8,
      pingIdleMs: 30_000,
      pingTimeoutMs: 15_000,
      suspectAfterMs: 2000,
      dialTimeoutMs: 30_000,
      idleCloseMs: 90_000,
      retireMs: 10_000,
      ...options,
    };
    const { host, port } = options.target;
    const name = host.includes(":") ? `[${host}]` : host;
    this.#authority = port === 443 ? name : `${name}:${port}`;
    this.#backoff = new Backoff({ initialMs: 50, maxMs: 5000, jitter: 0.2, random: options.random });
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    if (this.#stop.signal.aborted) return Promise.reject(closedError());
    if (this.#http1 !== undefined) return this.#http1.request(request);
    const connection = this.#pick(request);
    return connection === undefined ? this.#wait(request) : connection.request(request);
  }

  useIdentity(identity: TlsIdentity | undefined): void {
    if (identity === this.#identity) return;
    const same = identity?.certificate === this.#identity?.certificate && identity?.key === this.#identity?.key;
    this.#identity = identity;
    if (same) return;
    this.#generation++;
    if (this.#living.size > 0) this.#options.logger.info("Client certificate changed, replacing connections");
    for (const connection of this.#connections) this.#retire(connection);
    if (this.#http1 !== undefined) void this.#http1.close();
    this.#http1 = undefined;
  }

  async close(): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort(closedError());
    this.#cancelRetry?.();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    for (const waiter of this.#waiters) this.#reject(waiter, closedError());
    const ended = [...this.#living].map((connection) => connection.closed);
    for (const connection of this.#living) connection.destroy(closedError());
    await Promise.all([...ended, this.#dialing, this.#http1?.close()]);
  }

  #pick(request: TransportRequest): Http2Connection | undefined {
    let free = 0;
    let limit = 0;
    let best: Http2Connection | undefined;
    // The fullest one with room: further connections empty and can be closed.
    for (const connection of this.#connections) {
      const room = connection.freeStreams;
      free += room;
      limit += connection.streamLimit;
      if (room > 0 && (best === undefined || room < best.freeStreams)) best = connection;
    }
    if (!request.longRunning || this.#connections.size < this.#options.maxSessions) return best;
    return free > Math.min(maxReservedStreams, Math.floor(limit / 4)) ? best : undefined;
  }

  #wait(request: TransportRequest): Promise<TransportResponse> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.#waiters.size >= maxWaiters)
      return Promise.reject(new TransportError("unsent", `Cannot send the request: ${maxWaiters} others wait already`));
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#reject(waiter, abortReason(signal));
      const waiter: Waiter = {
        request,
        resolve,
        reject,
        dispose: () => signal?.removeEventListener("abort", onAbort),
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
      this.#pump();
    });
  }

  #reject(waiter: Waiter, error: Error): void {
    waiter.dispose();
    this.#waiters.delete(waiter);
    waiter.reject(error);
  }

  /** Serves waiting requests and dials when that needs another connection. */
  #pump(): void {
    if (this.#stop.signal.aborted) return;
    for (const connection of this.#connections) if (!connection.usable) this.#connections.delete(connection);
    for (const waiter of this.#waiters) {
      const taker = this.#http1 ?? this.#pick(waiter.request);
      if (taker === undefined) continue;
      waiter.dispose();
      this.#waiters.delete(waiter);
      waiter.resolve(taker.request(waiter.request));
    }
    if (this.#waiters.size === 0) {
      this.#saturated = false;
      return;
    }
    if (this.#connections.size < this.#options.maxSessions) this.#dialSoon();
    else this.#warnSaturated();
  }

  #warnSaturated(): void {
    if (this.#saturated) return;
    this.#saturated = true;
    this.#options.logger.warn("All connections are full, requests wait", {
      sessions: this.#connections.size,
      waiting: this.#waiters.size,
    });
  }

  #dialSoon(): void {
    if (this.#dialing !== undefined || this.#cancelRetry !== undefined) return;
    const { clock } = this.#options;
    const delayMs = this.#retryAtMs - clock.monotonic();
    if (delayMs > 0) {
      this.#cancelRetry = clock.setTimer(delayMs, () => {
        this.#cancelRetry = undefined;
        this.#pump();
      });
      return;
    }
    this.#dialing = this.#dial().finally(() => {
      this.#dialing = undefined;
      this.#pump();
    });
  }

  async #dial(): Promise<void> {
    const { target, clock, logger, dialTimeoutMs, pingIdleMs, pingTimeoutMs, suspectAfterMs } = this.#options;
    const generation = this.#generation;
    const identity = this.#identity;
    try {
      const connection = await openConnection({
        target,
        identity,
        authority: this.#authority,
        timeoutMs: dialTimeoutMs,
        signal: this.#stop.signal,
        clock,
        logger,
        pingIdleMs,
        pingTimeoutMs,
        suspectAfterMs,
        onChange: (changed) => this.#changed(changed),
      });
      this.#backoff.reset();
      if (connection !== undefined) this.#adopt(connection, generation);
      else if (generation === this.#generation) {
        logger.info("Server does not offer HTTP/2, using HTTP/1.1", { server: this.#authority });
        this.#http1 = new Http1Transport({ target, identity });
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#dialFailed(error as Error);
    }
  }

  #dialFailed(error: Error): void {
    const { clock, logger } = this.#options;
    const retryInMs = this.#backoff.next();
    this.#retryAtMs = clock.monotonic() + retryInMs;
    logger.warn("Cannot connect to the server", { server: this.#authority, error: errorMessage(error), retryInMs });
    // With a connection at hand, streams will become free; what fails is only the attempt to have more.
    if (this.#connections.size > 0) return;
    for (const waiter of this.#waiters) this.#reject(waiter, error);
  }

  #adopt(connection: Http2Connection, generation: number): void {
    this.#living.add(connection);
    void connection.closed.then(() => {
      this.#living.delete(connection);
      this.#connections.delete(connection);
    });
    if (this.#stop.signal.aborted) connection.destroy(closedError());
    else if (generation === this.#generation) this.#connections.add(connection);
    else this.#retire(connection);
  }

  #changed(connection: Http2Connection): void {
    // One that is being opened counts when it is adopted.
    if (!this.#living.has(connection)) return;
    if (!connection.usable) this.#connections.delete(connection);
    else if (connection.activeStreams === 0 && this.#connections.size > 1) this.#closeWhenIdle(connection);
    if (this.#waiters.size > 0) this.#pump();
  }

  #closeWhenIdle(connection: Http2Connection): void {
    const { clock, idleCloseMs } = this.#options;
    const since = connection.idleSinceMs;
    this.#after(idleCloseMs, () => {
      if (connection.idleSinceMs === since && clock.monotonic() - (since ?? 0) >= idleCloseMs) {
        if (this.#connections.size > 1) connection.drain();
      }
    });
  }

  #retire(connection: Http2Connection): void {
    this.#connections.delete(connection);
    connection.drain();
    this.#after(this.#options.retireMs, () =>
      connection.destroy(new TransportError("connection", "Connection retired: the client certificate changed")),
    );
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }
}

function closedError(): TransportError {
  return new TransportError("closed", "Cannot send the request: the client is closed");
}
