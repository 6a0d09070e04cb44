import type { IncomingHttpHeaders } from "node:http";

import { abortReason, type Clock, type Logger } from "@wherry/base";

import { apiErrorFrom, isTooLargeResourceVersion, isTransportError, TransportError } from "../errors.ts";
import type { CredentialSource } from "../kubeconfig/cluster-config.ts";
import { readBody } from "./read-body.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { TokenBucket } from "./token-bucket.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

export interface RestClientOptions {
  readonly transport: Transport;
  readonly credentials: CredentialSource;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Put before every path. */
  readonly pathPrefix: string;
  readonly rateLimit: TokenBucket | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Largest answer of a request that is not long-running. */
  readonly maxResponseBytes: number;
  /** Time a request that is not long-running may take, waits included. */
  readonly requestTimeoutMs: number;
}

export interface RestRequest extends TransportRequest {
  /** What is attempted, for error messages: `get pods "a/b"`. */
  readonly action: string;
  readonly maxResponseBytes?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** Gives answers of any status to the caller. @default false */
  readonly anyStatus?: boolean | undefined;
}

export interface RestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

// As many as client-go makes.
const maxRetries = 10;
const maxConnectionRetries = 3;
const maxErrorBytes = 1024 * 1024;

/**
 * Sends requests to an API server: adds credentials, limits the rate, and repeats what is safe to repeat.
 *
 * Repeated are: what the server asks for with Retry-After (429 and 5xx), what was certainly not processed, GET whose
 * connection was lost, and once whatever got 401 if the credentials could be refreshed.
 */
export class RestClient {
  readonly #options: RestClientOptions;

  constructor(options: RestClientOptions) {
    this.#options = options;
  }

  /** Sends `request` and reads the whole answer; throws `ApiError` for a status of 400 and above. */
  async send(request: RestRequest): Promise<RestResponse> {
    const timeoutMs = request.timeoutMs ?? this.#options.requestTimeoutMs;
    const maxBytes = request.maxResponseBytes ?? this.#options.maxResponseBytes;
    return this.#retrying(request, async () => {
      const deadline = new Deadline(request, timeoutMs, this.#options.clock);
      try {
        const response = await this.#try({ ...request, signal: deadline.signal });
        const body = await readBody(response, maxBytes, deadline.signal);
        return { status: response.status, headers: response.headers, body };
      } finally {
        deadline.dispose();
      }
    });
  }

  /** Sends `request` and gives the answer when its headers are there; throws `ApiError` for a status of 400 and above. */
  open(request: RestRequest): Promise<TransportResponse> {
    return this.#retrying(request, () => this.#try(request));
  }

  async #retrying<R>(request: RestRequest, attempt: () => Promise<R>): Promise<R> {
    for (let lost = 0; ; lost++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransportError(error) || lost >= maxConnectionRetries) throw error;
        const repeatable = error.kind === "unsent" || (error.kind === "connection" && request.method === "GET");
        // A watch resumes from what it has seen; only its owner knows where.
        if (!repeatable || (request.longRunning && error.kind !== "unsent")) throw error;
        this.#options.logger.debug("Repeating a request", { action: request.action, error: error.message });
      }
    }
  }

  /** One exchange, with the waits and repetitions the server asks for. */
  async #try(request: RestRequest): Promise<TransportResponse> {
    const { clock, rateLimit, credentials, transport, logger } = this.#options;
    let refreshed = false;
    for (let retries = 0; ; retries++) {
      const wait = rateLimit?.take(request.signal);
      if (wait !== undefined) await wait;
      const present = credentials.get(request.signal);
      const used = present instanceof Promise ? await present : present;
      transport.useIdentity(used.identity);
      const response = await transport.request(this.#complete(request, used.authorization));
      const { status } = response;
      if (status < 400) return response;
      if (status === 401 && !refreshed) {
        refreshed = true;
        if (await credentials.refresh(used, request.signal)) {
          await readBody(response, maxErrorBytes, request.signal);
          continue;
        }
      }
      const waitMs = status === 429 || status >= 500 ? retryAfterMs(response.headers, clock) : undefined;
      const last = waitMs === undefined || retries >= maxRetries || request.longRunning;
      if (request.anyStatus && last) return response;
      const body = await readBody(response, maxErrorBytes, request.signal);
      const error = apiErrorFrom(request.action, status, body.toString("utf8"), waitMs);
      // A version from the future has a remedy that is quicker than waiting, and only the caller knows it.
      if (last || isTooLargeResourceVersion(error)) throw error;
      logger.debug("Server asks to retry later", { action: request.action, status, waitMs });
      await clock.sleep(waitMs, request.signal);
    }
  }

  #complete(request: RestRequest, authorization: string | undefined): TransportRequest {
    const { headers, pathPrefix } = this.#options;
    return {
      method: request.method,
      path: pathPrefix + request.path,
      headers: { ...headers, ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      body: request.body,
      signal: request.signal,
      longRunning: request.longRunning,
    };
  }
}

/** The caller's signal and a time limit as one signal, cheaper than `AbortSignal.any` and on the given clock. */
class Deadline {
  readonly signal: AbortSignal;
  readonly dispose: () => void;

  constructor(request: RestRequest, timeoutMs: number, clock: Clock) {
    const controller = new AbortController();
    const parent = request.signal ?? undefined;
    const onAbort = () => controller.abort(abortReason(parent));
    const cancelTimer = clock.setTimer(timeoutMs, () =>
      controller.abort(new TransportError("timeout", `Cannot ${request.action}: no answer in ${timeoutMs} ms`)),
    );
    if (parent?.aborted) onAbort();
    else parent?.addEventListener("abort", onAbort, { once: true });
    this.signal = controller.signal;
    this.dispose = () => {
      cancelTimer();
      parent?.removeEventListener("abort", onAbort);
    };
  }
}
