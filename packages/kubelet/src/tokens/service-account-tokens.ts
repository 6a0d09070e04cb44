import { type Clock, errorMessage, type Logger, raceAbort, systemClock } from "@wherry/base";
import type { Pod } from "@wherry/kubernetes";
import { retryLag } from "../objects/retry-lag.ts";
import { createTokenRequest, type TokenRequest } from "./token-request.ts";

/** Asks the API server for a token of a service account; `clientTokenSource` is the one over a client. */
export type TokenSource = (
  namespace: string,
  serviceAccount: string,
  request: TokenRequest,
  options: { readonly signal?: AbortSignal | undefined },
) => Promise<TokenRequest>;

export interface TokenOptions {
  /** Empty or missing: the API server's own. */
  readonly audience?: string | undefined;
  /** @default 3600 */
  readonly expirationSeconds?: number | undefined;
  /** Of the service account, where a token of another of the same name would be wrong. @default any */
  readonly serviceAccountUid?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Tokens of service accounts, bound to pods. */
export interface ServiceAccountTokens {
  /** A token of the pod's service account that is good for a while; from the cache while it is. Never logged. */
  token(pod: Pod, options?: TokenOptions): Promise<string>;
  /** Drops the tokens of a pod that is gone; the API server revokes them with the pod. Idempotent. */
  forgetPod(podUid: string): void;
}

export interface CachingServiceAccountTokensOptions {
  readonly source: TokenSource;
  readonly logger: Logger;
  /** @default systemClock */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: () => number;
}

interface CachedToken {
  token: string;
  issuedAtMs: number;
  expiresAtMs: number;
}

const defaultExpirationSeconds = 3600;
const maxAgeMs = 24 * 3600 * 1000;
const maxJitterMs = 10_000;
/** Part of the lifetime after which a token is replaced. */
const refreshAt = 0.8;

/**
 * Service account tokens by TokenRequest, cached by pod, service account with its UID, audience and lifetime.
 *
 * A token is asked for anew when 80 % of its lifetime or 24 hours have passed, up to 10 s earlier at random. While that fails
 * the old token is served until it expires. Callers of one token share one request.
 */
export class CachingServiceAccountTokens implements ServiceAccountTokens {
  readonly #options: Required<CachingServiceAccountTokensOptions>;
  readonly #cache: Map<string, Map<string, CachedToken>> = new Map();
  readonly #requests: Map<string, Promise<CachedToken>> = new Map();

  constructor(options: CachingServiceAccountTokensOptions) {
    this.#options = { clock: systemClock, random: Math.random, ...options };
  }

  async token(pod: Pod, options: TokenOptions = {}): Promise<string> {
    const uid = pod.metadata?.uid ?? "";
    const { audience = "", expirationSeconds = defaultExpirationSeconds, serviceAccountUid = "", signal } = options;
    const account = pod.spec?.serviceAccountName || "default";
    const key = JSON.stringify([account, serviceAccountUid, audience, expirationSeconds]);
    const cached = this.#cache.get(uid)?.get(key);
    const nowMs = this.#options.clock.now();
    if (cached !== undefined && !this.#isDue(cached, nowMs)) return cached.token;
    try {
      const request = createTokenRequest(pod, audience, expirationSeconds, serviceAccountUid);
      return (await raceAbort(this.#request(pod, uid, key, request), signal)).token;
    } catch (error) {
      if (signal?.aborted || cached === undefined || cached.expiresAtMs <= nowMs) throw error;
      this.#options.logger.warn("Cannot refresh a service account token; the old one stays until it expires", {
        namespace: pod.metadata?.namespace,
        pod: pod.metadata?.name,
        expiresAt: new Date(cached.expiresAtMs).toISOString(),
        error: errorMessage(error),
      });
      return cached.token;
    }
  }

  forgetPod(podUid: string): void {
    this.#cache.delete(podUid);
    for (const id of this.#requests.keys()) if (id.startsWith(`${podUid} `)) this.#requests.delete(id);
  }

  #isDue(token: CachedToken, nowMs: number): boolean {
    const jitterMs = this.#options.random() * maxJitterMs;
    const lifetimeMs = token.expiresAtMs - token.issuedAtMs;
    return nowMs + jitterMs >= token.issuedAtMs + Math.min(maxAgeMs, lifetimeMs * refreshAt);
  }

  #request(pod: Pod, uid: string, key: string, body: TokenRequest): Promise<CachedToken> {
    const id = `${uid} ${key}`;
    const underWay = this.#requests.get(id);
    if (underWay !== undefined) return underWay;
    const request = this.#fetch(pod, body).then(
      (token) => {
        // Not for a pod that was forgotten meanwhile.
        if (this.#requests.get(id) === request) this.#keep(uid, key, token);
        this.#finish(id, request);
        return token;
      },
      (error: unknown) => {
        this.#finish(id, request);
        throw error;
      },
    );
    this.#requests.set(id, request);
    return request;
  }

  #finish(id: string, request: Promise<CachedToken>): void {
    if (this.#requests.get(id) === request) this.#requests.delete(id);
  }

  async #fetch(pod: Pod, request: TokenRequest): Promise<CachedToken> {
    const { source, clock } = this.#options;
    const namespace = pod.metadata?.namespace ?? "default";
    const account = pod.spec?.serviceAccountName || "default";
    const answer = await retryLag(() => source(namespace, account, request, {}), clock, undefined);
    const token = answer.status?.token;
    const expiresAtMs = Date.parse(answer.status?.expirationTimestamp ?? "");
    if (!token || Number.isNaN(expiresAtMs))
      throw new TypeError(`API server answered no token for service account "${namespace}/${account}"`);
    // The server may have granted another lifetime than asked for.
    const lifetimeMs =
      (answer.spec.expirationSeconds ?? request.spec.expirationSeconds ?? defaultExpirationSeconds) * 1000;
    return { token, expiresAtMs, issuedAtMs: expiresAtMs - lifetimeMs };
  }

  #keep(uid: string, key: string, token: CachedToken): void {
    let tokens = this.#cache.get(uid);
    if (tokens === undefined) {
      tokens = new Map();
      this.#cache.set(uid, tokens);
    }
    tokens.set(key, token);
  }
}
