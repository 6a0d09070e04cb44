import { HttpError } from "./http-error.ts";
import type { HttpMethod, RequestHandler, Route } from "./route.ts";

const streaming: readonly (readonly [verb: string, path: string, methods: readonly HttpMethod[]])[] = [
  ["exec", "/exec/{namespace}/{pod}/{container}", ["GET", "POST"]],
  ["exec", "/exec/{namespace}/{pod}/{uid}/{container}", ["GET", "POST"]],
  ["attach", "/attach/{namespace}/{pod}/{container}", ["GET", "POST"]],
  ["attach", "/attach/{namespace}/{pod}/{uid}/{container}", ["GET", "POST"]],
  ["port-forward", "/portForward/{namespace}/{pod}", ["GET", "POST"]],
  ["port-forward", "/portForward/{namespace}/{pod}/{uid}", ["GET", "POST"]],
  ["run", "/run/{namespace}/{pod}/{container}", ["POST"]],
  ["run", "/run/{namespace}/{pod}/{uid}/{container}", ["POST"]],
];

/** The streaming endpoints, which this kubelet does not serve: each is refused with 501 and what was asked for. */
export function unsupportedStreamingRoutes(): Route[] {
  return streaming.map(([verb, path, methods]) => ({
    path,
    methods,
    handler: async ({ parameters: { namespace, pod, container } }) => {
      const target = container === undefined ? "" : ` container "${container}" of`;
      throw new HttpError(
        501,
        `Cannot ${verb} to${target} pod "${namespace}/${pod}": this node does not support ${verb}`,
      );
    },
  }));
}

const debuggingPaths = ["/run", "/exec", "/attach", "/portForward", "/containerLogs", "/runningpods", "/logs"];

/** With `enableDebuggingHandlers: false`: refuses what gives access to containers, in upstream's words. */
export function disabledDebuggingRoutes(): Route[] {
  const handler: RequestHandler = async () => {
    throw new HttpError(405, "Debug endpoints are disabled.");
  };
  const methods: readonly HttpMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  return debuggingPaths.flatMap((path): Route[] => [
    { path, methods, handler },
    { path: `${path}/`, methods, handler },
    { path: `${path}/{rest...}`, methods, handler },
  ]);
}
