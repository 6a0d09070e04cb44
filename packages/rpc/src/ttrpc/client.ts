import type { Socket } from "node:net";
import { abortReason, type Clock, systemClock } from "@wherry/base";
import { RpcError } from "../errors.ts";
import { statusCodeName } from "../status-code.ts";
import { connectUnix } from "../unix-socket.ts";
import { requestEnvelope, responseEnvelope } from "./envelope.ts";
import { FrameReader, messageTypes } from "./frame.ts";
import { sendFrame } from "./send-frame.ts";

export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason. The protocol has no cancellation, so the peer may go on. */
  readonly signal?: AbortSignal | undefined;
  /** Time for the call; told to the peer, and kept here too. @default none */
  readonly timeoutMs?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

interface PendingCall {
  readonly name: string;
  resolve(payload: Uint8Array): void;
  reject(error: Error): void;
}

/**
 * The client's end of a ttRPC connection: unary calls, any number at the same time, answered in any order.
 *
 * A call rejects with `RpcError`: the status the peer answered, `DeadlineExceeded`, or `Unavailable` once the connection is gone.
 */
export class TtrpcClient {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #pending: Map<number, PendingCall> = new Map();
  #nextStreamId = 1;
  #failure: RpcError | undefined;
  /** Resolves when the connection has ended, by either side. */
  readonly closed: Promise<void>;

  /** @param socket a connected stream; from here on it belongs to the client */
  constructor(socket: Socket, options: { clock?: Clock } = {}) {
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    const reader = new FrameReader({
      frame: (header, data) => this.#onFrame(header.streamId, header.type, data),
      oversized: (header) =>
        this.#settle(header.streamId)?.reject(
          new RpcError(
            "ResourceExhausted",
            `Cannot receive ttRPC response of ${header.sizeBytes} bytes: above the limit`,
          ),
        ),
    });
    socket.on("data", (chunk: Uint8Array) => reader.push(chunk));
    let cause: unknown;
    socket.on("error", (error) => {
      cause = error;
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#fail(new RpcError("Unavailable", "The ttRPC connection is closed", { cause }));
        resolve();
      });
    });
  }

  /** Connects to a server's socket; rejects with `RpcError` of code `Unavailable` when nobody listens. */
  static async connect(
    path: string,
    options: { signal?: AbortSignal | undefined; clock?: Clock } = {},
  ): Promise<TtrpcClient> {
    return new TtrpcClient(await connectUnix(path, options), options);
  }

  /** Calls `method` of `service` (full names, no slashes) with an encoded message; resolves to the encoded answer. */
  call(service: string, method: string, payload: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const name = `${service}/${method}`;
      const streamId = this.#nextStreamId;
      const cleanup = this.#limit(streamId, name, options);
      this.#pending.set(streamId, {
        name,
        resolve: (answer) => {
          cleanup();
          resolve(answer);
        },
        reject: (error) => {
          cleanup();
          reject(error);
        },
      });
      const metadata = Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value }));
      const timeoutNano = timeoutMs === undefined ? 0n : BigInt(Math.max(1, Math.round(timeoutMs * 1e6)));
      const data = requestEnvelope.encode({ service, method, payload, timeoutNano, metadata });
      try {
        sendFrame(this.#socket, streamId, messageTypes.request, data);
        this.#nextStreamId += 2;
      } catch (error) {
        this.#settle(streamId)?.reject(RpcError.from(error));
      }
    });
  }

  /** Keeps the process alive while calls are pending only when `active`. */
  setActive(active: boolean): void {
    if (active) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Ends the connection; pending calls reject with `Unavailable`. Idempotent. */
  close(): void {
    this.#fail(new RpcError("Unavailable", "The ttRPC connection was closed by its owner"));
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Watches signal and deadline of a call; the answer stops watching. */
  #limit(streamId: number, name: string, { signal, timeoutMs }: CallOptions): () => void {
    const onAbort = () => this.#settle(streamId)?.reject(abortReason(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    const cancelTimer =
      timeoutMs === undefined
        ? undefined
        : this.#clock.setTimer(timeoutMs, () =>
            this.#settle(streamId)?.reject(
              new RpcError("DeadlineExceeded", `Call of ${name} was not answered within ${timeoutMs} ms`),
            ),
          );
    return () => {
      signal?.removeEventListener("abort", onAbort);
      cancelTimer?.();
    };
  }

  #onFrame(streamId: number, type: number, data: Uint8Array): void {
    // Answers of calls given up arrive late and find no entry.
    const call = type === messageTypes.response ? this.#settle(streamId) : undefined;
    if (call === undefined) return;
    try {
      const { status, payload } = responseEnvelope.decode(data);
      const code = statusCodeName(status?.code ?? 0);
      if (code === "OK") call.resolve(payload);
      else call.reject(new RpcError(code, status?.message ?? ""));
    } catch (error) {
      call.reject(new RpcError("Internal", `Cannot decode the answer of ${call.name}`, { cause: error }));
    }
  }

  #settle(streamId: number): PendingCall | undefined {
    const call = this.#pending.get(streamId);
    this.#pending.delete(streamId);
    return call;
  }

  #fail(error: RpcError): void {
    this.#failure ??= error;
    for (const streamId of [...this.#pending.keys()]) this.#settle(streamId)?.reject(this.#failure);
  }
}
