import { fieldSchema, type TypeSchema } from "@wherry/kubernetes";
import { fieldNumbers } from "../protobuf/field-numbers.ts";

export type ScalarKind =
  | "string"
  | "int32"
  | "int64"
  | "number"
  | "boolean"
  | "bytes"
  | "time"
  | "microtime"
  | "quantity"
  | "intOrString"
  | "any";

/** A value's shape, compiled from the schema table. */
export type Shape =
  | { readonly kind: "scalar"; readonly scalar: ScalarKind }
  | { readonly kind: "list"; readonly item: Shape }
  | { readonly kind: "map"; readonly value: Shape }
  | StructShape;

export interface StructShape {
  readonly kind: "struct";
  readonly key: string;
  /** The Go type's name, for messages. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, Shape>;
  readonly required: ReadonlySet<string>;
  /** Fields whose zero value is the same as none, as Go's `omitempty` on a plain field has it. */
  readonly dropsZero: ReadonlySet<string>;
}

const scalars: ReadonlySet<string> = new Set([
  "string",
  "int32",
  "int64",
  "number",
  "boolean",
  "bytes",
  "time",
  "microtime",
  "quantity",
  "intOrString",
  "any",
]);

/** Compiles types of the schema table on first use. */
export class SchemaCatalog {
  readonly #table: Readonly<Record<string, TypeSchema>>;
  readonly #structs: Map<string, StructShape> = new Map();

  constructor(table: Readonly<Record<string, TypeSchema>>) {
    this.#table = table;
  }

  /** The shape of `key`, such as `core/v1.Pod`; throws for a key that the table does not have. */
  struct(key: string): StructShape {
    const known = this.#structs.get(key);
    if (known !== undefined) return known;
    const schema = this.#table[key];
    if (schema === undefined) throw new Error(`Cannot find type "${key}" in the schema table`);
    const fields = new Map<string, Shape>();
    const shape: StructShape = {
      kind: "struct",
      key,
      name: key.slice(key.lastIndexOf(".") + 1),
      fields,
      required: new Set(schema.required ?? []),
      dropsZero: plainFields(key),
    };
    // Registered before its fields are compiled because types refer to themselves (JSONSchemaProps).
    this.#structs.set(key, shape);
    for (const field of Object.keys(schema.fields)) {
      fields.set(field, this.#shape(fieldSchema(schema, field)?.kind ?? "any"));
    }
    return shape;
  }

  #shape(kind: string): Shape {
    if (kind.startsWith("[]")) return { kind: "list", item: this.#shape(kind.slice(2)) };
    if (kind.startsWith("{}")) return { kind: "map", value: this.#shape(kind.slice(2)) };
    return scalars.has(kind) ? { kind: "scalar", scalar: kind as ScalarKind } : this.struct(kind);
  }
}

/** Names of the fields that are neither pointers nor always shown, also of types that are shown in line. */
function plainFields(key: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const part of (fieldNumbers[key] ?? "").split(" ")) {
    const match = /^(@?)([^=]+)=\d+$/.exec(part);
    if (match?.[2] === undefined) continue;
    if (match[1] === "") names.add(match[2]);
    else for (const name of plainFields(match[2])) names.add(name);
  }
  return names;
}
