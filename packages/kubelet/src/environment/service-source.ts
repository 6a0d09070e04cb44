import type { Clock, Logger } from "@wherry/base";
import { createReflector, type KubernetesClient, resources } from "@wherry/client";
import type { Service } from "@wherry/kubernetes";

/** The services that variables are made from. */
export interface ServiceSource {
  /** Resolves when all services are known; containers wait for it, because their variables cannot change later. */
  readonly ready: Promise<void>;
  /** Services of the namespace, and the API server's own. */
  forNamespace(namespace: string): readonly Service[];
}

export interface ClientServiceSourceOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: Logger;
}

/** All services of a cluster, followed until `signal` of `run` aborts; only what variables need is kept. */
export function createClientServiceSource(
  client: KubernetesClient,
  options: ClientServiceSourceOptions = {},
): ServiceSource & { run(signal: AbortSignal): Promise<void> } {
  const reflector = createReflector(client, resources.services, {
    ...options,
    transform: slimService,
    indexers: { namespace: (service) => [service.metadata?.namespace ?? ""] },
  });
  return {
    ready: reflector.ready,
    forNamespace(namespace) {
      const own = reflector.store.byIndex("namespace", namespace);
      const api = namespace === "default" ? undefined : reflector.store.get("default/kubernetes");
      return api === undefined ? own : [...own, api];
    },
    run: (signal) => reflector.run(signal),
  };
}

function slimService({ apiVersion, kind, metadata, spec }: Service): Service {
  const { name, namespace, uid, resourceVersion } = metadata ?? {};
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    ...(kind !== undefined && { kind }),
    metadata: { name, namespace, uid, resourceVersion },
    spec: { clusterIP: spec?.clusterIP, ports: spec?.ports },
  };
}
