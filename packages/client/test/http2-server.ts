import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

import { type ClientOptions, type ClusterConfig, createClient, type KubernetesClient } from "../src/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** An HTTP/2 server on loopback whose answers a test decides. */
export class TestServer implements AsyncDisposable {
  readonly authority: CertificateAuthority = new CertificateAuthority();
  readonly sessions: ServerHttp2Session[] = [];
  readonly streams: { stream: ServerHttp2Stream; headers: IncomingHttpHeaders }[] = [];
  handler: StreamHandler = (stream) => answerJson(stream, 200, { kind: "Node" });
  #server: Http2SecureServer;
  readonly #clients: KubernetesClient[] = [];
  readonly #options: SecureServerOptions;

  constructor(options: SecureServerOptions = {}) {
    const { certificate, key } = this.authority.issue("server");
    this.#options = { cert: certificate, key, ca: this.authority.certificate, ...options };
    this.#server = this.#create();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", () => resolve()));
    return this;
  }

  /** Stops as a crashed server does, without a word, and starts again on the same port when the answer is called. */
  async crash(): Promise<() => Promise<void>> {
    const { port } = this;
    await this.#stop();
    return async () => {
      this.#server = this.#create();
      await this.listen(port);
    };
  }

  config(more: Partial<ClusterConfig> = {}): ClusterConfig {
    return { server: `https://127.0.0.1:${this.port}`, certificateAuthority: this.authority.certificate, ...more };
  }

  client(options: ClientOptions = {}, config: Partial<ClusterConfig> = {}): KubernetesClient {
    const client = createClient(this.config(config), { qps: 0, ...options });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#stop();
  }

  #create(): Http2SecureServer {
    const server = createSecureServer(this.#options);
    server.on("session", (session) => {
      this.sessions.push(session);
      session.on("error", () => undefined);
    });
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on("error", () => undefined);
      this.streams.push({ stream, headers });
      this.handler(stream, headers);
    });
    return server;
  }

  async #stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export function answerJson(
  stream: ServerHttp2Stream,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  stream.respond({ ":status": status, "content-type": "application/json", ...headers });
  stream.end(JSON.stringify(body));
}

/** Starts an answer without end, as a watch is. */
export function openWatch(stream: ServerHttp2Stream): void {
  stream.respond({ ":status": 200, "content-type": "application/json" });
  stream.write(
    `${JSON.stringify({ type: "BOOKMARK", object: { kind: "Node", metadata: { resourceVersion: "1" } } })}\n`,
  );
}

/** A TCP forwarder that misbehaves on request, as networks do. */
export class Wire implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  readonly #held: (() => void)[] = [];
  readonly #refusal: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #hold: PromiseWithResolvers<void> = Promise.withResolvers();
  #mode: "open" | "cut" | "hold" = "open";
  #refusing = false;
  #generation = 0;
  /** Resolves when a connection was refused. */
  readonly refused: Promise<void> = this.#refusal.promise;
  /** Resolves when something is held back. */
  readonly holding: Promise<void> = this.#hold.promise;

  constructor(targetPort: number) {
    this.#server = createServer((near) => {
      if (this.#refusing) {
        near.destroy();
        this.#refusal.resolve();
        return;
      }
      const far = connect(targetPort, "127.0.0.1");
      this.#forward(near, far, this.#generation);
      this.#forward(far, near, this.#generation);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", () => resolve()));
    return this;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Loses everything from now on, without closing. */
  cut(): void {
    this.#mode = "cut";
  }

  /** Lets later bytes through again. */
  mend(): void {
    this.#mode = "open";
  }

  /** Closes new connections at once. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Keeps everything back from now on. */
  hold(): void {
    this.#mode = "hold";
  }

  /** Lets connections made from now on through. */
  letNewThrough(): void {
    this.#generation++;
  }

  /** Delivers what was kept back. */
  release(): void {
    this.#mode = "open";
    for (const deliver of this.#held.splice(0)) deliver();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #forward(from: Socket, to: Socket, generation: number): void {
    this.#sockets.add(from);
    from.on("data", (chunk) => {
      if (this.#mode === "open" || (this.#mode === "hold" && generation > 0)) to.write(chunk);
      else if (this.#mode === "hold") {
        this.#held.push(() => to.write(chunk));
        this.#hold.resolve();
      }
    });
    from.on("error", () => undefined);
    from.on("close", () => to.destroy());
  }
}

/** Resolves when `condition` holds, looking again after each turn of the event loop. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
}
