import { type KubernetesClient, resources } from "@wherry/client";
import { clientObjectSource } from "./client-object-source.ts";
import { clientTrustBundleSource } from "./client-trust-bundle-source.ts";
import { WatchingObjectCache, type WatchingObjectCacheOptions } from "./object-cache.ts";

export interface ClientObjectCacheOptions extends Pick<WatchingObjectCacheOptions, "logger" | "clock" | "lingerMs"> {
  /** Source of jitter in [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** The object cache over an API server. Needs to be `run`; what is asked for before is watched too. */
export function createClientObjectCache(
  client: KubernetesClient,
  options: ClientObjectCacheOptions,
): WatchingObjectCache {
  return new WatchingObjectCache({
    ...options,
    configMaps: clientObjectSource(client, resources.configMaps, options),
    secrets: clientObjectSource(client, resources.secrets, options),
    trustBundles: clientTrustBundleSource(client, options),
    serviceAccounts: clientObjectSource(client, resources.serviceAccounts, options),
  });
}
