import { createServer, type Socket } from "node:net";
import { type Clock, systemClock } from "@wherry/base";
import { RpcError } from "../errors.ts";
import { listenUnix } from "../unix-socket.ts";
import { type RequestEnvelope, requestEnvelope, responseEnvelope } from "./envelope.ts";
import { type FrameHeader, FrameReader, frameFlags, messageTypes } from "./frame.ts";
import { sendFrame } from "./send-frame.ts";

export interface CallContext {
  /** Aborts at the call's deadline or when its connection is gone. */
  readonly signal: AbortSignal;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Answers a call given as encoded message; a rejection becomes the call's status (`RpcError` as it is, the rest `Unknown`). */
export type Handler = (payload: Uint8Array, context: CallContext) => Promise<Uint8Array> | Uint8Array;

/** Methods by name of services by full name. */
export type Handlers = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

export interface TtrpcServerOptions {
  readonly handlers: Handlers;
  readonly clock?: Clock;
  /** Calls of one connection worked on at the same time; those beyond are answered `ResourceExhausted`. @default 1024 */
  readonly maxConcurrentCalls?: number;
}

/** Bytes of answers waiting for a slow reader at which its connection is read no further. */
const maxQueuedBytes = 8 << 20;

/**
 * A ttRPC server: answers unary calls on any number of connections.
 *
 * Unknown services and methods and streaming calls are answered `Unimplemented`, frames above 4 MiB `ResourceExhausted`.
 */
export class TtrpcServer {
  readonly #options: Required<TtrpcServerOptions>;
  readonly #connections: Set<ServerConnection> = new Set();
  #stop: (() => Promise<void>) | undefined;

  constructor(options: TtrpcServerOptions) {
    this.#options = { clock: systemClock, maxConcurrentCalls: 1024, ...options };
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Listens on a unix socket; see `listenUnix` for files left behind. */
  async listen(path: string): Promise<void> {
    this.#stop = await listenUnix(
      createServer((socket) => this.accept(socket)),
      path,
    );
  }

  /** Serves a connected stream. */
  accept(socket: Socket): void {
    const connection = new ServerConnection(socket, this.#options, () => this.#connections.delete(connection));
    this.#connections.add(connection);
  }

  /** Stops listening, ends all connections and aborts their calls. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.#stop?.();
  }
}

class ServerConnection {
  readonly #socket: Socket;
  readonly #options: Required<TtrpcServerOptions>;
  readonly #calls: Map<number, AbortController> = new Map();

  constructor(socket: Socket, options: Required<TtrpcServerOptions>, onClose: () => void) {
    this.#socket = socket;
    this.#options = options;
    const reader = new FrameReader({
      frame: (header, data) => this.#onFrame(header, data),
      oversized: (header) =>
        this.#fail(
          header.streamId,
          new RpcError("ResourceExhausted", `Message of ${header.sizeBytes} bytes is too large`),
        ),
    });
    socket.on("data", (chunk: Uint8Array) => reader.push(chunk));
    socket.on("drain", () => socket.resume());
    // The close event that follows does what there is to do.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      for (const call of this.#calls.values()) call.abort(new RpcError("Canceled", "The connection was closed"));
      onClose();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onFrame(header: FrameHeader, data: Uint8Array): void {
    const refusal = this.#refuse(header);
    if (refusal !== undefined) this.#fail(header.streamId, refusal);
    else if (header.type === messageTypes.request) void this.#serve(header.streamId, data);
  }

  #refuse({ streamId, type, flags }: FrameHeader): RpcError | undefined {
    if (type === messageTypes.data || (flags & frameFlags.remoteOpen) !== 0)
      return new RpcError("Unimplemented", "Streaming calls are not supported");
    if (type !== messageTypes.request) return undefined;
    if (streamId % 2 === 0) return new RpcError("InvalidArgument", `Stream ${streamId} of a client must be odd`);
    if (this.#calls.has(streamId)) return new RpcError("InvalidArgument", `Stream ${streamId} is in use`);
    if (this.#calls.size >= this.#options.maxConcurrentCalls)
      return new RpcError("ResourceExhausted", `More than ${this.#calls.size} calls at once`);
    return undefined;
  }

  async #serve(streamId: number, data: Uint8Array): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(streamId, controller);
    let cancelTimer: (() => void) | undefined;
    try {
      const request = requestEnvelope.decode(data);
      const handler = this.#find(request);
      cancelTimer = this.#deadline(streamId, request, controller);
      const metadata = new Map(request.metadata.map((entry) => [entry?.key ?? "", entry?.value ?? ""]));
      const payload = await handler(request.payload, { signal: controller.signal, metadata });
      this.#answer(streamId, controller, () => responseEnvelope.encode({ payload }));
    } catch (error) {
      this.#answer(streamId, controller, () => encodeError(error));
    } finally {
      cancelTimer?.();
    }
  }

  #find(request: RequestEnvelope): Handler {
    const { service, method } = request;
    const methods = Object.hasOwn(this.#options.handlers, service) ? this.#options.handlers[service] : undefined;
    if (methods === undefined) throw new RpcError("Unimplemented", `Service "${service}" is not served here`);
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler === undefined)
      throw new RpcError("Unimplemented", `Service "${service}" has no method "${method}" here`);
    return handler;
  }

  /** Answers `DeadlineExceeded` when the time is up, whether the handler heeds its signal or not. */
  #deadline(streamId: number, request: RequestEnvelope, controller: AbortController): (() => void) | undefined {
    if (request.timeoutNano <= 0n) return undefined;
    return this.#options.clock.setTimer(Number(request.timeoutNano) / 1e6, () => {
      const error = new RpcError(
        "DeadlineExceeded",
        `${request.service}/${request.method} took longer than its deadline`,
      );
      this.#answer(streamId, controller, () => encodeError(error));
      controller.abort(error);
    });
  }

  /** Sends the one answer of a call. */
  #answer(streamId: number, controller: AbortController, encode: () => Uint8Array): void {
    if (this.#calls.get(streamId) !== controller) return;
    this.#calls.delete(streamId);
    try {
      this.#send(streamId, encode());
    } catch (error) {
      this.#fail(streamId, error);
    }
  }

  #fail(streamId: number, error: unknown): void {
    this.#send(streamId, encodeError(error));
  }

  #send(streamId: number, data: Uint8Array): void {
    if (this.#socket.destroyed) return;
    sendFrame(this.#socket, streamId, messageTypes.response, data);
    if (this.#socket.writableLength > maxQueuedBytes) this.#socket.pause();
  }
}

function encodeError(error: unknown): Uint8Array {
  const { status, message } = RpcError.from(error);
  // A text from elsewhere may be long; the frame's limit must not turn an error into a hang.
  return responseEnvelope.encode({ status: { code: status, message: message.slice(0, 32_768), details: [] } });
}
