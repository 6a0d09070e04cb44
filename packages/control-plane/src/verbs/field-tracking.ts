import { type FieldManager, fieldSchema, type JsonObject, type JsonValue, trackFieldUpdate } from "@wherry/kubernetes";
import type { ApiObject } from "../resources/api-object.ts";
import { allSchemas } from "../resources/extra-schemas.ts";
import { apiVersionOf, type ResourceDefinition } from "../resources/resource-definition.ts";
import { timestamp, type VerbServices, type WriteOptions } from "./verb-services.ts";

/**
 * Records in `metadata.managedFields` who set the fields of a new object.
 *
 * Only writers that name themselves begin the record: it doubles the size of an object, and most writers, kubelets among
 * them, have no use for it. Once begun it is kept up for every writer of the object itself; updates of status are not
 * recorded unless they are applies.
 */
export function trackCreate(
  services: VerbServices,
  definition: ResourceDefinition,
  object: ApiObject,
  options: WriteOptions,
): void {
  if (options.managedFields !== undefined) object.metadata.managedFields = [...options.managedFields];
  else if (options.fieldManager === undefined) delete object.metadata.managedFields;
  else {
    object.metadata.managedFields = trackFieldUpdate(
      definition.schema,
      emptyObject(definition.schema),
      trackedPart(definition, object),
      [],
      managerOf(definition, options),
      timestamp(services.clock),
    );
  }
}

/** Records who changed which fields between `old` and `object`. */
export function trackUpdate(
  services: VerbServices,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject,
  options: WriteOptions,
  subresource: string,
): void {
  const before = old.metadata.managedFields;
  if (options.managedFields !== undefined) object.metadata.managedFields = [...options.managedFields];
  else if ((before === undefined && options.fieldManager === undefined) || subresource !== "") {
    if (before === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = before;
  } else {
    object.metadata.managedFields = trackFieldUpdate(
      definition.schema,
      trackedPart(definition, old),
      trackedPart(definition, object),
      before ?? firstOwners(services, definition, old),
      managerOf(definition, options),
      timestamp(services.clock),
    );
  }
}

/** Who owns the fields of an object that nobody kept a record of: upstream's `before-first-apply`. */
export function firstOwners(
  services: VerbServices,
  definition: ResourceDefinition,
  old: ApiObject,
): NonNullable<ApiObject["metadata"]["managedFields"]> {
  const manager: FieldManager = {
    manager: "before-first-apply",
    operation: "Update",
    apiVersion: apiVersionOf(definition),
    subresource: "",
  };
  const { schema } = definition;
  const time = timestamp(services.clock);
  return trackFieldUpdate(schema, emptyObject(schema), trackedPart(definition, old), [], manager, time);
}

function managerOf(definition: ResourceDefinition, options: WriteOptions): FieldManager {
  return {
    manager: options.fieldManager ?? options.userAgent ?? "unknown",
    operation: "Update",
    apiVersion: apiVersionOf(definition),
    subresource: "",
  };
}

/** The object without its status where that is written through a subresource of its own. */
export function trackedPart(definition: ResourceDefinition, object: ApiObject): JsonObject {
  const json = object as unknown as JsonObject;
  if (!definition.subresources?.some((subresource) => subresource.name === "status")) return json;
  const { status: _, ...rest } = json;
  return rest;
}

/** What Go's empty value of a type looks like: structs and required lists that are there but empty. */
function emptyObject(schemaKey: string, depth = 0): JsonObject {
  const schema = allSchemas[schemaKey];
  const result: JsonObject = {};
  for (const field of Object.keys(schema?.fields ?? {})) {
    const kind = fieldSchema(schema, field)?.kind ?? "";
    let value: JsonValue | undefined;
    if (kind.startsWith("[]") && schema?.required?.includes(field)) value = [];
    else if (depth === 0 && kind in allSchemas) value = emptyObject(kind, depth + 1);
    if (value !== undefined) result[field] = value;
  }
  return result;
}
