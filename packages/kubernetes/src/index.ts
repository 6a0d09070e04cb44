export type * from "./api/index.ts";
export { type KubernetesList, type KubernetesObject, objectKey } from "./object.ts";
export { schemaTable } from "./schema/table.ts";
export type { FieldSchema, TypeSchema } from "./schema/type-schema.ts";
