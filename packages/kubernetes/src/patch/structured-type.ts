import { schemaTable } from "../schema/table.ts";
import type { FieldSchema } from "../schema/type-schema.ts";
import { fieldSchema } from "./field-shape.ts";
import { isJsonObject, type JsonValue } from "./json-value.ts";

/** How server-side apply looks at a value: as one piece, by fields or keys, or by items. */
export type StructuredType =
  | { readonly kind: "atomic" }
  | { readonly kind: "struct"; readonly key: string }
  | { readonly kind: "map"; readonly value: StructuredType }
  | { readonly kind: "set" }
  | { readonly kind: "keyed"; readonly keys: readonly string[]; readonly item: StructuredType };

const atomic: StructuredType = { kind: "atomic" };

/** Types whose fields only make sense together, which the API marks as atomic maps. */
const atomicTypes: ReadonlySet<string> = new Set([
  "core/v1.ConfigMapKeySelector",
  "core/v1.FileKeySelector",
  "core/v1.LocalObjectReference",
  "core/v1.NodeSelector",
  "core/v1.NodeSelectorTerm",
  "core/v1.ObjectFieldSelector",
  "core/v1.ObjectReference",
  "core/v1.ResourceFieldSelector",
  "core/v1.ScopeSelector",
  "core/v1.SecretKeySelector",
  "core/v1.SecretReference",
  "core/v1.TopologySelectorTerm",
  "core/v1.TypedLocalObjectReference",
  "core/v1.EndpointAddress",
  "core/v1.EndpointPort",
  "discovery/v1.EndpointPort",
  "meta/v1.LabelSelector",
  "meta/v1.OwnerReference",
]);

/** Values that keys of keyed lists have where an item leaves them out. */
const keyDefaults: Readonly<Record<string, JsonValue>> = { protocol: "TCP" };

/** The structured type of a struct of the schema table; a type that the table does not have is atomic. */
export function structuredType(key: string): StructuredType {
  return key in schemaTable && !atomicTypes.has(key) ? { kind: "struct", key } : atomic;
}

/** The type of `field` in a struct; unknown fields are atomic. */
export function structuredField(structKey: string, field: string): StructuredType {
  const schema = fieldSchema(schemaTable[structKey], field);
  return schema === undefined ? atomic : typeOf(schema);
}

function typeOf(schema: FieldSchema): StructuredType {
  const { kind, listType, keys, mapType } = schema;
  if (kind.startsWith("[]")) {
    if (listType === "set") return { kind: "set" };
    if (listType !== "map" || keys === undefined) return atomic;
    return { kind: "keyed", keys, item: structuredType(kind.slice(2)) };
  }
  if (mapType === "atomic") return atomic;
  if (kind.startsWith("{}")) {
    const value = kind.slice(2);
    return { kind: "map", value: value.startsWith("[]") ? atomic : structuredType(value) };
  }
  if (mapType === "granular" && kind in schemaTable) return { kind: "struct", key: kind };
  return structuredType(kind);
}

/** The path element of an item of a keyed list or set. */
export function itemElement(type: StructuredType, item: JsonValue): string {
  if (type.kind !== "keyed" || !isJsonObject(item)) return `v:${JSON.stringify(item)}`;
  const keys: Record<string, JsonValue> = {};
  for (const key of [...type.keys].sort()) {
    const value = item[key] ?? keyDefaults[key];
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}
