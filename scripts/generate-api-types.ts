// Writes the type-only Kubernetes API declarations and the schema table of packages/kubernetes from the OpenAPI v3
// documents of a running API server. Usage: with-node.js scripts/generate-api-types.ts DIRECTORY, where DIRECTORY holds
// the documents as `kubectl get --raw /openapi/v3/apis/GROUP/VERSION` prints them, named GROUP_VERSION.json (core_v1.json).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly type?: string;
  readonly format?: string;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("Expected the directory of OpenAPI documents as first argument");
const output = join(import.meta.dirname, "../packages/kubernetes/src");

const schemas = new Map<string, Schema>();
const roots = new Set<string>();
for (const file of readdirSync(directory)) {
  const document = JSON.parse(readFileSync(join(directory, file), "utf8"));
  for (const [name, schema] of Object.entries(document.components.schemas as Record<string, Schema>)) {
    schemas.set(name, schema);
    const [group, version] = file.replace(".json", "").split("_");
    const isOwn = schema["x-kubernetes-group-version-kind"]?.some(
      (gvk) => gvk.version === version && (gvk.group || "core") === group,
    );
    if (isOwn) roots.add(name);
  }
}

// io.k8s.api.core.v1.Pod -> { module: "core-v1", name: "Pod", key: "core/v1.Pod" }
function place(name: string): { module: string; name: string; key: string } {
  const parts = name.split(".");
  const type = parts.at(-1) as string;
  const version = parts.at(-2) as string;
  const group = parts.at(-3) as string;
  if (/^v\d/.test(version)) return { module: `${group}-${version}`, name: type, key: `${group}/${version}.${type}` };
  return { module: "meta-v1", name: type, key: `meta/v1.${type}` };
}

const scalars: Record<string, string> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "string",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "string",
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "string",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "number | string",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "Record<string, unknown>",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "unknown",
  "io.k8s.apimachinery.pkg.runtime.RawExtension": "unknown",
};
const scalarKeys: Record<string, string> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
  "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intOrString",
};

function refOf(schema: Schema): string | undefined {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  return ref?.slice("#/components/schemas/".length);
}

const used = new Map<string, Set<string>>();
function typeOf(schema: Schema, uses: Set<string>): string {
  const ref = refOf(schema);
  if (ref !== undefined) {
    const scalar = scalars[ref];
    if (scalar !== undefined) return scalar;
    uses.add(ref);
    return place(ref).name;
  }
  if (schema.type === "array") {
    const item = typeOf(schema.items ?? {}, uses);
    return item.includes("|") ? `(${item})[]` : `${item}[]`;
  }
  if (schema.type === "object" && typeof schema.additionalProperties === "object")
    return `Record<string, ${typeOf(schema.additionalProperties, uses)}>`;
  if (schema.type === "object") return "Record<string, unknown>";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "boolean" || schema.type === "string") return schema.type;
  return "unknown";
}

// A scalar of FieldSchema, "[]T", "{}T", or the key of another type.
function kindOf(schema: Schema): string {
  const ref = refOf(schema);
  if (ref !== undefined) return scalarKeys[ref] ?? (scalars[ref] !== undefined ? "any" : place(ref).key);
  if (schema.type === "array") return `[]${kindOf(schema.items ?? {})}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object")
    return `{}${kindOf(schema.additionalProperties)}`;
  if (schema.type === "string") return schema.format === "byte" ? "bytes" : "string";
  if (schema.type === "integer") return schema.format === "int32" ? "int32" : "int64";
  return schema.type === "object" || schema.type === undefined ? "any" : schema.type;
}

const wanted = new Set<string>();
const pending = [...roots];
for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
  const schema = schemas.get(name);
  if (wanted.has(name) || scalars[name] !== undefined || schema === undefined) continue;
  if (place(name).name === "WatchEvent") continue;
  wanted.add(name);
  const uses = new Set<string>();
  for (const property of Object.values(schema.properties ?? {})) typeOf(property, uses);
  used.set(name, uses);
  pending.push(...uses);
}

const modules = new Map<string, string[]>();
for (const name of [...wanted].sort())
  modules.set(place(name).module, [...(modules.get(place(name).module) ?? []), name]);

mkdirSync(join(output, "api"), { recursive: true });
const owners = new Map<string, string[]>();
for (const name of wanted) owners.set(place(name).name, [...(owners.get(place(name).name) ?? []), place(name).module]);
const pascal = (text: string) => text.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

const index: string[] = [];
for (const [module, names] of [...modules].sort()) {
  const imports = new Map<string, Set<string>>();
  const body: string[] = [];
  for (const name of names) {
    const schema = schemas.get(name) as Schema;
    const uses = used.get(name) as Set<string>;
    for (const use of uses) {
      const target = place(use);
      if (target.module !== module)
        imports.set(target.module, (imports.get(target.module) ?? new Set()).add(target.name));
    }
    const gvk = roots.has(name) ? schema["x-kubernetes-group-version-kind"]?.[0] : undefined;
    const fields = Object.entries(schema.properties ?? {}).map(([field, property]) => {
      const key = /^[A-Za-z_]\w*$/.test(field) ? field : JSON.stringify(field);
      if (gvk !== undefined && field === "apiVersion")
        return `  apiVersion?: "${gvk.group ? `${gvk.group}/` : ""}${gvk.version}";`;
      if (gvk !== undefined && field === "kind") return `  kind?: "${gvk.kind}";`;
      const optional = schema.required?.includes(field) && !["status"].includes(field) ? "" : "?";
      return `  ${key}${optional}: ${typeOf(property, new Set())}${optional === "?" ? " | undefined" : ""};`;
    });
    body.push(`export interface ${place(name).name} {\n${fields.join("\n")}\n}\n`);
  }
  const importLines = [...imports]
    .sort()
    .map(([from, types]) => `import type { ${[...types].sort().join(", ")} } from "./${from}.ts";`);
  writeFileSync(
    join(output, "api", `${module}.ts`),
    `// Written by scripts/generate-api-types.ts; do not edit.\n${importLines.join("\n")}\n\n${body.join("\n")}`,
  );
  const exported = names.map((name) => {
    const type = place(name).name;
    const order = owners.get(type) as string[];
    const primary = order.includes("core-v1") ? "core-v1" : order.includes("meta-v1") ? "meta-v1" : order[0];
    return primary === module ? type : `${type} as ${pascal(module)}${type}`;
  });
  index.push(`export type { ${exported.join(", ")} } from "./${module}.ts";`);
}
writeFileSync(
  join(output, "api", "index.ts"),
  `// Written by scripts/generate-api-types.ts; do not edit.\n${index.join("\n")}\n`,
);

const table: Record<string, unknown> = {};
for (const name of [...wanted].sort()) {
  const schema = schemas.get(name) as Schema;
  const fields: Record<string, unknown> = {};
  for (const [field, property] of Object.entries(schema.properties ?? {})) {
    const kind = kindOf(property);
    const more = {
      ...(property["x-kubernetes-patch-merge-key"] && { mergeKey: property["x-kubernetes-patch-merge-key"] }),
      ...(property["x-kubernetes-patch-strategy"] && { strategy: property["x-kubernetes-patch-strategy"] }),
      ...(property["x-kubernetes-list-type"] && { listType: property["x-kubernetes-list-type"] }),
      ...(property["x-kubernetes-list-map-keys"] && { keys: property["x-kubernetes-list-map-keys"] }),
      ...(property["x-kubernetes-map-type"] && { mapType: property["x-kubernetes-map-type"] }),
    };
    fields[field] = Object.keys(more).length === 0 ? kind : { kind, ...more };
  }
  table[place(name).key] = { ...(schema.required && { required: schema.required }), fields };
}
mkdirSync(join(output, "schema"), { recursive: true });
writeFileSync(
  join(output, "schema", "table.ts"),
  `// Written by scripts/generate-api-types.ts; do not edit.\nimport type { TypeSchema } from "./type-schema.ts";\n\nexport const schemaTable: Readonly<Record<string, TypeSchema>> = ${JSON.stringify(table, null, 1)};\n`,
);
