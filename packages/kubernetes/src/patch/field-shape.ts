import type { FieldSchema, TypeSchema } from "../schema/type-schema.ts";

/** What one field of an API type looks like to code that walks objects by the schema table. */
export interface FieldShape {
  /** Key of the struct type of the value, of a list's items or of a map's values; undefined for scalars and the unknown. */
  readonly type: string | undefined;
  readonly itemType: string | undefined;
  readonly mergeKey: string | undefined;
  /** Lists only: the strategic merge strategy is `merge`. */
  readonly merges: boolean;
  /** The strategic merge strategy is `replace`. */
  readonly replaces: boolean;
}

const unknownShape: FieldShape = {
  type: undefined,
  itemType: undefined,
  mergeKey: undefined,
  merges: false,
  replaces: false,
};

/** The schema of `field` in the long form, or undefined for an unknown field. */
export function fieldSchema(type: TypeSchema | undefined, field: string): FieldSchema | undefined {
  if (type === undefined || !Object.hasOwn(type.fields, field)) return undefined;
  const schema = type.fields[field];
  return typeof schema === "string" ? { kind: schema } : schema;
}

/** The shape of `field` in the type `typeKey`; unknown types and fields give a shape that merges plainly. */
export function fieldShape(
  table: Readonly<Record<string, TypeSchema>>,
  typeKey: string | undefined,
  field: string,
): FieldShape {
  const schema = typeKey === undefined ? undefined : fieldSchema(table[typeKey], field);
  if (schema === undefined) return unknownShape;
  const { kind, mergeKey, strategy = "" } = schema;
  const strategies = strategy.split(",");
  const isList = kind.startsWith("[]");
  const base = kind.replace(/^(\[\]|\{\})+/, "");
  const structType = base in table ? base : undefined;
  return {
    type: kind === base ? structType : undefined,
    itemType: isList ? structType : undefined,
    mergeKey,
    merges: isList && strategies.includes("merge"),
    replaces: strategies.includes("replace"),
  };
}
