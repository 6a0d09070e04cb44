import type { Verb } from "../resources/resource-definition.ts";

/** What a path below /api or /apis names. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  /** Empty for all namespaces and for cluster-scoped resources. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource, as in `proxy/PATH`. */
  readonly rest: string;
}

/** Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; undefined for a path of another form. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = path.split("/").filter((segment) => segment !== "");
  let group = "";
  let version: string | undefined;
  let rest: string[];
  if (segments[0] === "api") {
    version = segments[1];
    rest = segments.slice(2);
  } else if (segments[0] === "apis") {
    group = segments[1] ?? "";
    version = segments[2];
    rest = segments.slice(3);
  } else return undefined;
  if (version === undefined || rest.length === 0) return undefined;
  let decoded: string[];
  try {
    decoded = rest.map(decodeURIComponent);
  } catch {
    return undefined;
  }
  let namespace = "";
  const isNamespaceItself = decoded.length === 3 && (decoded[2] === "status" || decoded[2] === "finalize");
  if (decoded[0] === "namespaces" && decoded.length > 2 && !isNamespaceItself) {
    namespace = decoded[1] ?? "";
    decoded = decoded.slice(2);
  }
  const [resource = "", name = "", subresource = "", ...more] = decoded;
  return { group, version, namespace, resource, name, subresource, rest: more.join("/") };
}

const writeVerbs: Readonly<Record<string, Verb>> = { POST: "create", PUT: "update", PATCH: "patch" };

/** The verb that a method on a path stands for; undefined for methods that stand for none. */
export function verbOf(method: string, hasName: boolean, isWatch: boolean): Verb | undefined {
  if (method === "GET" || method === "HEAD") return isWatch ? "watch" : hasName ? "get" : "list";
  if (method === "DELETE") return hasName ? "delete" : "deletecollection";
  return writeVerbs[method];
}
