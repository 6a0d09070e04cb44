import type { Clock, Logger } from "@wherry/base";

import { ClientConfigError } from "../errors.ts";
import type { ClusterConfig } from "../kubeconfig/cluster-config.ts";
import { Http1Transport } from "./http1-transport.ts";
import { SessionPool } from "./session-pool.ts";
import type { Transport } from "./transport.ts";

export interface CreateTransportOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
  readonly maxSessions?: number;
  readonly pingIdleMs?: number;
  readonly pingTimeoutMs?: number;
}

/** The URL of the server; throws `ClientConfigError` if it is none that can be spoken to. */
export function serverUrl(config: ClusterConfig): URL {
  const url = URL.parse(config.server);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new ClientConfigError(
      `Cannot create a client: server ${JSON.stringify(config.server)} is not an https: or http: URL`,
    );
  return url;
}

/** The transport for the server of `config`: HTTP/2 over TLS, or HTTP/1.1 for a plain `http:` URL. */
export function createTransport(config: ClusterConfig, options: CreateTransportOptions): Transport {
  const url = serverUrl(config);
  const plain = url.protocol === "http:";
  const target = {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (plain ? 80 : 443) : Number(url.port),
    certificateAuthority: config.certificateAuthority,
    serverName: config.tlsServerName,
    insecureSkipVerify: config.insecureSkipTlsVerify,
  };
  if (plain) return new Http1Transport({ target, plain });
  const { clock, logger, maxSessions, pingIdleMs, pingTimeoutMs } = options;
  return new SessionPool({
    target,
    clock,
    logger,
    random: options.random ?? Math.random,
    ...(maxSessions === undefined ? {} : { maxSessions }),
    ...(pingIdleMs === undefined ? {} : { pingIdleMs }),
    ...(pingTimeoutMs === undefined ? {} : { pingTimeoutMs }),
  });
}
