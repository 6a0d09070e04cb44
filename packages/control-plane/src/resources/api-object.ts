import type { ObjectMeta } from "@wherry/kubernetes";

/** An object as the API server handles it: known to have metadata, of any kind. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** The storage key of an object: `namespace/name`, or `name` for cluster-scoped kinds. */
export function storageKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
