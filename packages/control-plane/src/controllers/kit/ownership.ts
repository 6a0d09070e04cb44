import { type LabelSelector, matchesLabelSelector, type ObjectMeta, type OwnerReference } from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { apiVersionOf, type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";

/** The owner that manages an object, of which there is at most one. */
export function controllerOf(metadata: ObjectMeta | undefined): OwnerReference | undefined {
  return metadata?.ownerReferences?.find((owner) => owner.controller);
}

/** The reference by which `owner` controls what it makes. */
export function controllerReference(owner: ApiObject): OwnerReference {
  const { name = "", uid = "" } = owner.metadata;
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

interface Selecting {
  readonly spec?: { readonly selector?: LabelSelector };
}

/**
 * Keys of the objects of `owners` that a write to a controlled object concerns: its controller before and after, and for one
 * without a controller all that would adopt it.
 */
export function ownersOf(services: VerbServices, owners: ResourceDefinition, record: StoredRecord): Set<string> {
  const keys = new Set<string>();
  const apiVersion = apiVersionOf(owners);
  const { metadata } = record.object;
  const namespace = metadata.namespace ?? "";
  for (const controller of [controllerOf(metadata), controllerOf(record.previous?.object.metadata)]) {
    if (controller?.kind === owners.kind && controller.apiVersion === apiVersion) {
      keys.add(`${namespace}/${controller.name}`);
    }
  }
  if (controllerOf(metadata) !== undefined || record.operation === "delete") return keys;
  for (const { key, object } of services.store.list(storageName(owners), namespace)) {
    if (matchesLabelSelector((object as Selecting).spec?.selector, metadata.labels)) keys.add(key);
  }
  return keys;
}
