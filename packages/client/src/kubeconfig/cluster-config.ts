import type { TlsIdentity } from "../transport/transport.ts";

/** What proves who the client is; all members may be present. */
export interface Credentials {
  /** Value of the Authorization header, such as `Bearer …`. */
  readonly authorization?: string | undefined;
  /** Client certificate; a changed one replaces the connections. */
  readonly identity?: TlsIdentity | undefined;
}

/**
 * Where credentials come from; asked before every request, so `get` answers without a promise while it can.
 */
export interface CredentialSource {
  get(signal?: AbortSignal): Credentials | Promise<Credentials>;
  /**
   * The server answered 401 to `refused`. Answers whether `get` may now give something else.
   */
  refresh(refused: Credentials, signal?: AbortSignal): Promise<boolean>;
}

/** Acts as somebody else, if the server allows it. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** How to reach one cluster as one user: a resolved kubeconfig context. */
export interface ClusterConfig {
  /** URL of the API server; a path is kept as prefix. */
  readonly server: string;
  /** PEM bundle that signs the server's certificate. @default the system's authorities */
  readonly certificateAuthority?: string | undefined;
  /** Name to check in the server's certificate instead of the host of `server`. */
  readonly tlsServerName?: string | undefined;
  /** Accepts any server certificate. @default false */
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** @default no credentials */
  readonly credentials?: CredentialSource | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** Namespace of the context. */
  readonly namespace?: string | undefined;
}

/** A source that always gives `credentials`. */
export function staticCredentials(credentials: Credentials): CredentialSource {
  return { get: () => credentials, refresh: () => Promise.resolve(false) };
}
