import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { aborted, type Logger } from "@wherry/base";
import { anonymousAuthenticator } from "./authenticator.ts";
import { alwaysAllow } from "./authorizer.ts";
import { type HealthCheck, healthRoutes } from "./health-checks.ts";
import { listenError } from "./kubelet-server.ts";
import { createRequestPipeline } from "./request-pipeline.ts";

export interface HealthzServerOptions {
  /** `healthzBindAddress`. */
  readonly address: string;
  /** `healthzPort`; 0 would take any free port: a configuration's 0 (off) is for the caller to heed. */
  readonly port: number;
  readonly checks: readonly HealthCheck[];
  readonly logger: Logger;
}

/** The plain HTTP server for `/healthz` that supervisors on the same machine ask (port 10248 by default). */
export class HealthzServer {
  readonly #options: HealthzServerOptions;
  readonly #server: Server;
  readonly #stopping: AbortController = new AbortController();

  constructor(options: HealthzServerOptions) {
    this.#options = options;
    const { checks, logger } = options;
    const handle = createRequestPipeline({
      routes: healthRoutes(checks, logger),
      authenticate: anonymousAuthenticator,
      authorize: alwaysAllow,
      logger,
    });
    this.#server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
      response.on("error", () => undefined);
      void handle(request, response, this.#stopping.signal);
    });
  }

  /** The port in use, once listening. */
  get port(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  /** Starts to listen. Rejects with `KubeletError` of code `PortInUse` when another process has the port. */
  async listen(): Promise<void> {
    const { address, port } = this.#options;
    this.#server.listen({ host: address, port });
    try {
      await once(this.#server, "listening");
    } catch (error) {
      throw listenError(error, address, port, "healthzPort");
    }
  }

  /** Serves until `signal` aborts. `listen` comes first. */
  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    await this.close();
  }

  /** Ends all connections and gives the port back; idempotent. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
