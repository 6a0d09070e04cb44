import * as http from "node:http";
import * as https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getCACertificates } from "node:tls";
import { abortReason } from "@wherry/base";
import { DistributionError } from "./errors.ts";
import { transportError } from "./transport-error.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A request body that can be sent again. */
export interface RequestBody {
  readonly sizeBytes: number;
  open(): Uint8Array | AsyncIterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsPolicy | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Ends early with an error when the connection breaks. Must be read to its end or destroyed. */
  readonly body: Readable;
  readonly url: URL;
  /** The request's. */
  readonly signal: AbortSignal | undefined;
}

/** How the other side's certificate is checked and what is shown to it. */
export interface TlsPolicy {
  /** Take any certificate. @default false */
  readonly skipVerify?: boolean | undefined;
  /** PEM certificates to trust besides the usual ones. */
  readonly ca?: string | undefined;
  /** PEM client certificate and key. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
}

export interface HttpTransportOptions {
  readonly userAgent: string;
  /** A connection on which nothing moves for so long is given up. */
  readonly idleTimeoutMs: number;
  readonly maxConnectionsPerHost: number;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either case; none by default. */
  readonly proxyEnvironment?: Readonly<Record<string, string>> | undefined;
}

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

const maxDetachedBytes = 64 * 1024;

/** Single HTTP exchanges over kept connections: no redirects, no retries, no authentication. */
export class HttpTransport {
  readonly #options: HttpTransportOptions;
  readonly #agents: Map<string, Agents> = new Map();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  /**
   * Sends a request and answers as soon as the response's headers are there, whatever its status.
   *
   * Throws `DistributionError` of code `RegistryUnknown`, `RegistryUnreachable` or `TlsFailure`, or the signal's reason.
   */
  send(request: HttpRequest): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const { signal, url } = request;
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    const agents = this.#agentsFor(request.tls ?? {});
    const secure = url.protocol === "https:";
    const outgoing = (secure ? https : http).request(url, {
      method: request.method,
      headers: { "user-agent": this.#options.userAgent, ...request.headers, ...bodyHeaders(request) },
      agent: secure ? agents.https : agents.http,
      ...(signal === undefined ? {} : { signal }),
      maxHeaderSize: 64 * 1024,
    });
    outgoing.setTimeout(this.#options.idleTimeoutMs, () =>
      outgoing.destroy(Object.assign(new Error("the connection timed out"), { code: "ETIMEDOUT" })),
    );
    outgoing.on("error", (error) => {
      if (signal?.aborted) reject(abortReason(signal));
      else reject(transportError(error, url));
    });
    outgoing.on("response", (body) => {
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url, signal });
    });
    sendBody(outgoing, request.body, reject);
    return promise;
  }

  /** Closes the kept connections. */
  close(): void {
    for (const agents of this.#agents.values()) {
      agents.http.destroy();
      agents.https.destroy();
    }
    this.#agents.clear();
  }

  #agentsFor(policy: TlsPolicy): Agents {
    const key = JSON.stringify([policy.skipVerify ?? false, policy.ca, policy.clientCertificate]);
    let agents = this.#agents.get(key);
    if (agents === undefined) {
      agents = this.#createAgents(policy);
      this.#agents.set(key, agents);
    }
    return agents;
  }

  #createAgents(policy: TlsPolicy): Agents {
    const { maxConnectionsPerHost, proxyEnvironment } = this.#options;
    const common = {
      keepAlive: true,
      maxSockets: maxConnectionsPerHost,
      maxFreeSockets: maxConnectionsPerHost,
      scheduling: "lifo" as const,
      ...(proxyEnvironment === undefined ? {} : { proxyEnv: proxyEnvironment }),
    };
    const client = policy.clientCertificate;
    return {
      http: new http.Agent(common),
      https: new https.Agent({
        ...common,
        rejectUnauthorized: policy.skipVerify !== true,
        ...(policy.ca === undefined ? {} : { ca: [...getCACertificates("default"), policy.ca] }),
        ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
      }),
    };
  }
}

function bodyHeaders({ method, body }: HttpRequest): Record<string, string> {
  if (body !== undefined) return { "content-length": String(body.sizeBytes) };
  return method === "POST" || method === "PUT" || method === "PATCH" ? { "content-length": "0" } : {};
}

function sendBody(outgoing: http.ClientRequest, body: RequestBody | undefined, reject: (error: unknown) => void): void {
  if (body === undefined) {
    outgoing.end();
    return;
  }
  const content = body.open();
  if (content instanceof Uint8Array) {
    outgoing.end(content);
    return;
  }
  const source = Readable.from(checkSize(content, body.sizeBytes));
  // A failure of the source itself must not look like one of the network; the request's own failures arrive as its "error".
  source.on("error", (error) => reject(error));
  pipeline(source, outgoing).catch(() => undefined);
}

async function* checkSize(content: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of content) {
    sent += chunk.length;
    if (sent > sizeBytes) break;
    yield chunk;
  }
  if (sent !== sizeBytes)
    throw new DistributionError("SizeMismatch", `The content to send has ${sent} bytes instead of ${sizeBytes}`);
}

/** Reads a small answer; throws `DistributionError` of code `TooLarge` past `maxBytes`. */
export async function readBounded(response: HttpResponse, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const announced = Number(response.headers["content-length"] ?? 0);
  const tooLarge = () => {
    response.body.destroy();
    return new DistributionError("TooLarge", `${what} from ${response.url.host} is larger than ${maxBytes} bytes`, {
      registry: response.url.host,
    });
  };
  if (announced > maxBytes) throw tooLarge();
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw bodyError(error, response);
  }
  return Buffer.concat(chunks, sizeBytes);
}

/** What reading a body threw, as a `DistributionError` or the signal's reason. */
export function bodyError(error: unknown, { signal, url }: HttpResponse): unknown {
  return signal?.aborted ? abortReason(signal) : transportError(error, url);
}

/** The same response with its short body in memory, so that its connection is free for other requests. */
export async function detach(response: HttpResponse): Promise<HttpResponse> {
  const bytes = await readBounded(response, maxDetachedBytes, "An answer").catch(() => Buffer.alloc(0));
  response.body.destroy();
  return { ...response, body: Readable.from([bytes]) };
}

/** Throws a body away, reading a short one so that the connection can be used again. */
export async function discard(response: HttpResponse): Promise<void> {
  try {
    await readBounded(response, maxDetachedBytes, "An answer");
  } catch {
    response.body.destroy();
  }
}
