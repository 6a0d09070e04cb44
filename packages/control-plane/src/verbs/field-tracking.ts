import type { ApiObject } from "../resources/api-object.ts";
import type { ResourceDefinition } from "../resources/resource-definition.ts";
import type { VerbServices } from "./verb-services.ts";

/** Records in `metadata.managedFields` who set the fields of a new object. */
export function trackCreate(
  _services: VerbServices,
  _definition: ResourceDefinition,
  _object: ApiObject,
  _manager: string | undefined,
): void {}

/** Records who changed which fields between `old` and `object`. */
export function trackUpdate(
  _services: VerbServices,
  _definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject,
  _manager: string | undefined,
  _subresource: string,
): void {
  if (old.metadata.managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = old.metadata.managedFields;
}
