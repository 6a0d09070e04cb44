import { controllerRevisions } from "./apps/controller-revisions.ts";
import { daemonSets } from "./apps/daemon-sets.ts";
import { deployments } from "./apps/deployments.ts";
import { replicaSets } from "./apps/replica-sets.ts";
import { statefulSets } from "./apps/stateful-sets.ts";
import { jobs } from "./batch/jobs.ts";
import { clusterTrustBundles } from "./certificates/cluster-trust-bundles.ts";
import { podCertificateRequests } from "./certificates/pod-certificate-requests.ts";
import { configMaps, secrets } from "./configuration.ts";
import { coreEvents, groupEvents } from "./events.ts";
import { leases } from "./leases.ts";
import { namespaces } from "./namespaces.ts";
import { nodes } from "./nodes.ts";
import { pods } from "./pods.ts";
import { podDisruptionBudgets } from "./policy/pod-disruption-budgets.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { reviews } from "./reviews.ts";
import { priorityClasses, runtimeClasses } from "./runtime-classes.ts";
import { serviceAccounts } from "./service-accounts.ts";
import { endpointSlices, endpoints, services } from "./services/services.ts";
import { csiDrivers, csiNodes } from "./storage.ts";

/** Every kind the API server offers; a new kind is a new row. */
export const resourceTable: readonly ResourceDefinition[] = [
  configMaps,
  endpoints,
  coreEvents,
  namespaces,
  nodes,
  pods,
  secrets,
  serviceAccounts,
  services,
  leases,
  endpointSlices,
  groupEvents,
  runtimeClasses,
  priorityClasses,
  csiDrivers,
  csiNodes,
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  jobs,
  podDisruptionBudgets,
  clusterTrustBundles,
  podCertificateRequests,
  ...reviews,
];

/** Finds resources by the parts of a path. */
export class ResourceIndex {
  readonly definitions: readonly ResourceDefinition[];
  readonly #byPath: Map<string, ResourceDefinition> = new Map();

  constructor(definitions: readonly ResourceDefinition[]) {
    this.definitions = definitions;
    for (const definition of definitions) {
      this.#byPath.set(`${definition.group}/${definition.version}/${definition.resource}`, definition);
    }
  }

  find(group: string, version: string, resource: string): ResourceDefinition | undefined {
    return this.#byPath.get(`${group}/${version}/${resource}`);
  }

  /** Group and version pairs, the core group first. */
  get groupVersions(): readonly { readonly group: string; readonly version: string }[] {
    const seen = new Map<string, { group: string; version: string }>();
    for (const { group, version } of this.definitions) seen.set(`${group}/${version}`, { group, version });
    return [...seen.values()].sort((left, right) => (left.group < right.group ? -1 : left.group > right.group ? 1 : 0));
  }

  /** Resources of one group and version. */
  in(group: string, version: string): readonly ResourceDefinition[] {
    return this.definitions.filter((item) => item.group === group && item.version === version);
  }
}
