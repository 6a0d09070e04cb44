import { type Clock, type Logger, silentLogger, systemClock } from "@wherry/base";
import type { ClientSettings } from "./client-settings.ts";
import type { CredentialProvider } from "./credentials.ts";
import { DistributionError } from "./errors.ts";
import { HttpTransport, type TlsPolicy } from "./http-transport.ts";
import { isLoopbackHost } from "./loopback.ts";
import { parseReference, type Reference, registryApiHost } from "./reference.ts";
import { type EndpointAddress, RegistryEndpoint } from "./registry-endpoint.ts";
import { RegistrySession } from "./registry-session.ts";
import { Repository } from "./repository.ts";
import type { RetryOptions } from "./retry.ts";
import { TokenSource } from "./token-source.ts";

/** Another place to get a registry's images from. */
export interface Mirror {
  /** `https://mirror.example`, with a path where the mirror's API is not at `/v2/`: `https://mirror.example/v2/hub`. */
  readonly url: string;
  /** Whether tags may be resolved there, or only content be fetched by digest. @default true */
  readonly resolve?: boolean;
}

/** TLS settings of one host. */
export interface HostTls {
  /** PEM certificates to trust besides the usual ones. */
  readonly ca?: string;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
}

export interface DistributionClientOptions {
  /** Credentials where a call brings none of its own. @default none */
  readonly credentials?: CredentialProvider;
  /** Registries (host or host:port) that are spoken to without TLS. */
  readonly plainHttp?: readonly string[];
  /** Registries whose certificate is not checked, and that are spoken to without TLS when they do not know it. */
  readonly insecureRegistries?: readonly string[];
  /** PEM certificates to trust for every host besides the usual ones. */
  readonly ca?: string;
  /** TLS settings by host (with port where it has one). */
  readonly tls?: Readonly<Record<string, HostTls>>;
  /** Mirrors by registry, tried in order before the registry itself; `*` is for every other registry. */
  readonly mirrors?: Readonly<Record<string, readonly Mirror[]>>;
  /** @default "wherry" */
  readonly userAgent?: string;
  readonly retry?: RetryOptions;
  /** A connection on which nothing moves for so long is given up. @default 60_000 */
  readonly idleTimeoutMs?: number;
  /** @default 8 */
  readonly maxConnectionsPerHost?: number;
  /** `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`; without it no proxy is used. */
  readonly proxyEnvironment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** @default Math.random */
  readonly random?: () => number;
}

export interface RepositoryOptions {
  /** Credentials of this use instead of the client's, such as a pod's pull secrets. */
  readonly credentials?: CredentialProvider | undefined;
}

/**
 * A client of OCI registries (OCI distribution specification v1.1), with kept connections and tokens.
 *
 * Registries on loopback addresses need no TLS: it is tried first, unverified, then plain HTTP.
 */
export interface DistributionClient extends AsyncDisposable {
  /** A repository to work with; opens no connection. Throws `DistributionError` for an invalid reference. */
  repository(reference: Reference | string, options?: RepositoryOptions): Repository;
}

/**
 * Creates a client of OCI registries; dispose of it to close its connections.
 *
 * @example
 * await using client = createDistributionClient();
 * const { bytes } = await client.repository("ghcr.io/team/app:1").fetchManifest();
 */
export function createDistributionClient(options: DistributionClientOptions = {}): DistributionClient {
  const client = new Client(options);
  return {
    repository: (reference, repositoryOptions) => client.repository(reference, repositoryOptions),
    [Symbol.asyncDispose]: async () => client.close(),
  };
}

class Client {
  readonly #options: DistributionClientOptions;
  readonly #settings: ClientSettings;
  /** By address, so that what is learned about a host's scheme is kept. */
  readonly #endpoints: Map<string, RegistryEndpoint> = new Map();

  constructor(options: DistributionClientOptions) {
    const {
      clock = systemClock,
      logger = silentLogger,
      random = Math.random,
      retry = {},
      userAgent = "wherry",
    } = options;
    this.#options = options;
    const transport = new HttpTransport({
      userAgent,
      idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
      maxConnectionsPerHost: options.maxConnectionsPerHost ?? 8,
      proxyEnvironment: options.proxyEnvironment,
    });
    this.#settings = {
      transport,
      tokens: new TokenSource(transport, { clock, random, retry }, userAgent),
      clock,
      logger,
      random,
      retry,
      tlsFor: (host) => this.#tlsFor(host),
      mayBePlain: (host) => isLoopbackHost(host) || this.#isPlain(host) || this.#isInsecure(host),
    };
  }

  repository(reference: Reference | string, { credentials }: RepositoryOptions = {}): Repository {
    const parsed = typeof reference === "string" ? parseReference(reference) : reference;
    const provider = credentials ?? this.#options.credentials ?? (() => []);
    const session = (address: EndpointAddress) =>
      new RegistrySession(this.#endpoint(address), parsed.repository, provider, this.#settings);
    const { mirrors = {} } = this.#options;
    const listed = ownEntry(mirrors, parsed.registry) ?? ownEntry(mirrors, "*") ?? [];
    const mirrored = listed.map(({ url, resolve = true }) => ({
      resolve,
      session: session(this.#mirrorAddress(url, parsed.registry)),
    }));
    const upstream = session(this.#address(parsed.registry));
    const byDigest = parsed.digest !== undefined;
    return new Repository(
      parsed,
      {
        resolve: [...mirrored.filter((mirror) => mirror.resolve || byDigest).map((mirror) => mirror.session), upstream],
        pull: [...mirrored.map((mirror) => mirror.session), upstream],
        upstream,
      },
      this.#settings,
    );
  }

  close(): void {
    this.#settings.transport.close();
  }

  #endpoint(address: EndpointAddress): RegistryEndpoint {
    const key = JSON.stringify(address);
    let endpoint = this.#endpoints.get(key);
    if (endpoint === undefined) {
      endpoint = new RegistryEndpoint(address, this.#settings);
      this.#endpoints.set(key, endpoint);
    }
    return endpoint;
  }

  #address(registry: string): EndpointAddress {
    return { registry, host: registryApiHost(registry), apiPath: "/v2/", scheme: this.#scheme(registry) };
  }

  #scheme(host: string): EndpointAddress["scheme"] {
    if (this.#isPlain(host)) return "http";
    return isLoopbackHost(host) || this.#isInsecure(host) ? "probe" : "https";
  }

  #mirrorAddress(text: string, registry: string): EndpointAddress {
    const fail = (problem: string) =>
      new DistributionError("InvalidConfig", `Invalid mirror ${JSON.stringify(text)} of "${registry}": ${problem}`);
    if (!URL.canParse(text)) throw fail("expected a URL such as https://mirror.example");
    const url = new URL(text);
    if (url.protocol !== "https:" && url.protocol !== "http:") throw fail("its scheme must be https or http");
    if (url.username !== "" || url.password !== "") throw fail("credentials belong into the credential provider");
    const path = url.pathname.replace(/\/+$/, "");
    return {
      registry: url.host,
      host: url.host,
      apiPath: path === "" ? "/v2/" : `${path}/`,
      scheme: url.protocol === "http:" ? "http" : "https",
      mirrorOf: registry,
    };
  }

  #isPlain(host: string): boolean {
    return includesHost(this.#options.plainHttp, host);
  }

  #isInsecure(host: string): boolean {
    return includesHost(this.#options.insecureRegistries, host);
  }

  #tlsFor(host: string): TlsPolicy {
    const own = ownEntry(this.#options.tls ?? {}, host);
    const ca = [this.#options.ca, own?.ca].filter((text) => text !== undefined).join("\n");
    // Traffic to a loopback address does not leave the machine; a certificate that was configured is checked all the same.
    const skipVerify = this.#isInsecure(host) || (isLoopbackHost(host) && ca === "");
    return {
      skipVerify,
      ...(ca === "" ? {} : { ca }),
      ...(own?.clientCertificate === undefined ? {} : { clientCertificate: own.clientCertificate }),
    };
  }
}

/** Names in references are a stranger's: `toString` is one, too. */
function ownEntry<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function includesHost(list: readonly string[] | undefined, host: string): boolean {
  return list?.some((entry) => entry === host || entry === host.replace(/:[0-9]+$/, "")) ?? false;
}
