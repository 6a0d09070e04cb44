import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { errorCode, errorMessage, type Logger, silentLogger } from "@wherry/base";
import { ControlPlaneError } from "../errors.ts";
import { BlobFiles } from "./blob-files.ts";
import { ManifestTable } from "./manifest-table.ts";
import { RegistryError } from "./registry-error.ts";
import { handleRegistryRequest, type RegistryParts, sendJson } from "./registry-routes.ts";

export interface RegistryOptions {
  /** Directory of all content; made, with mode 0700, when missing. */
  readonly directory: string;
  /** Port on 127.0.0.1; 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  readonly logger?: Logger | undefined;
}

/** An OCI registry for this machine's own images. */
export interface Registry extends AsyncDisposable {
  /** `localhost:PORT`, as references name it. */
  readonly address: string;
}

/**
 * Starts a registry of the OCI distribution specification on loopback, over plain HTTP and without authentication, as image tools
 * expect of `localhost`.
 *
 * Rejects with `ControlPlaneError` of code `ADDRESS_IN_USE` when another process has the port.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { directory, port = 0, logger = silentLogger } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const parts: RegistryParts = {
    blobs: await BlobFiles.open(directory),
    manifests: new ManifestTable(join(directory, "registry.db")),
  };
  const server = createServer(
    { requestTimeout: 0 },
    (request, response) => void answer(parts, request, response, logger),
  );
  try {
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
  } catch (error) {
    parts.manifests[Symbol.dispose]();
    throw listenError(error, port);
  }
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await close(server);
      parts.manifests[Symbol.dispose]();
    },
  };
}

async function answer(
  parts: RegistryParts,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  try {
    // A page in a browser could else reach it under a name of its own that resolves to loopback.
    if (!isLoopbackHost(request.headers.host))
      throw new RegistryError(403, "DENIED", "this registry answers only to its loopback address");
    await handleRegistryRequest(parts, request, response);
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    if (error instanceof RegistryError) {
      for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
      sendJson(response, error.status, { errors: [{ code: error.code, message: error.message }] });
    } else {
      logger.error("Registry request failed", {
        method: request.method,
        path: request.url,
        error: errorMessage(error),
      });
      const full = errorCode(error) === "ENOSPC";
      sendJson(response, full ? 507 : 500, {
        errors: [{ code: "UNSUPPORTED", message: full ? "no space is left on the device" : "internal error" }],
      });
    }
  }
}

function isLoopbackHost(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name ?? "");
}

function listenError(error: unknown, port: number): unknown {
  if (errorCode(error) !== "EADDRINUSE") return error;
  return new ControlPlaneError(
    "ADDRESS_IN_USE",
    `Cannot start the registry: port ${port} of 127.0.0.1 is in use; choose another port or end what listens there`,
    { cause: error },
  );
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
