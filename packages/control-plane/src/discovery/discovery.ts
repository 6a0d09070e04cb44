import { allVerbs, type ResourceDefinition, type SubresourceDefinition } from "../resources/resource-definition.ts";
import type { ResourceIndex } from "../resources/resource-table.ts";

const json = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** Discovery documents of the resources in an index, made once. */
export class Discovery {
  readonly #index: ResourceIndex;
  readonly #documents: Map<string, Buffer> = new Map();

  constructor(index: ResourceIndex) {
    this.#index = index;
  }

  /** `/api`. */
  legacyVersions(): Buffer {
    return this.#keep("/api", () => ({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }));
  }

  /** `/apis`. */
  groups(): Buffer {
    return this.#keep("/apis", () => ({
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: this.#groupNames().map((group) => this.#group(group)),
    }));
  }

  /** `/apis/GROUP`; undefined for an unknown group. */
  group(name: string): Buffer | undefined {
    if (!this.#groupNames().includes(name)) return undefined;
    return this.#keep(`/apis/${name}`, () => ({ kind: "APIGroup", apiVersion: "v1", ...this.#group(name) }));
  }

  /** `/api/v1` or `/apis/GROUP/VERSION`; undefined for one that is not served. */
  resources(group: string, version: string): Buffer | undefined {
    const definitions = this.#index.in(group, version);
    if (definitions.length === 0) return undefined;
    return this.#keep(`${group}/${version}`, () => ({
      kind: "APIResourceList",
      ...(group === "" ? {} : { apiVersion: "v1" }),
      groupVersion: group === "" ? version : `${group}/${version}`,
      resources: definitions.flatMap((definition) => [
        resourceEntry(definition),
        ...(definition.subresources ?? []).map((subresource) => subresourceEntry(definition, subresource)),
      ]),
    }));
  }

  /** `/api` (of the core group) or `/apis` (of all others) in aggregated form, KEP-3352. */
  aggregated(core: boolean): Buffer {
    return this.#keep(`aggregated ${core}`, () => ({
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: (core ? [""] : this.#groupNames()).map((group) => ({
        metadata: group === "" ? {} : { name: group },
        versions: this.#versions(group).map((version) => ({
          version,
          resources: this.#index.in(group, version).map(aggregatedEntry),
          freshness: "Current",
        })),
      })),
    }));
  }

  #groupNames(): string[] {
    return [...new Set(this.#index.groupVersions.map(({ group }) => group))].filter((group) => group !== "");
  }

  #versions(group: string): string[] {
    return this.#index.groupVersions.filter((item) => item.group === group).map(({ version }) => version);
  }

  #group(name: string): Record<string, unknown> {
    const versions = this.#versions(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #keep(key: string, make: () => unknown): Buffer {
    let document = this.#documents.get(key);
    if (document === undefined) {
      document = json(make());
      this.#documents.set(key, document);
    }
    return document;
  }
}

function resourceEntry(definition: ResourceDefinition): Record<string, unknown> {
  return {
    name: definition.resource,
    singularName: definition.singular,
    namespaced: definition.namespaced,
    kind: definition.kind,
    verbs: definition.verbs ?? allVerbs,
    ...(definition.shortNames === undefined ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories === undefined ? {} : { categories: definition.categories }),
  };
}

function subresourceEntry(definition: ResourceDefinition, subresource: SubresourceDefinition): Record<string, unknown> {
  return {
    name: `${definition.resource}/${subresource.name}`,
    singularName: "",
    namespaced: definition.namespaced,
    ...(subresource.group === undefined ? {} : { group: subresource.group, version: subresource.version }),
    kind: subresource.kind,
    verbs: subresource.verbs,
  };
}

function aggregatedEntry(definition: ResourceDefinition): Record<string, unknown> {
  const { group, version, kind } = definition;
  return {
    resource: definition.resource,
    responseKind: { group, version, kind },
    scope: definition.namespaced ? "Namespaced" : "Cluster",
    singularResource: definition.singular,
    verbs: definition.verbs ?? allVerbs,
    ...(definition.shortNames === undefined ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories === undefined ? {} : { categories: definition.categories }),
    ...(definition.subresources === undefined
      ? {}
      : {
          subresources: definition.subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: {
              group: subresource.group ?? group,
              version: subresource.version ?? version,
              kind: subresource.kind,
            },
            verbs: subresource.verbs,
          })),
        }),
  };
}
