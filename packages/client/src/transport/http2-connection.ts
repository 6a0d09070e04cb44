import { type ClientHttp2Session, type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";

import { abortReason, type Clock, errorCode, type Logger } from "@wherry/base";

import { TransportError } from "../errors.ts";
import type { TransportRequest, TransportResponse } from "./transport.ts";

export interface Http2ConnectionOptions {
  readonly authority: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Silence after which the peer is asked for a sign of life. */
  readonly pingIdleMs: number;
  /** Time the peer has to answer a ping. */
  readonly pingTimeoutMs: number;
  /** Age from which a request that is given up without a byte from the peer puts the connection under suspicion. */
  readonly suspectAfterMs: number;
  /** Told when a stream ended, the limit changed, or the connection closed or began to drain. */
  readonly onChange: (connection: Http2Connection) => void;
}

// The session is of no more use for streams, through nobody's fault.
const spentSessionCodes: ReadonlySet<string | undefined> = new Set([
  "ERR_HTTP2_INVALID_SESSION",
  "ERR_HTTP2_GOAWAY_SESSION",
  "ERR_HTTP2_OUT_OF_STREAMS",
]);

/**
 * One HTTP/2 connection: counts its streams, watches that the peer is alive, and drains on GOAWAY.
 *
 * The peer is pinged when nothing came from it for a while, and at once when a request was given up in silence; until that
 * ping is answered the connection takes no streams, so that the next try goes over another one.
 */
export class Http2Connection {
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #options: Http2ConnectionOptions;
  /** Resolves when the peer has told its limits; rejects if the connection ends before. */
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  #streamLimit = 0;
  #activeStreams = 0;
  #draining = false;
  #suspected = false;
  #idleSinceMs: number;
  #lastBytes = 0;
  #lastHeardMs: number;
  #cancelCheck: () => void = () => undefined;
  #failure: Error | undefined;

  constructor(session: ClientHttp2Session, socket: Socket, options: Http2ConnectionOptions) {
    this.#session = session;
    this.#socket = socket;
    this.#options = options;
    this.#lastHeardMs = options.clock.monotonic();
    this.#idleSinceMs = this.#lastHeardMs;
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.ready.catch(() => undefined);
    session.on("remoteSettings", (settings) => {
      this.#streamLimit = settings.maxConcurrentStreams ?? Number.MAX_SAFE_INTEGER;
      ready.resolve();
      options.onChange(this);
    });
    session.on("goaway", (errorCode) => {
      options.logger.debug("Server is closing the connection", { errorCode, activeStreams: this.#activeStreams });
      this.drain();
    });
    session.on("error", (error) => {
      this.#failure ??= error;
    });
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    session.once("close", () => {
      this.#draining = true;
      this.#cancelCheck();
      closed.resolve();
      ready.reject(this.#failure ?? new Error("connection closed before the server's SETTINGS"));
      options.onChange(this);
    });
    this.#scheduleCheck();
  }

  /** Whether new streams may be opened, apart from the limit. */
  get usable(): boolean {
    return !this.#draining && !this.#session.closed && !this.#session.destroyed;
  }

  get activeStreams(): number {
    return this.#activeStreams;
  }

  /** Streams the peer allows at the same time; 0 before it has told. */
  get streamLimit(): number {
    return this.#streamLimit;
  }

  get freeStreams(): number {
    return this.usable && !this.#suspected ? Math.max(0, this.#streamLimit - this.#activeStreams) : 0;
  }

  /** Monotonic time since which no stream is open. */
  get idleSinceMs(): number | undefined {
    return this.#activeStreams === 0 ? this.#idleSinceMs : undefined;
  }

  /** Opens a stream; the caller has checked `freeStreams`. */
  request(request: TransportRequest): Promise<TransportResponse> {
    const { signal } = request;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(this.#headers(request), { endStream: request.body === undefined });
    } catch (error) {
      if (!spentSessionCodes.has(errorCode(error)))
        return Promise.reject(new TransportError("protocol", "Cannot send the request", { cause: error }));
      this.drain();
      return Promise.reject(
        new TransportError("unsent", "Cannot send the request: connection closed", { cause: error }),
      );
    }
    this.#activeStreams++;
    const answer = new Promise<TransportResponse>((resolve, reject) => this.#follow(stream, signal, resolve, reject));
    if (request.body !== undefined) stream.end(request.body);
    return answer;
  }

  /** Takes no new streams; closes when the present ones have ended. Idempotent. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    if (!this.#session.closed) this.#session.close();
    this.#options.onChange(this);
  }

  /** Ends the connection and every stream on it. Idempotent. */
  destroy(reason: Error): void {
    this.#draining = true;
    this.#failure ??= reason;
    if (!this.#session.destroyed) this.#session.destroy(reason, constants.NGHTTP2_CANCEL);
    this.#socket.destroy();
  }

  #headers(request: TransportRequest): OutgoingHttpHeaders {
    return {
      ...(request.headers as Record<string, string | string[]>),
      ":method": request.method,
      ":path": request.path,
      ":scheme": "https",
      ":authority": this.#options.authority,
    };
  }

  #follow(
    stream: ClientHttp2Stream,
    signal: AbortSignal | undefined,
    resolve: (response: TransportResponse) => void,
    reject: (error: Error) => void,
  ): void {
    let failure: Error | undefined;
    let responded = false;
    const sentAtMs = this.#options.clock.monotonic();
    const bytesBefore = this.#socket.bytesRead;
    // Destroying alone would not tell the server.
    const cancel = (reason?: Error) => {
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
      stream.destroy(reason);
    };
    const onAbort = () => {
      const reason = abortReason(signal);
      failure = reason;
      cancel(reason);
      if (!responded && this.#socket.bytesRead === bytesBefore) this.#suspect(sentAtMs);
      reject(reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.once("response", (headers) => {
      responded = true;
      resolve({
        status: headers[":status"] ?? 0,
        headers,
        body: stream,
        complete: () => failure === undefined && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR,
        cancel: () => cancel(),
      });
    });
    stream.on("error", (error) => {
      failure ??= error;
    });
    stream.once("close", () => {
      signal?.removeEventListener("abort", onAbort);
      this.#activeStreams--;
      if (this.#activeStreams === 0) this.#idleSinceMs = this.#options.clock.monotonic();
      if (!responded) reject(this.#unanswered(stream.rstCode, failure));
      this.#options.onChange(this);
    });
  }

  #unanswered(rstCode: number, failure: Error | undefined): Error {
    const cause = this.#failure ?? failure;
    // RFC 9113 section 8.7: a refused stream was not processed and may be sent again.
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM)
      return new TransportError("unsent", "Cannot send the request: server refused the stream", { cause });
    return new TransportError("connection", "Cannot get an answer: connection lost", { cause });
  }

  #scheduleCheck(): void {
    const { clock, pingIdleMs } = this.#options;
    this.#cancelCheck = clock.setTimer(Math.max(1, pingIdleMs / 3), () => this.#check());
  }

  #check(): void {
    const { clock, pingIdleMs } = this.#options;
    const bytes = this.#socket.bytesRead;
    if (bytes !== this.#lastBytes) {
      this.#lastBytes = bytes;
      this.#lastHeardMs = clock.monotonic();
    }
    if (this.#session.destroyed) return;
    if (clock.monotonic() - this.#lastHeardMs >= pingIdleMs) this.#ping();
    else this.#scheduleCheck();
  }

  #suspect(sentAtMs: number): void {
    const { clock, logger, suspectAfterMs } = this.#options;
    if (this.#suspected || !this.usable || clock.monotonic() - sentAtMs < suspectAfterMs) return;
    logger.info("Server is silent, using another connection until it answers a ping", {
      silentMs: Math.round(clock.monotonic() - sentAtMs),
    });
    this.#suspected = true;
    this.#cancelCheck();
    this.#ping();
  }

  #ping(): void {
    const { clock, pingTimeoutMs } = this.#options;
    const cancel = clock.setTimer(pingTimeoutMs, () => this.#lost());
    this.#cancelCheck = cancel;
    const sent = this.#session.ping((error) => {
      cancel();
      if (this.#session.destroyed) return;
      if (error) return this.#lost(error);
      this.#lastHeardMs = clock.monotonic();
      this.#suspected = false;
      this.#cancelCheck();
      this.#scheduleCheck();
      this.#options.onChange(this);
    });
    if (!sent) {
      cancel();
      this.#lost();
    }
  }

  #lost(cause?: Error): void {
    const { logger, pingTimeoutMs } = this.#options;
    logger.warn("Server does not answer pings, dropping the connection", { activeStreams: this.#activeStreams });
    this.destroy(
      new TransportError("connection", `Connection lost: no answer to a ping in ${pingTimeoutMs} ms`, { cause }),
    );
  }
}
