import { constants } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { aborted, errorCode, type Logger } from "@wherry/base";
import { KubeletError } from "../errors.ts";

const hourMs = 3_600_000;

/** What the server proves itself with, and what it checks client certificates against. */
export interface ServerTls {
  /** PEM, the server's own certificate first. */
  readonly certificate: string;
  readonly privateKey: string;
  /** PEM bundle; without it no client certificate is asked for. */
  readonly clientCertificateAuthority?: string | undefined;
  /** `tlsMinVersion`. @default "TLSv1.2" */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** OpenSSL names. @default Node's */
  readonly ciphers?: readonly string[] | undefined;
}

export interface KubeletServerOptions {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls: ServerTls;
  readonly handle: (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

/** The kubelet's HTTPS server (port 10250 by default): HTTP/1.1, limits and timeouts as upstream. */
export class KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #server: Server;
  readonly #stopping: AbortController = new AbortController();

  constructor(options: KubeletServerOptions) {
    this.#options = options;
    const { tls, logger } = options;
    this.#server = createServer(
      {
        ...secureContext(tls),
        requestCert: tls.clientCertificateAuthority !== undefined,
        // Who has no certificate may have a token; the authenticator decides.
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
        maxHeaderSize: 2 ** 20,
        requestTimeout: 4 * hourMs,
        headersTimeout: 60_000,
        keepAliveTimeout: 90_000,
        // Finds out about clients that vanished while they followed a silent log.
        keepAlive: true,
        keepAliveInitialDelay: 30_000,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.on("tlsClientError", (error) => logger.debug("TLS handshake failed", { error: error.message }));
    this.#server.on("clientError", (_error, socket) => {
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
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
      throw listenError(error, address, port, "port");
    }
  }

  /** Uses another certificate or client CA from the next connection on. */
  useTls(tls: ServerTls): void {
    this.#server.setSecureContext(secureContext(tls));
  }

  /** Serves until `signal` aborts, then ends all connections. `listen` comes first. */
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

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    // A broken connection is seen by "close"; without a listener its error would end the process.
    response.on("error", () => undefined);
    await this.#options.handle(request, response, AbortSignal.any([gone.signal, this.#stopping.signal]));
  }
}

/** An error of `listen` in words that say what to change. */
export function listenError(error: unknown, address: string, port: number, field: string): unknown {
  const code = errorCode(error);
  const where = `${address}:${port}`;
  if (code === "EADDRINUSE")
    return new KubeletError(
      "PortInUse",
      `Cannot listen on ${where}: the port is in use by another process; give another one in ${field} of the KubeletConfiguration`,
      { cause: error },
    );
  if (code === "EACCES")
    return new KubeletError(
      "PortForbidden",
      `Cannot listen on ${where}: not permitted; give a port above 1023 in ${field} of the KubeletConfiguration`,
      {
        cause: error,
      },
    );
  if (code === "EADDRNOTAVAIL")
    return new KubeletError(
      "AddressInvalid",
      `Cannot listen on ${where}: the address is on no interface of this machine`,
      {
        cause: error,
      },
    );
  return error;
}

function secureContext(tls: ServerTls): SecureContextOptions {
  return {
    cert: tls.certificate,
    key: tls.privateKey,
    ...(tls.clientCertificateAuthority !== undefined && { ca: tls.clientCertificateAuthority }),
    minVersion: tls.minVersion ?? "TLSv1.2",
    ...(tls.ciphers !== undefined && tls.ciphers.length > 0 && { ciphers: tls.ciphers.join(":") }),
    // A resumed session would go on with a client CA that was replaced.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
