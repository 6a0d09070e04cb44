import { allVerbs, apiVersionOf, type ResourceDefinition, type Verb } from "../resources/resource-definition.ts";

type Json = Record<string, unknown>;

const actions: Readonly<Record<Verb, { method: string; action: string; onItem: boolean } | undefined>> = {
  get: { method: "get", action: "get", onItem: true },
  update: { method: "put", action: "put", onItem: true },
  patch: { method: "patch", action: "patch", onItem: true },
  delete: { method: "delete", action: "delete", onItem: true },
  list: { method: "get", action: "list", onItem: false },
  create: { method: "post", action: "post", onItem: false },
  deletecollection: { method: "delete", action: "deletecollection", onItem: false },
  // Watches are lists with a parameter.
  watch: undefined,
};

function parameter(name: string, type = "string"): Json {
  return { name, in: "query", schema: { type, uniqueItems: true } };
}

const writeParameters: readonly Json[] = ["dryRun", "fieldManager", "fieldValidation"].map((name) => parameter(name));

/** The paths of `definitions`, in as much detail as clients look for: actions, kinds and the parameters of writes. */
export function openApiPaths(definitions: readonly ResourceDefinition[], reference: (schemaKey: string) => Json): Json {
  const paths: Json = {};
  for (const definition of definitions) {
    const { group, version, kind, resource, namespaced } = definition;
    const base = group === "" ? `/api/${version}` : `/apis/${apiVersionOf(definition)}`;
    const collection = `${base}${namespaced ? "/namespaces/{namespace}" : ""}/${resource}`;
    for (const verb of definition.verbs ?? allVerbs) {
      const entry = actions[verb];
      if (entry === undefined) continue;
      const path = entry.onItem ? `${collection}/{name}` : collection;
      paths[path] ??= { parameters: pathParameters(namespaced, entry.onItem) };
      const item = paths[path] as Json;
      const content = { "application/json": { schema: reference(definition.schema) } };
      const isWrite = verb === "create" || verb === "update" || verb === "patch";
      item[entry.method] = {
        operationId: `${verb}${version}${namespaced ? "Namespaced" : ""}${kind}`,
        "x-kubernetes-action": entry.action,
        "x-kubernetes-group-version-kind": { group, kind, version },
        ...(isWrite ? { parameters: writeParameters, requestBody: { content } } : {}),
        responses: { "200": { description: "OK", content } },
      };
    }
  }
  return paths;
}

function pathParameters(namespaced: boolean, onItem: boolean): Json[] {
  const names = [...(onItem ? ["name"] : []), ...(namespaced ? ["namespace"] : [])];
  return names.map((name) => ({ name, in: "path", required: true, schema: { type: "string", uniqueItems: true } }));
}
