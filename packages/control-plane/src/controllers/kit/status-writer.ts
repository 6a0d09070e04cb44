import type { ApiObject } from "../../resources/api-object.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { changeObject } from "./change-object.ts";

/** Writes `status` where it differs from what `object` has, without fields that upstream leaves out when they are zero. */
export function writeStatus(
  services: VerbServices,
  definition: ResourceDefinition,
  object: ApiObject,
  status: object,
): ApiObject | undefined {
  const { dropsZero } = services.schemas.struct(`${definition.schema}Status`);
  const shown = Object.fromEntries(
    Object.entries(status).filter(([field, value]) => value !== undefined && !(dropsZero.has(field) && isZero(value))),
  );
  return changeObject(services, definition, object, (copy) => {
    copy["status"] = shown;
  });
}

function isZero(value: unknown): boolean {
  return value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
}
