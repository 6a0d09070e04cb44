import type { ListMeta, ObjectMeta } from "./api/index.ts";

/** What every API object has; unknown fields are kept as they came. */
export interface KubernetesObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: ObjectMeta | undefined;
}

export interface KubernetesList<T extends KubernetesObject> {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: ListMeta | undefined;
  items: T[];
}

/** `namespace/name`, or `name` for a cluster-scoped object, as client-go's key functions spell it. */
export function objectKey(object: KubernetesObject): string {
  const { namespace, name } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : (name ?? "");
}
