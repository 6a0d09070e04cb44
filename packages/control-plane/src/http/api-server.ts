import { errorMessage, type Logger } from "@wherry/base";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import { anonymous, type User } from "../auth/user.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { ApiError, forbidden, internalError, methodNotAllowed } from "../errors.ts";
import type { OpenApi } from "../openapi/openapi.ts";
import type { ResourceIndex } from "../resources/resource-table.ts";
import type { FaultInjector } from "./fault-injector.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { parseAccept } from "./media-type.ts";
import { readFlag } from "./request-options.ts";
import { parseResourcePath, verbOf } from "./request-path.ts";
import type { ResourceHandler } from "./resource-handler.ts";

export interface ApiServerOptions {
  readonly index: ResourceIndex;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly resources: ResourceHandler;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly faults: FaultInjector;
  readonly logger: Logger;
  /** What `/version` answers. */
  readonly version: Readonly<Record<string, string>>;
  /** Whether the server is ready for use. */
  readonly isReady: () => boolean;
}

const json = "application/json";
const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Answers API requests: who is it, may they, which resource, which verb. */
export class ApiServer {
  readonly #options: ApiServerOptions;

  constructor(options: ApiServerOptions) {
    this.#options = options;
  }

  /** Answers one request; never rejects. */
  async handle(exchange: HttpExchange): Promise<void> {
    try {
      await this.#route(exchange);
    } catch (error) {
      this.#answerError(exchange, error);
    }
  }

  async #route(exchange: HttpExchange): Promise<void> {
    const { authenticator, authorizer, faults } = this.#options;
    const path = exchange.path.length > 1 && exchange.path.endsWith("/") ? exchange.path.slice(0, -1) : exchange.path;
    const authorization = exchange.header("authorization");
    const known = authenticator.authenticate(authorization, exchange.socket);
    if (known === undefined && authorization !== undefined) throw unauthorized();
    const user = known ?? anonymous;
    if (parseResourcePath(path) === undefined) {
      const decision = authorizer.authorizePath(user, exchange.method.toLowerCase(), path);
      if (!decision.allowed) throw pathForbidden(decision.reason);
    }
    if (await faults.intercept(exchange, user)) return;
    if (this.#answerPlain(exchange, path)) return;
    if (this.#answerDiscovery(exchange, path)) return;
    if (await this.#answerResource(exchange, path, user)) return;
    throw new ApiError(404, "NotFound", "the server could not find the requested resource", { details: {} });
  }

  #answerPlain(exchange: HttpExchange, path: string): boolean {
    switch (path) {
      case "/livez":
      case "/healthz":
        exchange.send(200, "text/plain; charset=utf-8", "ok");
        return true;
      case "/readyz": {
        const isReady = this.#options.isReady();
        exchange.send(isReady ? 200 : 500, "text/plain; charset=utf-8", isReady ? "ok" : "starting");
        return true;
      }
      case "/version":
        exchange.send(200, json, JSON.stringify(this.#options.version, undefined, 2));
        return true;
      default:
        return false;
    }
  }

  #answerDiscovery(exchange: HttpExchange, path: string): boolean {
    const { discovery, openApi } = this.#options;
    if (exchange.method !== "GET") return false;
    if (path.startsWith("/openapi/")) return openApi.answer(exchange, path);
    const parts = path.split("/").slice(1);
    if (parts[0] !== "api" && parts[0] !== "apis") return false;
    if (parts.length === 1) {
      const isCore = parts[0] === "api";
      if (wantsAggregated(exchange)) exchange.send(200, aggregatedType, discovery.aggregated(isCore));
      else exchange.send(200, json, isCore ? discovery.legacyVersions() : discovery.groups());
      return true;
    }
    const [, first = "", second = ""] = parts;
    let document: Buffer | undefined;
    if (parts[0] === "api" && parts.length === 2) document = discovery.resources("", first);
    else if (parts[0] === "apis" && parts.length === 2) document = discovery.group(first);
    else if (parts[0] === "apis" && parts.length === 3) document = discovery.resources(first, second);
    if (document === undefined) return false;
    exchange.send(200, json, document);
    return true;
  }

  async #answerResource(exchange: HttpExchange, path: string, user: User): Promise<boolean> {
    const parsed = parseResourcePath(path);
    const definition = parsed && this.#options.index.find(parsed.group, parsed.version, parsed.resource);
    if (parsed === undefined || definition === undefined) return false;
    const isWatch = parsed.name === "" && readFlag(exchange.query, "watch");
    const verb = verbOf(exchange.method, parsed.name !== "", isWatch);
    if (verb === undefined) throw methodNotAllowed(definition, exchange.method);
    const fields = requiredFields(exchange.query);
    const name = parsed.name || fields.get("metadata.name") || "";
    const decision = this.#options.authorizer.authorize(user, { ...parsed, name, verb, fields });
    if (!decision.allowed) throw forbidden(definition, parsed.name, decision.reason);
    await this.#options.resources.handle({ exchange, definition, path: parsed, user }, verb);
    return true;
  }

  #answerError(exchange: HttpExchange, error: unknown): void {
    if (exchange.closed.aborted) return;
    if (!(error instanceof ApiError)) {
      this.#options.logger.error("API request failed", {
        method: exchange.method,
        path: exchange.path,
        error: errorMessage(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    if (exchange.isAnswered) {
      exchange.abort();
      return;
    }
    const apiError = error instanceof ApiError ? error : internalError(errorMessage(error), error);
    const retryAfter = apiError.details?.retryAfterSeconds;
    const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    exchange.send(apiError.httpCode, json, JSON.stringify(apiError.toStatus()), headers);
  }
}

/** What the field selector of a list or watch demands, for decisions about who may read what. */
function requiredFields(query: URLSearchParams): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const term of (query.get("fieldSelector") ?? "").split(",")) {
    const match = /^([\w.]+)==?([^=\\]+)$/.exec(term);
    if (match?.[1] !== undefined && match[2] !== undefined) fields.set(match[1], match[2]);
  }
  return fields;
}

function pathForbidden(reason: string): ApiError {
  return new ApiError(403, "Forbidden", `forbidden: ${reason}`, { details: {} });
}

function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

function wantsAggregated(exchange: HttpExchange): boolean {
  return parseAccept(exchange.header("accept")).some(
    ({ type, parameters }) =>
      type === "application/json" &&
      parameters.get("g") === "apidiscovery.k8s.io" &&
      parameters.get("v") === "v2" &&
      parameters.get("as") === "APIGroupDiscoveryList",
  );
}
