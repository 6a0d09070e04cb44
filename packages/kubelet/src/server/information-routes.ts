import type { Route } from "./route.ts";

/** `/configz`: the configuration in effect, in the form of the configuration file. */
export function configRoute(configuration: () => object): Route {
  return {
    path: "/configz",
    methods: ["GET"],
    handler: async ({ response }) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ kubeletconfig: configuration() }));
    },
  };
}

/** A page of metrics in Prometheus' text format; `render` gives the whole text. */
export function metricsRoute(path: string, render: () => string | Promise<string>): Route {
  return {
    path,
    methods: ["GET"],
    handler: async ({ response }) => {
      const text = await render();
      response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(text);
    },
  };
}
