import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestUser } from "./authenticator.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request, authenticated and authorised. */
export interface RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly user: RequestUser;
  /** Aborts when the client goes away or the server stops. */
  readonly signal: AbortSignal;
}

/** Answers a request, wholly: resolves when the answer is sent. Rejects with `HttpError` to refuse before it has begun. */
export type RequestHandler = (context: RequestContext) => Promise<void>;

/** Some paths and what answers them. */
export interface Route {
  /** Segments between slashes; `{name}` matches any one segment, a last `{name...}` the rest. */
  readonly path: string;
  readonly methods: readonly HttpMethod[];
  readonly handler: RequestHandler;
}

export type RouteMatch =
  | { readonly kind: "found"; readonly route: Route; readonly parameters: Record<string, string> }
  | { readonly kind: "method"; readonly allow: readonly HttpMethod[] }
  | { readonly kind: "none" };

/** Finds the route for a path as it came in the request line; HEAD is answered as GET. */
export function matchRoute(routes: readonly Route[], method: string, path: string): RouteMatch {
  const segments = path.split("/").slice(1);
  const wanted = method === "HEAD" ? "GET" : method;
  const allow = new Set<HttpMethod>();
  for (const route of routes) {
    const parameters = matchSegments(route.path.split("/").slice(1), segments);
    if (parameters === undefined) continue;
    if (route.methods.some((allowed) => allowed === wanted)) return { kind: "found", route, parameters };
    for (const allowed of route.methods) allow.add(allowed);
  }
  return allow.size === 0 ? { kind: "none" } : { kind: "method", allow: [...allow] };
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index];
    if (segment === undefined) return undefined;
    const name = /^\{(\w+)(\.\.\.)?\}$/.exec(part);
    if (name === null) {
      if (part !== segment) return undefined;
      continue;
    }
    const text = tryDecode(name[2] === undefined ? segment : segments.slice(index).join("/"));
    if (text === undefined || text === "") return undefined;
    parameters[name[1] ?? ""] = text;
    if (name[2] !== undefined) return parameters;
  }
  return pattern.length === segments.length ? parameters : undefined;
}

function tryDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
