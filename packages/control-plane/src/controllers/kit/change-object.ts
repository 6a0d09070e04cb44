import { jsonEquals } from "@wherry/kubernetes";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import { writeUpdate } from "../../verbs/update-object.ts";
import { shallowCopy, type VerbServices } from "../../verbs/verb-services.ts";

/** Where `object` is stored. */
export function targetOf(
  definition: ResourceDefinition,
  { metadata }: ApiObject,
): { definition: ResourceDefinition; namespace: string; name: string } {
  return { definition, namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
}

/** `object` as it is now; undefined when it is gone or another one has its name. */
export function currentOf(
  services: VerbServices,
  definition: ResourceDefinition,
  { metadata }: ApiObject,
): ApiObject | undefined {
  const key = storageKey(metadata.namespace, metadata.name ?? "");
  const current = services.store.get(storageName(definition), key)?.object;
  return current?.metadata.uid === metadata.uid ? current : undefined;
}

/**
 * Applies `change` to a copy of what `object` is now and stores it where that makes a difference.
 *
 * The copy's top level and metadata are its own; deeper parts must be replaced, not changed. Gives the object as it is after;
 * undefined when it is gone, which other writes of the same turn may have led to.
 */
export function changeObject(
  services: VerbServices,
  definition: ResourceDefinition,
  object: ApiObject,
  change: (copy: ApiObject) => void,
): ApiObject | undefined {
  const current = currentOf(services, definition, object);
  if (current === undefined) return undefined;
  const copy = shallowCopy(current);
  change(copy);
  if (jsonEquals(copy, current)) return current;
  return writeUpdate(services, targetOf(definition, object), copy, {}).object;
}
