import type { KubernetesObject } from "@wherry/kubernetes";

import { RequestError } from "../errors.ts";

declare const objectType: unique symbol;

/** Names one kind of API object: where it is served and what it is called. `T` is the type of its objects. */
export interface ResourceDefinition<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural name as in paths, such as `pods`. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never present; carries the type. */
  readonly [objectType]?: T;
}

/** `group/version`, or `version` in the core group. */
export function apiVersionOf(definition: ResourceDefinition): string {
  return definition.group === "" ? definition.version : `${definition.group}/${definition.version}`;
}

/** What a request is about, for its path and for messages. */
export interface ResourceAddress {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * Path of a collection, an object or a subresource.
 *
 * Throws `RequestError` if the namespace of a namespaced object is missing or a segment could leave its place.
 */
export function resourcePath(definition: ResourceDefinition, address: ResourceAddress): string {
  const { namespace, name, subresource } = address;
  const { group, version, resource, namespaced } = definition;
  let path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  if (namespaced && namespace !== undefined) path += `/namespaces/${segment(definition, "namespace", namespace)}`;
  else if (namespaced && name !== undefined)
    throw new RequestError(`Cannot address ${resource} "${name}": namespace is missing, ${resource} are namespaced`);
  path += `/${resource}`;
  if (name !== undefined) path += `/${segment(definition, "name", name)}`;
  if (subresource !== undefined)
    path += `/${subresource
      .split("/")
      .map((part) => segment(definition, "subresource", part))
      .join("/")}`;
  return path;
}

function segment(definition: ResourceDefinition, field: string, value: string): string {
  // What the API server refuses as a path segment name; encoded dots would still be resolved by proxies.
  if (value === "" || value === "." || value === ".." || value.includes("/") || value.includes("%"))
    throw new RequestError(
      `Cannot address ${definition.resource}: ${field} ${JSON.stringify(value)} is not a path segment (not empty, ".", "..", no "/" or "%")`,
    );
  return encodeURIComponent(value);
}

/** `pods "a/b"` for messages. */
export function describeResource(definition: ResourceDefinition, address: ResourceAddress): string {
  const { namespace, name, subresource } = address;
  const resource = subresource === undefined ? definition.resource : `${definition.resource}/${subresource}`;
  if (name === undefined) return namespace === undefined ? resource : `${resource} in namespace "${namespace}"`;
  return namespace === undefined ? `${resource} "${name}"` : `${resource} "${namespace}/${name}"`;
}
