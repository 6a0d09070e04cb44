import { raceAbort } from "@wherry/base";
import { answerError } from "./answer-error.ts";
import { basicAuthorization, type Credential, credentialKey } from "./credentials.ts";
import { DistributionError } from "./errors.ts";
import { type HttpResponse, type HttpTransport, readBounded, type TlsPolicy } from "./http-transport.ts";
import { type RetryContext, sendWithRetry } from "./retry.ts";

/** What a bearer token is asked for. */
export interface TokenRequest {
  /** URL of the token server, from the challenge. */
  readonly realm: URL;
  readonly service: string | undefined;
  /** Sorted scopes: `repository:library/nginx:pull`. */
  readonly scopes: readonly string[];
  readonly credential: Credential;
  readonly tls: TlsPolicy;
  readonly signal?: AbortSignal | undefined;
}

interface CachedToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

const maxAnswerBytes = 128 * 1024;
const maxCached = 1000;
/** Lifetime of a token whose server names none (distribution's token specification). */
const defaultLifetimeMs = 60_000;
/** A token is not used for so long before its end, so that it lasts for the request. */
const marginMs = 10_000;

/**
 * Gets and keeps bearer tokens by server, service, scopes and credential.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/ and .../auth/oauth/
 */
export class TokenSource {
  readonly #transport: HttpTransport;
  readonly #retry: RetryContext;
  readonly #clientId: string;
  readonly #tokens: Map<string, CachedToken> = new Map();
  readonly #pending: Map<string, Promise<string>> = new Map();
  /** Refresh tokens that a server replaced, by the credential they came from. */
  readonly #rotated: Map<string, string> = new Map();

  constructor(transport: HttpTransport, retry: RetryContext, clientId: string) {
    this.#transport = transport;
    this.#retry = retry;
    this.#clientId = clientId;
  }

  /** A kept token that is still good, without asking anybody. */
  cached(request: TokenRequest): string | undefined {
    const cached = this.#tokens.get(tokenKey(request));
    return cached !== undefined && cached.expiresAtMs > this.#retry.clock.now() ? cached.token : undefined;
  }

  /**
   * A token; asks the server when none is kept or the kept one is `rejected`. Equal requests at the same time ask once.
   *
   * Throws `DistributionError`: `Unauthorized` where the server refuses the credential.
   */
  async get(request: TokenRequest, rejected?: string): Promise<string> {
    const key = tokenKey(request);
    const cached = this.cached(request);
    if (cached !== undefined && cached !== rejected) return cached;
    if (cached !== undefined) this.#tokens.delete(key);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#fetch(request, key).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return raceAbort(pending, request.signal);
  }

  async #fetch(request: TokenRequest, key: string): Promise<string> {
    // Without the signal of whoever came first: others wait for the same token.
    const response = await sendWithRetry(() => this.#ask(request), this.#retry);
    const registry = request.realm.host;
    if (response.status !== 200) throw await answerError(response, registry, this.#retry.clock.now());
    const answer = readAnswer(await readBounded(response, maxAnswerBytes, "A token answer"), registry);
    if (answer.refreshToken !== undefined && request.credential.kind === "identity-token")
      remember(this.#rotated, credentialKey(request.credential), answer.refreshToken);
    const lifetimeMs = Math.max(0, (answer.lifetimeMs ?? defaultLifetimeMs) - marginMs);
    remember(this.#tokens, key, { token: answer.token, expiresAtMs: this.#retry.clock.now() + lifetimeMs });
    return answer.token;
  }

  #ask({ realm, service, scopes, credential, tls }: TokenRequest): Promise<HttpResponse> {
    if (credential.kind === "identity-token") {
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: this.#rotated.get(credentialKey(credential)) ?? credential.identityToken,
        client_id: this.#clientId,
        ...(service === undefined ? {} : { service }),
        ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
      });
      const bytes = Buffer.from(form.toString());
      return this.#transport.send({
        method: "POST",
        url: realm,
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
        body: { sizeBytes: bytes.length, open: () => bytes },
        tls,
      });
    }
    const url = new URL(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    for (const scope of scopes) url.searchParams.append("scope", scope);
    const headers: Record<string, string> = { accept: "application/json" };
    if (credential.kind === "basic") {
      url.searchParams.set("account", credential.username);
      headers["authorization"] = basicAuthorization(credential.username, credential.password);
    }
    return this.#transport.send({ method: "GET", url, headers, tls });
  }
}

function tokenKey({ realm, service, scopes, credential }: TokenRequest): string {
  return JSON.stringify([realm.href, service ?? null, scopes, credentialKey(credential)]);
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxCached) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

interface TokenAnswer {
  readonly token: string;
  readonly lifetimeMs: number | undefined;
  readonly refreshToken: string | undefined;
}

function readAnswer(body: Buffer, registry: string): TokenAnswer {
  const invalid = (problem: string) =>
    new DistributionError("InvalidResponse", `token server "${registry}" sent ${problem}`, { registry });
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    // The parser's message would quote the answer, which may hold a token.
    throw invalid("an answer that is no JSON");
  }
  const { token, access_token, expires_in, refresh_token } = (answer ?? {}) as Record<string, unknown>;
  // Both names are in use; where both are there they are the same.
  const bearer = typeof token === "string" && token !== "" ? token : access_token;
  if (typeof bearer !== "string" || bearer === "") throw invalid("an answer without a token");
  if (!/^[\x21-\x7e]+$/.test(bearer)) throw invalid("a token with characters a header cannot carry");
  return {
    token: bearer,
    lifetimeMs: typeof expires_in === "number" && expires_in > 0 ? expires_in * 1000 : undefined,
    refreshToken: typeof refresh_token === "string" && refresh_token !== "" ? refresh_token : undefined,
  };
}
