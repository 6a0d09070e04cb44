import { type Challenge, parseChallenges } from "./challenge.ts";
import type { ClientSettings } from "./client-settings.ts";
import { basicAuthorization, type Credential, type CredentialProvider } from "./credentials.ts";
import { DistributionError } from "./errors.ts";
import { detach, type HttpResponse } from "./http-transport.ts";
import type { EndpointRequest, RegistryEndpoint } from "./registry-endpoint.ts";
import type { TokenRequest } from "./token-source.ts";

export interface SessionRequest extends EndpointRequest {
  /** Actions on the repository the request needs: `pull`, `pull,push`. */
  readonly actions: string;
  /** Further scopes, for mounting a blob from another repository. */
  readonly extraScopes?: readonly string[];
}

/**
 * Requests about one repository at one endpoint, with authentication: answers the endpoint's challenges with the candidates
 * in turn and remembers which one was taken.
 */
export class RegistrySession {
  readonly endpoint: RegistryEndpoint;
  readonly #repository: string;
  readonly #provider: CredentialProvider;
  readonly #settings: ClientSettings;
  #challenge: Challenge | undefined;
  #candidates: readonly Credential[] | undefined;
  #chosen = 0;

  constructor(endpoint: RegistryEndpoint, repository: string, provider: CredentialProvider, settings: ClientSettings) {
    this.endpoint = endpoint;
    this.#repository = repository;
    this.#provider = provider;
    this.#settings = settings;
  }

  /** Answers with the final response; 401 and 403 remain when no candidate was taken. */
  async send(request: SessionRequest): Promise<HttpResponse> {
    const first = this.#known(request);
    let response = await this.endpoint.send({ ...request, authorization: first });
    if (!this.#isRefusal(response, first !== undefined)) return response;
    const challenge = selectChallenge(response) ?? this.#challenge;
    if (challenge === undefined || !this.endpoint.isOwn(this.endpoint.url(request.target))) return response;
    this.#challenge = challenge;
    // Held connections could be all there are, and the token server may be reached through the same ones.
    response = await detach(response);
    const candidates = await this.#loadCandidates();
    let tokenFailure: DistributionError | undefined;
    for (let index = this.#chosen; index < candidates.length; index++) {
      const authorization = await this.#authorize(candidates[index], challenge, request, first).catch(
        (error: unknown) => {
          tokenFailure = asRefusal(error);
          return undefined;
        },
      );
      if (authorization === undefined) continue;
      response = await this.endpoint.send({ ...request, authorization });
      if (!this.#isRefusal(response, true)) {
        this.#chosen = index;
        return response;
      }
      response = await detach(response);
    }
    if (tokenFailure === undefined) return response;
    throw tokenFailure;
  }

  /**
   * Whether the registry did not take the credential. With one, 403 too may mean that another would do; a refusal by a host
   * the request was redirected to says nothing about our credentials.
   */
  #isRefusal(response: HttpResponse, authenticated: boolean): boolean {
    const refused = response.status === 401 || (authenticated && response.status === 403);
    return refused && this.endpoint.isOwn(response.url);
  }

  async #loadCandidates(): Promise<readonly Credential[]> {
    if (this.#candidates === undefined) {
      const found = await this.#provider(this.endpoint.address.registry, this.#repository);
      this.#candidates = found.length === 0 ? [{ kind: "anonymous" }] : found;
    }
    return this.#candidates;
  }

  /** The header to send without being asked, from what an earlier request learned. */
  #known(request: SessionRequest): string | undefined {
    const credential = this.#candidates?.[this.#chosen];
    if (this.#challenge === undefined || credential === undefined) return undefined;
    if (credential.kind === "registry-token") return `Bearer ${credential.registryToken}`;
    if (this.#challenge.scheme === "basic") return basicHeader(credential);
    const token = this.#settings.tokens.cached(this.#tokenRequest(credential, this.#challenge, request));
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  async #authorize(
    credential: Credential | undefined,
    challenge: Challenge,
    request: SessionRequest,
    rejected: string | undefined,
  ): Promise<string | undefined> {
    if (credential === undefined) return undefined;
    if (credential.kind === "registry-token") return unless(rejected, `Bearer ${credential.registryToken}`);
    if (challenge.scheme === "basic") return unless(rejected, basicHeader(credential));
    const wanted = this.#tokenRequest(credential, challenge, request);
    const token = await this.#settings.tokens.get(wanted, rejected?.replace(/^Bearer /, ""));
    return `Bearer ${token}`;
  }

  #tokenRequest(credential: Credential, challenge: Challenge, request: SessionRequest): TokenRequest {
    const realm = this.#realm(challenge);
    const own = `repository:${this.#repository}:${request.actions}`;
    const scopes = new Set([own, ...(request.extraScopes ?? [])]);
    return {
      realm,
      service: challenge.parameters.get("service"),
      scopes: [...scopes].toSorted(),
      credential,
      tls: this.#settings.tlsFor(realm.host),
      signal: request.signal,
    };
  }

  #realm(challenge: Challenge): URL {
    const { registry } = this.endpoint.address;
    const text = challenge.parameters.get("realm") ?? "";
    const invalid = (problem: string) =>
      new DistributionError("InvalidResponse", `registry "${registry}" names a token server ${problem}`, { registry });
    if (!URL.canParse(text)) throw invalid(`by an invalid URL, ${JSON.stringify(text.slice(0, 100))}`);
    const realm = new URL(text);
    if (realm.username !== "" || realm.password !== "") throw invalid("by a URL with a user name");
    if (realm.protocol === "https:") return realm;
    const plainAllowed = this.endpoint.isPlain || this.#settings.mayBePlain(realm.host);
    if (realm.protocol !== "http:" || !plainAllowed)
      throw invalid(`at ${realm.protocol}//${realm.host}; credentials are sent over https only`);
    return realm;
  }
}

function basicHeader(credential: Credential): string | undefined {
  return credential.kind === "basic" ? basicAuthorization(credential.username, credential.password) : undefined;
}

function unless(rejected: string | undefined, header: string | undefined): string | undefined {
  return header === rejected ? undefined : header;
}

function selectChallenge(response: HttpResponse): Challenge | undefined {
  const challenges = parseChallenges(response.headers["www-authenticate"]);
  return (
    challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm")) ??
    challenges.find(({ scheme }) => scheme === "basic")
  );
}

/** A token server that refuses one candidate leaves the next a chance; anything else ends the request. */
function asRefusal(error: unknown): DistributionError {
  if (!(error instanceof DistributionError)) throw error;
  if (error.code === "Unauthorized" || error.code === "Forbidden" || error.status === 400) return error;
  throw error;
}
