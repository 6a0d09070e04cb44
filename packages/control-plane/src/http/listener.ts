import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { errorCode } from "@wherry/base";
import { ControlPlaneError } from "../errors.ts";
import type { KeyedCertificate } from "../pki/issue-certificate.ts";
import { HttpExchange } from "./http-exchange.ts";

export interface ListenerOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly serving: KeyedCertificate;
  /** PEM of the authority whose client certificates are believed. */
  readonly clientAuthority: string;
  readonly handle: (exchange: HttpExchange) => Promise<void>;
}

const host = "127.0.0.1";
const maxStreams = 1000;
/** What unread answers of one connection may hold; a watch that is not read holds about 256 KiB of it. */
const maxSessionMegabytes = 128;

/** An HTTPS listener on loopback that speaks HTTP/2 and, for upgrades and old clients, HTTP/1.1. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Http2SecureServer;
  readonly #sessions: Set<ServerHttp2Session> = new Set();
  readonly #sockets: Set<Socket> = new Set();

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      allowHTTP1: true,
      cert: options.serving.certificate,
      key: options.serving.key,
      ca: options.clientAuthority,
      // Who has no certificate may still show a token; the authenticator looks at what was verified.
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
      settings: { maxConcurrentStreams: maxStreams },
      maxSessionMemory: maxSessionMegabytes,
    });
    this.#server.on("request", (request, response) => {
      // A peer that resets its stream is told of through `close`; without a listener the error would end the process.
      response.stream?.on("error", () => undefined);
      response.on("error", () => undefined);
      void options.handle(new HttpExchange(request, response));
    });
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
      session.on("error", () => undefined);
    });
    this.#server.on("secureConnection", (socket) => {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
    });
  }

  /** Begins to listen and gives the port; throws ControlPlaneError. */
  listen(): Promise<number> {
    const { port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => reject(listenErrorFrom(error, host, port, "API server")));
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A listen error in our words. */
export function listenErrorFrom(error: unknown, address: string, port: number, what: string): ControlPlaneError {
  if (errorCode(error) === "EADDRINUSE") {
    return new ControlPlaneError(
      "ADDRESS_IN_USE",
      `Cannot start the ${what}: port ${port} of ${address} is in use; choose another port or end what listens there`,
      { cause: error },
    );
  }
  return new ControlPlaneError("ADDRESS_IN_USE", `Cannot start the ${what} on ${address}:${port}`, { cause: error });
}
