import type { IncomingMessage, ServerResponse } from "node:http";
import { errorMessage, type Logger } from "@wherry/base";
import type { Authenticator, RequestUser } from "./authenticator.ts";
import { type Authorizer, accessAttributes } from "./authorizer.ts";
import { HttpError } from "./http-error.ts";
import { matchRoute, type Route } from "./route.ts";

export interface RequestPipelineOptions {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly logger: Logger;
  /** Told of each answered request, for metrics. */
  readonly onRequest?: ((method: string, path: string, status: number) => void) | undefined;
}

/**
 * Takes a request through authentication, authorisation and routing, in this order, to its handler; refusals are sent as plain
 * text with upstream's words. Never rejects.
 */
export function createRequestPipeline(
  options: RequestPipelineOptions,
): (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void> {
  return async (request, response, signal) => {
    const method = request.method ?? "GET";
    let path = "";
    try {
      const target = requestTarget(request.url ?? "");
      path = target.path;
      const user = await authenticated(options, request, signal);
      await authorized(options, user, method, path, signal);
      const match = matchRoute(options.routes, method, path);
      if (match.kind === "none") throw new HttpError(404, "404: Page Not Found");
      if (match.kind === "method")
        throw new HttpError(405, "405: Method Not Allowed", { Allow: match.allow.join(", ") });
      const { parameters } = match;
      await match.route.handler({ request, response, parameters, query: target.query, user, signal });
    } catch (error) {
      if (!signal.aborted) refuse(response, error, options.logger);
    } finally {
      options.onRequest?.(method, path, response.statusCode);
    }
  };
}

/** Path and query of the request line; refuses a path that routing and authorisation could read differently. */
function requestTarget(url: string): { path: string; query: URLSearchParams } {
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  const segments = path.split("/");
  const odd = segments.some((segment, index) => {
    const inner = index > 0 && index < segments.length - 1;
    return (inner && segment === "") || /^(\.|%2e){1,2}$/i.test(segment);
  });
  if (!path.startsWith("/") || odd)
    throw new HttpError(400, `400: Bad Request: the path ${JSON.stringify(path)} is not canonical`);
  return { path, query };
}

async function authenticated(
  { authenticate, logger }: RequestPipelineOptions,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<RequestUser> {
  let user: RequestUser | undefined;
  try {
    user = await authenticate(request, signal);
  } catch (error) {
    if (!signal.aborted) logger.warn("Cannot authenticate a request", { error: errorMessage(error) });
  }
  if (user === undefined) throw new HttpError(401, "Unauthorized");
  return user;
}

async function authorized(
  { authorize, logger }: RequestPipelineOptions,
  user: RequestUser,
  method: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const access = accessAttributes(method, path);
  const words = `(user=${user.name}, verb=${access.verb}, resource=nodes, subresource(s)=[${access.subresources.join(" ")}])`;
  let allowed: boolean;
  try {
    allowed = await authorize(user, access, signal);
  } catch (error) {
    if (!signal.aborted) logger.warn("Cannot authorise a request", { user: user.name, error: errorMessage(error) });
    throw new HttpError(500, `Authorization error ${words}`);
  }
  if (!allowed) throw new HttpError(403, `Forbidden ${words}`);
}

function refuse(response: ServerResponse, error: unknown, logger: Logger): void {
  if (!(error instanceof HttpError)) logger.error("Cannot answer a request", { error: errorMessage(error) });
  if (response.headersSent) {
    // The client must not take a cut answer for a whole one.
    response.destroy();
    return;
  }
  const [status, text, headers] =
    error instanceof HttpError
      ? [error.status, error.message, error.headers]
      : [500, `Internal Server Error: ${errorMessage(error)}`, {}];
  response.writeHead(status, {
    ...headers,
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(text);
}
