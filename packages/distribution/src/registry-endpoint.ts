import { errorCode } from "@wherry/base";
import type { ClientSettings } from "./client-settings.ts";
import { DistributionError } from "./errors.ts";
import { discard, type HttpMethod, type HttpResponse, type RequestBody } from "./http-transport.ts";
import { sendWithRetry } from "./retry.ts";
import { isNotTls } from "./transport-error.ts";

/** Where a registry's API is served. */
export interface EndpointAddress {
  /** The name of the registry in messages and for credentials. */
  readonly registry: string;
  /** Host and port to connect to. */
  readonly host: string;
  /** Path of the API with a slash at both ends. */
  readonly apiPath: string;
  /** `probe` tries TLS first and falls back to plain HTTP when the other side does not speak it. */
  readonly scheme: "https" | "http" | "probe";
  /** The registry a mirror stands for, sent as the query parameter `ns` as containerd does. */
  readonly mirrorOf?: string;
}

export interface EndpointRequest {
  readonly method: HttpMethod;
  /** Path below the API's root, or a complete URL that the registry handed out. */
  readonly target: string | URL;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly authorization?: string | undefined;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

const maxRedirects = 10;

/** Sends requests to one registry: finds its scheme, follows redirects, tries again what may succeed later. */
export class RegistryEndpoint {
  readonly address: EndpointAddress;
  readonly #settings: ClientSettings;
  #scheme: "https" | "http";
  #settled: boolean;

  constructor(address: EndpointAddress, settings: ClientSettings) {
    this.address = address;
    this.#settings = settings;
    this.#scheme = address.scheme === "http" ? "http" : "https";
    this.#settled = address.scheme !== "probe";
  }

  /** Whether requests go unencrypted. */
  get isPlain(): boolean {
    return this.#scheme === "http";
  }

  /** Whether `url` is on this endpoint, so that its credentials may be sent there. */
  isOwn(url: URL): boolean {
    return url.origin === new URL(`${this.#scheme}://${this.address.host}`).origin;
  }

  /**
   * Answers with the final response, whatever its status, after redirects and retries.
   *
   * Credentials go to this endpoint's origin only, never along a redirect to another one.
   */
  send(request: EndpointRequest): Promise<HttpResponse> {
    const { clock, random, retry, logger } = this.#settings;
    const { registry } = this.address;
    return sendWithRetry(() => this.#follow(request), {
      clock,
      random,
      retry,
      signal: request.signal,
      onRetry: (delayMs) => logger.debug("Registry request is tried again", { registry, delayMs }),
    });
  }

  async #follow(request: EndpointRequest): Promise<HttpResponse> {
    let response = await this.#sendFirst(request);
    let { method, body } = request;
    let authorization = this.isOwn(response.url) ? request.authorization : undefined;
    for (let redirects = 0; ; redirects++) {
      const { status, headers, url: from } = response;
      if (![301, 302, 303, 307, 308].includes(status) || headers.location === undefined) return response;
      const keepsMethod = method === "GET" || method === "HEAD" || status === 307 || status === 308;
      await discard(response);
      if (redirects === maxRedirects) throw this.#refusal(`redirects more than ${maxRedirects} times`);
      const url = this.#redirectTarget(headers.location, from);
      if (url.origin !== from.origin) authorization = undefined;
      if (!keepsMethod) [method, body] = ["GET", undefined];
      response = await this.#settings.transport.send({
        method,
        url,
        headers: withAuthorization(request.headers, authorization),
        body,
        signal: request.signal,
        tls: this.#settings.tlsFor(url.host),
      });
    }
  }

  async #sendFirst(request: EndpointRequest): Promise<HttpResponse> {
    const { transport } = this.#settings;
    for (;;) {
      const url = this.url(request.target, request.query);
      const own = this.isOwn(url);
      try {
        const response = await transport.send({
          method: request.method,
          url,
          headers: withAuthorization(request.headers, own ? request.authorization : undefined),
          body: request.body,
          signal: request.signal,
          tls: this.#settings.tlsFor(own ? this.address.host : url.host),
        });
        if (own) this.#settled = true;
        return response;
      } catch (error) {
        if (url.protocol !== "https:" || !own || !mayBePlainServer(error)) throw error;
        // Another request that was sent at the same time may have found out already.
        if (this.#settled && this.#scheme === "https") throw error;
        this.#scheme = "http";
        this.#settled = true;
      }
    }
  }

  /** The URL of a path below the API's root, or of a location the registry handed out. */
  url(target: string | URL, query: Readonly<Record<string, string>> = {}): URL {
    const { host, apiPath, mirrorOf } = this.address;
    const url = new URL(typeof target === "string" ? `${this.#scheme}://${host}${apiPath}${target}` : target);
    // Registries behind a proxy that ends TLS hand out plain URLs of themselves.
    if (url.protocol === "http:" && this.#scheme === "https" && url.hostname === new URL(`https://${host}`).hostname) {
      if (url.host === host || url.port === "") url.href = url.href.replace(/^http:/, "https:");
    }
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    if (mirrorOf !== undefined && typeof target === "string") url.searchParams.set("ns", mirrorOf);
    return url;
  }

  /** Reads a `Location`; throws `DistributionError` for one that must not be followed. */
  #redirectTarget(location: string, from: URL): URL {
    if (!URL.canParse(location, from)) throw this.#refusal("redirects to an invalid URL");
    const url = new URL(location, from);
    url.username = "";
    url.password = "";
    if (url.protocol === "https:") return url;
    if (url.protocol !== "http:") throw this.#refusal(`redirects to a ${url.protocol} URL`);
    if (from.protocol === "https:" && !this.#settings.mayBePlain(url.host))
      throw this.#refusal(`redirects from https to plain http on ${url.host}, which is not listed as insecure`);
    return url;
  }

  #refusal(problem: string): DistributionError {
    const { registry } = this.address;
    return new DistributionError("InvalidResponse", `registry "${registry}" ${problem}`, { registry });
  }
}

function withAuthorization(
  headers: Readonly<Record<string, string>> | undefined,
  authorization: string | undefined,
): Record<string, string> {
  return { ...headers, ...(authorization === undefined ? {} : { authorization }) };
}

function mayBePlainServer(error: unknown): boolean {
  if (isNotTls(error)) return true;
  return error instanceof DistributionError && errorCode(error.cause) === "ECONNRESET";
}
