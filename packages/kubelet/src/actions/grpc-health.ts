import { connect, type Socket } from "node:net";
import { enumField, stringField, wireMessage } from "@wherry/rpc/ttrpc";
import { ActionError, StreamFailure } from "../errors.ts";
import type { ActionOptions, GrpcTarget } from "./container-actions.ts";
import { brokenFailure, dialFailure, discard, joinHostPort } from "./dial.ts";
import { encodeFrame, frameFlags, frameTypes } from "./http2/frames.ts";
import { encodeLiteral, indexedFields, nameIndexes } from "./http2/hpack-encoder.ts";
import { UnaryResponse } from "./http2/unary-response.ts";

const checkRequest = wireMessage<{ service: string }>("grpc.health.v1.HealthCheckRequest", { service: stringField(1) });
const checkResponse = wireMessage<{ status: number }>("grpc.health.v1.HealthCheckResponse", { status: enumField(1) });
const servingStatuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const maxResponseBytes = 4096;

const grpcCodes = [
  ...["OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"],
  ...["PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented"],
  ...["Internal", "Unavailable", "DataLoss", "Unauthenticated"],
];
const unimplemented = grpcCodes.indexOf("Unimplemented");
const deadlineExceeded = grpcCodes.indexOf("DeadlineExceeded");

/** With settings that forbid pushes. */
const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  encodeFrame({ type: frameTypes.settings, flags: 0, streamId: 0, payload: Buffer.of(0, 2, 0, 0, 0, 0) }),
]);

/** Shown in no message that anyone could send: the name of a service is that of a type. */
const maxServiceBytes = 8 * 1024;
// Shared by all sockets: what a read puts into it is copied before the next one begins.
const readBuffer = Buffer.alloc(16 * 1024);

/**
 * Asks `grpc.health.v1.Health/Check` over HTTP/2 without TLS, on a connection of its own.
 *
 * Written on a socket: a session of Node's HTTP/2 costs several times what the connection does, and probes are many.
 */
export async function grpcHealth(target: GrpcTarget, { timeoutMs, signal }: ActionOptions): Promise<string> {
  const message = frame(checkRequest.encode({ service: target.service }));
  if (message.length > maxServiceBytes)
    throw new ActionError("Invalid", `Cannot ask for a service whose name has more than ${maxServiceBytes} bytes`);
  const call = new HealthCall(target, timeoutMs);
  return call.run(requestBytes(target, timeoutMs, message), signal);
}

class HealthCall {
  readonly #target: GrpcTarget;
  readonly #timeoutMs: number | undefined;
  readonly #settled: PromiseWithResolvers<string> = Promise.withResolvers();
  readonly #socket: Socket;
  readonly #response: UnaryResponse;

  constructor(target: GrpcTarget, timeoutMs: number | undefined) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    const callback = (sizeBytes: number) => {
      this.#read(Buffer.from(readBuffer.subarray(0, sizeBytes)));
      return true;
    };
    this.#socket = connect({ host: target.host, port: target.port, onread: { buffer: readBuffer, callback } });
    this.#response = new UnaryResponse({
      maxBodyBytes: maxResponseBytes,
      reply: (bytes) => void this.#socket.write(bytes),
    });
  }

  async run(request: Buffer, signal: AbortSignal): Promise<string> {
    const onAbort = () => this.#settled.reject(this.#timeout());
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      this.#socket.on("error", (error) => this.#settled.reject(this.#broken(error)));
      this.#socket.once("end", () => this.#settled.reject(this.#broken(new Error("EOF"))));
      this.#socket.write(request);
      return await this.#settled.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      discard(this.#socket);
    }
  }

  #read(bytes: Buffer): void {
    try {
      if (this.#response.write(bytes)) this.#settled.resolve(this.#answer());
    } catch (error) {
      this.#settled.reject(
        error instanceof StreamFailure || !(error instanceof ActionError) ? this.#broken(error) : error,
      );
    }
  }

  #answer(): string {
    const { fields, status: httpStatus, body } = this.#response;
    const text = fields.get("grpc-status");
    if (text === undefined && httpStatus !== 200)
      throw this.#rpcError("Unknown", `unexpected HTTP status code received from server: ${httpStatus}`);
    const code = Number(text ?? Number.NaN);
    const description = decodeMessage(fields.get("grpc-message") ?? "");
    if (Number.isNaN(code)) throw this.#rpcError("Internal", "server closed the stream without sending trailers");
    if (code === unimplemented)
      throw new ActionError(
        "Failed",
        `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${description}`,
      );
    if (code === deadlineExceeded) throw this.#timeout();
    if (code !== 0) throw this.#rpcError(grpcCodes[code] ?? `Code(${code})`, description);
    const sizeBytes = body.length < 5 ? -1 : body.readUInt32BE(1);
    if (body[0] !== 0 || sizeBytes !== body.length - 5) throw this.#rpcError("Internal", "malformed message");
    let status: number;
    try {
      ({ status } = checkResponse.decode(body.subarray(5)));
    } catch (error) {
      throw this.#rpcError("Internal", "grpc: failed to unmarshal the received message", error);
    }
    return servingStatuses[status] ?? String(status);
  }

  #timeout(): ActionError {
    const after = duration(this.#timeoutMs ?? 0);
    return new ActionError(
      "Timeout",
      this.#response.isReady
        ? `timeout: health rpc did not complete within ${after}`
        : `timeout: failed to connect service ${JSON.stringify(joinHostPort(this.#target))} within ${after}: context deadline exceeded`,
    );
  }

  #broken(error: unknown): ActionError {
    const { isReady } = this.#response;
    if (error instanceof StreamFailure && isReady) return this.#rpcError(error.rpcCode, error.message, error);
    if (isReady) return this.#rpcError("Unavailable", brokenFailure(error).message, error);
    const where = JSON.stringify(joinHostPort(this.#target));
    const { message } = error instanceof ActionError ? error : dialFailure(this.#target, error);
    return new ActionError("Failed", `error: failed to connect service at ${where}: ${message}`, { cause: error });
  }

  #rpcError(code: string, description: string, cause?: unknown): ActionError {
    const message = `error: health rpc probe failed: rpc error: code = ${code} desc = ${description.slice(0, 1024)}`;
    return new ActionError("Failed", message, { cause });
  }
}

/** A message with gRPC's head: not compressed, and its length. */
function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** `grpc-message` is percent-encoded; what is encoded badly stands as it is. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function duration(durationMs: number): string {
  return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}

/** Everything a client has to say, at once: preface, settings, and the request. */
function requestBytes({ host, port, userAgent }: GrpcTarget, timeoutMs: number | undefined, message: Buffer): Buffer {
  const fields = [
    indexedFields.methodPost,
    indexedFields.schemeHttp,
    encodeLiteral(nameIndexes.path, "/grpc.health.v1.Health/Check"),
    encodeLiteral(nameIndexes.authority, joinHostPort({ host, port })),
    encodeLiteral(nameIndexes.contentType, "application/grpc"),
    encodeLiteral(nameIndexes.userAgent, userAgent),
    encodeLiteral("te", "trailers"),
    ...(timeoutMs === undefined ? [] : [encodeLiteral("grpc-timeout", `${Math.ceil(timeoutMs)}m`)]),
  ];
  const { endHeaders, endStream } = frameFlags;
  const request = { streamId: 1, payload: Buffer.concat(fields), flags: endHeaders };
  return Buffer.concat([
    preface,
    encodeFrame({ type: frameTypes.headers, ...request }),
    encodeFrame({ type: frameTypes.data, ...request, flags: endStream, payload: message }),
  ]);
}
