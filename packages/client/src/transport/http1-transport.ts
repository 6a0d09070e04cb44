import { type ClientRequest, Agent as HttpAgent, type RequestOptions, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";

import { abortReason } from "@wherry/base";

import { TransportError } from "../errors.ts";
import { identityOptions, type TlsTarget } from "./dial.ts";
import type { TlsIdentity, Transport, TransportRequest, TransportResponse } from "./transport.ts";

export interface Http1TransportOptions {
  readonly target: TlsTarget;
  /** Speaks plain HTTP. @default false */
  readonly plain?: boolean;
  readonly identity?: TlsIdentity | undefined;
}

const maxSockets = 256;

/** HTTP/1.1 with kept-alive connections, one request at a time on each: for plain servers and those without HTTP/2. */
export class Http1Transport implements Transport {
  readonly #options: Http1TransportOptions;
  #agent: HttpAgent;
  #identity: TlsIdentity | undefined;
  #closed = false;

  constructor(options: Http1TransportOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#agent = this.#createAgent();
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    const { signal } = request;
    if (this.#closed)
      return Promise.reject(new TransportError("closed", "Cannot send the request: the client is closed"));
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    return new Promise((resolve, reject) => {
      const { target, plain } = this.#options;
      const options: RequestOptions = {
        host: target.host,
        port: target.port,
        method: request.method,
        path: request.path,
        headers: requestHeaders(request),
        agent: this.#agent,
      };
      const outgoing = plain ? requestHttp(options) : requestHttps(options);
      follow(outgoing, `${target.host}:${target.port}`, signal, resolve, reject);
      outgoing.end(request.body);
    });
  }

  useIdentity(identity: TlsIdentity | undefined): void {
    if (identity?.certificate === this.#identity?.certificate && identity?.key === this.#identity?.key) return;
    this.#identity = identity;
    // Sockets in use belong to the old agent and go when their answer has ended.
    this.#agent = this.#createAgent();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#agent.destroy();
    return Promise.resolve();
  }

  #createAgent(): HttpAgent {
    const options = { keepAlive: true, maxSockets, noDelay: true };
    if (this.#options.plain) return new HttpAgent(options);
    return new HttpsAgent({ ...options, ...identityOptions(this.#options.target, this.#identity) });
  }
}

function requestHeaders(request: TransportRequest): Record<string, string | string[]> {
  const headers = { ...(request.headers as Record<string, string | string[]>) };
  if (request.body !== undefined) headers["content-length"] = String(Buffer.byteLength(request.body));
  return headers;
}

function follow(
  outgoing: ClientRequest,
  address: string,
  signal: AbortSignal | undefined,
  resolve: (response: TransportResponse) => void,
  reject: (error: Error) => void,
): void {
  const onAbort = () => outgoing.destroy(abortReason(signal));
  let connected = false;
  signal?.addEventListener("abort", onAbort, { once: true });
  outgoing.once("socket", (socket) => {
    if (!socket.connecting) connected = true;
    else
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
        connected = true;
      });
  });
  outgoing.on("error", (error) => {
    if (signal?.aborted) reject(abortReason(signal));
    else if (!connected) reject(new TransportError("dial", `Cannot connect to ${address}`, { cause: error }));
    else reject(new TransportError("connection", "Cannot get an answer: connection lost", { cause: error }));
  });
  outgoing.once("response", (incoming) => {
    // Aborting destroys the request, which destroys the answer without the reason.
    const onBodyAbort = () => incoming.destroy(abortReason(signal));
    signal?.removeEventListener("abort", onAbort);
    signal?.addEventListener("abort", onBodyAbort, { once: true });
    incoming.once("close", () => signal?.removeEventListener("abort", onBodyAbort));
    resolve({
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: incoming,
      complete: () => incoming.complete,
      cancel: () => void incoming.destroy(),
    });
  });
  outgoing.once("close", () => {
    signal?.removeEventListener("abort", onAbort);
    reject(new TransportError("connection", "Cannot get an answer: connection lost"));
  });
}
