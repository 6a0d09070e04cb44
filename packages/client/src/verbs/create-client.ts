import { type Clock, type Logger, silentLogger, systemClock } from "@wherry/base";

import { type ClusterConfig, type Impersonation, staticCredentials } from "../kubeconfig/cluster-config.ts";
import { createTransport, serverUrl } from "../transport/create-transport.ts";
import { RestClient } from "../transport/rest-client.ts";
import { TokenBucket } from "../transport/token-bucket.ts";
import type { Transport } from "../transport/transport.ts";
import { ApiClient } from "./api-client.ts";
import type { KubernetesClient } from "./kubernetes-client.ts";

/** Limits of a client, and what it is made with. */
export interface ClientOptions {
  /** First part of the user agent, `name/version`. @default "wherry-client" */
  readonly userAgent?: string;
  /** Requests each second once `burst` is used up; 0 for no limit. @default 50 */
  readonly qps?: number;
  /** @default 100 */
  readonly burst?: number;
  /** Time a request other than a watch or a stream may take. @default 60_000 */
  readonly requestTimeoutMs?: number;
  /** Largest answer other than a watch or a stream. @default 64 MiB */
  readonly maxResponseBytes?: number;
  /** HTTP/2 connections open at the same time, in each lane. @default 8 */
  readonly maxSessions?: number;
  /** Silence after which a connection is probed. @default 30_000 */
  readonly pingIdleMs?: number;
  /** Time a probe may take before the connection is given up. @default 15_000 */
  readonly pingTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: Logger;
  /** What carries the requests of a lane; for tests. @default HTTP/2 to the server of the configuration */
  readonly createTransport?: (lane: string) => Transport;
}

const mebibyte = 2 ** 20;

/**
 * Creates a client of one cluster; it connects when first used.
 *
 * The caller owns it and calls `close`.
 *
 * @example
 * ```ts
 * const client = createClient(await loadClusterConfig({ paths: ["/etc/wherry/kubeconfig"] }));
 * const node = await client.get(resources.nodes, "edge-1");
 * ```
 */
export function createClient(config: ClusterConfig, options: ClientOptions = {}): KubernetesClient {
  return new ClientLane(config, options, "default", options.qps ?? 50);
}

/** A client with its own transport, and the further lanes opened from it. */
class ClientLane extends ApiClient {
  readonly #config: ClusterConfig;
  readonly #options: ClientOptions;
  readonly #transport: Transport;
  readonly #lanes: Map<string, ClientLane> = new Map();

  constructor(config: ClusterConfig, options: ClientOptions, lane: string, qps: number) {
    const clock = options.clock ?? systemClock;
    const logger = (options.logger ?? silentLogger).child({ lane });
    const transport = options.createTransport?.(lane) ?? createTransport(config, { ...options, clock, logger });
    const rest = new RestClient({
      transport,
      credentials: config.credentials ?? staticCredentials({}),
      headers: commonHeaders(config, options),
      pathPrefix: serverUrl(config).pathname.replace(/\/+$/, ""),
      rateLimit: qps > 0 ? new TokenBucket({ qps, burst: options.burst ?? 100, clock }) : undefined,
      clock,
      logger,
      maxResponseBytes: options.maxResponseBytes ?? 64 * mebibyte,
      requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
    });
    super(rest, clock);
    this.#config = config;
    this.#options = options;
    this.#transport = transport;
  }

  override withLane(lane: string): KubernetesClient {
    let client = this.#lanes.get(lane);
    if (client === undefined) {
      client = new ClientLane(this.#config, this.#options, lane, 0);
      this.#lanes.set(lane, client);
    }
    return client;
  }

  override async close(): Promise<void> {
    await Promise.all([this.#transport.close(), ...[...this.#lanes.values()].map((lane) => lane.close())]);
  }
}

function commonHeaders(
  config: ClusterConfig,
  options: ClientOptions,
): Readonly<Record<string, string | readonly string[]>> {
  const agent = options.userAgent ?? "wherry-client";
  return {
    "user-agent": `${agent} (${process.platform}/${process.arch}) node/${process.versions.node}`,
    ...(config.impersonate === undefined ? {} : impersonationHeaders(config.impersonate)),
  };
}

function impersonationHeaders(impersonate: Impersonation): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = { "impersonate-user": impersonate.user };
  if (impersonate.uid !== undefined) headers["impersonate-uid"] = impersonate.uid;
  if (impersonate.groups !== undefined && impersonate.groups.length > 0)
    headers["impersonate-group"] = impersonate.groups;
  // Keys are escaped as in paths, since header names allow less than extra keys do.
  for (const [key, values] of Object.entries(impersonate.extra ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values;
  return headers;
}
