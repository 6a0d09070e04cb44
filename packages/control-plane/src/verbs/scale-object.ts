import { checkNonNegative, type LabelSelector } from "@wherry/kubernetes";
import { badRequest, conflict, invalid } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { selectorText } from "../resources/apps/workload-columns.ts";
import { readObject, type UpdateOptions, updateObject } from "./update-object.ts";
import type { ObjectTarget, VerbServices } from "./verb-services.ts";

/** What bodies of `scale` must be. */
export const scaleKind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: "autoscaling/v1.Scale",
} as const;

interface Scaled {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector };
  readonly status?: { readonly replicas?: number };
}

/** The autoscaling/v1 Scale of an object with `spec.replicas`. */
export function scaleOf(object: ApiObject): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { spec = {}, status = {} } = object as Scaled;
  const selector = selectorText(spec.selector);
  return {
    kind: scaleKind.kind,
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status.replicas ?? 0, ...(selector === "<none>" ? {} : { selector }) },
  };
}

/**
 * Sets an object's `spec.replicas` to what `scale` says.
 *
 * Throws ApiError: 404, 409 for a stale resourceVersion or another UID, 422.
 */
export function updateScale(
  services: VerbServices,
  target: ObjectTarget,
  scale: ApiObject,
  options: UpdateOptions,
): ApiObject {
  const { definition, name } = target;
  const { object: old } = readObject(services, target);
  const { metadata } = scale;
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  const { replicas = 0 } = (scale as Scaled).spec ?? {};
  const errors = checkNonNegative("spec.replicas", replicas);
  if (errors.length > 0) throw invalid(scaleKind, name, errors);
  if (metadata.resourceVersion && metadata.resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(definition, name);
  }
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    throw conflict(
      definition,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  const input = structuredClone(old);
  input["spec"] = { ...(input["spec"] as object), replicas };
  return scaleOf(updateObject(services, target, input, options).object);
}
