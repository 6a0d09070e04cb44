import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { enumField, stringField, wireMessage } from "@wherry/rpc/ttrpc";
import { ActionError } from "../errors.ts";
import type { ActionOptions, GrpcTarget } from "./container-actions.ts";
import { dialFailure, joinHostPort } from "./dial.ts";

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

/**
 * Asks `grpc.health.v1.Health/Check` over HTTP/2 without TLS, on a connection of its own.
 *
 * Written on `node:http2`, because one message of one field needs no gRPC library.
 */
export function grpcHealth(target: GrpcTarget, { timeoutMs, signal }: ActionOptions): Promise<string> {
  const call = new HealthCall(target, timeoutMs);
  return call.run(signal);
}

class HealthCall {
  readonly #target: GrpcTarget;
  readonly #timeoutMs: number | undefined;
  readonly #settled: PromiseWithResolvers<string> = Promise.withResolvers();
  readonly #session: ClientHttp2Session;
  #connected = false;
  #received: Buffer = Buffer.alloc(0);
  #status: string | undefined;
  #statusMessage = "";

  constructor(target: GrpcTarget, timeoutMs: number | undefined) {
    this.#target = target;
    this.#timeoutMs = timeoutMs;
    this.#session = connect(`http://${joinHostPort(target)}`);
  }

  async run(signal: AbortSignal): Promise<string> {
    const onAbort = () => this.#settled.reject(this.#timeout());
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      this.#session.on("error", (error) => this.#settled.reject(this.#broken(error)));
      this.#session.once("close", () => this.#settled.reject(this.#broken(new Error("EOF"))));
      this.#session.once("remoteSettings", () => {
        this.#connected = true;
      });
      this.#request();
      return await this.#settled.promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#session.destroy();
    }
  }

  #request(): void {
    const { service, userAgent } = this.#target;
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: "/grpc.health.v1.Health/Check",
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      [constants.HTTP2_HEADER_USER_AGENT]: userAgent,
      [constants.HTTP2_HEADER_TE]: "trailers",
      ...(this.#timeoutMs !== undefined && { "grpc-timeout": `${Math.ceil(this.#timeoutMs)}m` }),
    });
    this.#listen(stream);
    stream.end(frame(checkRequest.encode({ service })));
  }

  #listen(stream: ClientHttp2Stream): void {
    const takeStatus = (headers: Readonly<Record<string, unknown>>) => {
      if (headers["grpc-status"] === undefined) return;
      this.#status = String(headers["grpc-status"]);
      this.#statusMessage = decodeMessage(String(headers["grpc-message"] ?? ""));
    };
    stream.on("error", (error) => this.#settled.reject(this.#broken(error)));
    stream.once("response", (headers) => {
      takeStatus(headers);
      const status = Number(headers[constants.HTTP2_HEADER_STATUS]);
      if (status !== 200 && this.#status === undefined)
        this.#settled.reject(this.#rpcError("Unknown", `unexpected HTTP status code received from server: ${status}`));
    });
    stream.once("trailers", takeStatus);
    stream.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > maxResponseBytes)
        this.#settled.reject(
          this.#rpcError("ResourceExhausted", `received message larger than max (${maxResponseBytes})`),
        );
    });
    stream.once("end", () => this.#finish());
  }

  #finish(): void {
    try {
      this.#settled.resolve(this.#answer());
    } catch (error) {
      this.#settled.reject(error);
    }
  }

  #answer(): string {
    const code = Number(this.#status ?? Number.NaN);
    if (Number.isNaN(code)) throw this.#rpcError("Internal", "server closed the stream without sending trailers");
    if (code === unimplemented)
      throw new ActionError(
        "Failed",
        `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${this.#statusMessage}`,
      );
    if (code === deadlineExceeded) throw this.#timeout();
    if (code !== 0) throw this.#rpcError(grpcCodes[code] ?? `Code(${code})`, this.#statusMessage);
    const sizeBytes = this.#received.length < 5 ? -1 : this.#received.readUInt32BE(1);
    if (this.#received[0] !== 0 || sizeBytes !== this.#received.length - 5)
      throw this.#rpcError("Internal", "malformed message");
    let status: number;
    try {
      ({ status } = checkResponse.decode(this.#received.subarray(5)));
    } catch (error) {
      throw this.#rpcError("Internal", "grpc: failed to unmarshal the received message", error);
    }
    return servingStatuses[status] ?? String(status);
  }

  #timeout(): ActionError {
    const after = duration(this.#timeoutMs ?? 0);
    return new ActionError(
      "Timeout",
      this.#connected
        ? `timeout: health rpc did not complete within ${after}`
        : `timeout: failed to connect service ${JSON.stringify(joinHostPort(this.#target))} within ${after}: context deadline exceeded`,
    );
  }

  #broken(reported: Error): ActionError {
    // A stream that ends with its session says so, and only then why.
    const error = reported.cause instanceof Error ? reported.cause : reported;
    if (this.#connected) return this.#rpcError("Unavailable", error.message, error);
    const where = JSON.stringify(joinHostPort(this.#target));
    const { message } = dialFailure(this.#target, error);
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
