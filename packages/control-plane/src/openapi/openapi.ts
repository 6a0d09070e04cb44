import { createHash } from "node:crypto";
import { type FieldSchema, fieldSchema, type TypeSchema } from "@wherry/kubernetes";
import type { HttpExchange } from "../http/http-exchange.ts";
import { parseAccept } from "../http/media-type.ts";
import type { ResourceIndex } from "../resources/resource-table.ts";
import { emptySwagger } from "./empty-swagger.ts";
import { openApiPaths } from "./openapi-paths.ts";

type Json = Record<string, unknown>;
type Table = Readonly<Record<string, TypeSchema>>;

const json = "application/json";
/** As answers name it, then as kubectl still asks for it, which is no media type. */
const swaggerProtobuf: readonly [string, string] = [
  "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
];

/** OpenAPI documents made from the schema table and the resource table, each on first use. */
export class OpenApi {
  readonly #index: ResourceIndex;
  readonly #table: Table;
  readonly #version: string;
  readonly #documents: Map<string, { readonly body: Buffer; readonly hash: string }> = new Map();

  constructor(index: ResourceIndex, table: Table, version: string) {
    this.#index = index;
    this.#table = table;
    this.#version = version;
  }

  /** Answers a path below `/openapi/`; false for one that is not served. */
  answer(exchange: HttpExchange, path: string): boolean {
    if (path === "/openapi/v2") {
      if (parseAccept(exchange.header("accept")).some(({ type }) => swaggerProtobuf.includes(type))) {
        exchange.send(200, swaggerProtobuf[0], emptySwagger(this.#version));
        return true;
      }
      exchange.send(200, json, this.#keep("v2", () => this.#swagger()).body);
      return true;
    }
    if (path === "/openapi/v3") {
      exchange.send(200, json, this.#keep("v3", () => this.#root()).body);
      return true;
    }
    const found = this.#groupVersions().find((item) => `/openapi/v3/${item.path}` === path);
    if (found === undefined) return false;
    const { body, hash } = this.#document(found.group, found.version);
    exchange.send(200, json, body, { etag: `"${hash}"` });
    return true;
  }

  #groupVersions(): { group: string; version: string; path: string }[] {
    return this.#index.groupVersions.map(({ group, version }) => ({
      group,
      version,
      path: group === "" ? `api/${version}` : `apis/${group}/${version}`,
    }));
  }

  #root(): Json {
    const paths: Json = {};
    for (const { group, version, path } of this.#groupVersions()) {
      const { hash } = this.#document(group, version);
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return { paths };
  }

  #document(group: string, version: string): { body: Buffer; hash: string } {
    return this.#keep(`${group}/${version}`, () => {
      const definitions = this.#index.in(group, version);
      const roots = definitions.flatMap((definition) => [definition.schema, `${definition.schema}List`]);
      return {
        openapi: "3.0.0",
        info: { title: "Kubernetes", version: this.#version },
        paths: openApiPaths(definitions, (key) => ({ $ref: `#/components/schemas/${componentName(key)}` })),
        components: { schemas: this.#schemas(roots, "#/components/schemas/") },
      };
    });
  }

  #swagger(): Json {
    const roots = this.#index.definitions.map((definition) => definition.schema);
    return {
      swagger: "2.0",
      info: { title: "Kubernetes", version: this.#version },
      paths: {},
      definitions: this.#schemas(roots, "#/definitions/"),
    };
  }

  /** The schemas of `roots` and of all they refer to. */
  #schemas(roots: readonly string[], prefix: string): Json {
    const schemas: Json = {};
    const queue = roots.filter((key) => key in this.#table);
    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const name = componentName(key);
      const type = this.#table[key];
      if (name in schemas || type === undefined) continue;
      const properties: Json = {};
      for (const field of Object.keys(type.fields)) {
        const schema = fieldSchema(type, field);
        if (schema !== undefined) properties[field] = propertyOf(schema, prefix, queue);
      }
      const kinds = this.#index.definitions.filter((definition) => definition.schema === key);
      schemas[name] = {
        type: "object",
        ...(type.required === undefined ? {} : { required: type.required }),
        properties,
        ...(kinds.length === 0
          ? {}
          : {
              "x-kubernetes-group-version-kind": kinds.map(({ group, version, kind }) => ({ group, kind, version })),
            }),
      };
    }
    return schemas;
  }

  #keep(key: string, make: () => Json): { body: Buffer; hash: string } {
    let document = this.#documents.get(key);
    if (document === undefined) {
      const body = Buffer.from(JSON.stringify(make()));
      document = { body, hash: createHash("sha256").update(body).digest("hex").toUpperCase() };
      this.#documents.set(key, document);
    }
    return document;
  }
}

/** `core/v1.Pod` as upstream names its schemas: `io.k8s.api.core.v1.Pod`. */
export function componentName(key: string): string {
  const [group = "", rest = ""] = key.split("/");
  if (group === "meta") return `io.k8s.apimachinery.pkg.apis.meta.${rest}`;
  return `io.k8s.api.${group}.${rest}`;
}

const scalarSchemas: Readonly<Record<string, Json>> = {
  string: { type: "string" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  number: { type: "number", format: "double" },
  boolean: { type: "boolean" },
  bytes: { type: "string", format: "byte" },
  time: { type: "string", format: "date-time" },
  microtime: { type: "string", format: "date-time" },
  quantity: { type: "string" },
  intOrString: { type: "string", format: "int-or-string" },
  any: { type: "object" },
};

function propertyOf(schema: FieldSchema, prefix: string, queue: string[]): Json {
  return {
    ...typeOf(schema.kind, prefix, queue),
    ...(schema.mergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": schema.mergeKey }),
    ...(schema.strategy === undefined ? {} : { "x-kubernetes-patch-strategy": schema.strategy }),
    ...(schema.listType === undefined ? {} : { "x-kubernetes-list-type": schema.listType }),
    ...(schema.keys === undefined ? {} : { "x-kubernetes-list-map-keys": schema.keys }),
    ...(schema.mapType === undefined ? {} : { "x-kubernetes-map-type": schema.mapType }),
  };
}

function typeOf(kind: string, prefix: string, queue: string[]): Json {
  if (kind.startsWith("[]")) return { type: "array", items: typeOf(kind.slice(2), prefix, queue) };
  if (kind.startsWith("{}")) return { type: "object", additionalProperties: typeOf(kind.slice(2), prefix, queue) };
  const scalar = scalarSchemas[kind];
  if (scalar !== undefined) return scalar;
  queue.push(kind);
  // A reference alone may carry no extensions beside it in OpenAPI 3.0, hence allOf.
  return { allOf: [{ $ref: `${prefix}${componentName(kind)}` }] };
}
