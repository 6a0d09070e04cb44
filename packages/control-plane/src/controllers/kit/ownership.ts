import type { LabelSelector, ObjectMeta, OwnerReference } from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { apiVersionOf, type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { selects } from "../../validation/label-selector.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { changeObject } from "./change-object.ts";

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

/**
 * The objects of `definition` that `owner` controls, after adopting those without a controller that its selector selects and
 * letting go of those that it no longer selects. `mayAdopt` says which may be adopted at all.
 */
export function claimObjects(
  services: VerbServices,
  definition: ResourceDefinition,
  owner: ApiObject,
  selector: LabelSelector | undefined,
  mayAdopt: (object: ApiObject) => boolean = () => true,
): ApiObject[] {
  const namespace = owner.metadata.namespace ?? "";
  const isOwnerGoing = owner.metadata.deletionTimestamp !== undefined;
  const claimed: ApiObject[] = [];
  for (const { object } of services.store.list(storageName(definition), namespace)) {
    const { metadata } = object;
    const controller = controllerOf(metadata);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selects(selector, metadata.labels)) claimed.push(object);
      else if (!isOwnerGoing) release(services, definition, object, owner);
      continue;
    }
    if (isOwnerGoing || metadata.deletionTimestamp !== undefined || !selects(selector, metadata.labels)) continue;
    if (!mayAdopt(object)) continue;
    const adopted = changeObject(services, definition, object, (copy) => {
      copy.metadata.ownerReferences = [...(copy.metadata.ownerReferences ?? []), controllerReference(owner)];
    });
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

function release(services: VerbServices, definition: ResourceDefinition, object: ApiObject, owner: ApiObject): void {
  changeObject(services, definition, object, ({ metadata }) => {
    const others = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
    if (others.length > 0) metadata.ownerReferences = others;
    else delete metadata.ownerReferences;
  });
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
    if (selects((object as Selecting).spec?.selector, metadata.labels)) keys.add(key);
  }
  return keys;
}
