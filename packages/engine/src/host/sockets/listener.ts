import { createServer, type Server, type Socket } from "node:net";
import { errorCode } from "@wherry/base";
import type { ListeningSocket } from "@wherry/wasi";
import type { GuestSocket, SocketAddress } from "../../guest-socket.ts";
import { Connection } from "./connection.ts";

/** Connections that may wait for the guest to accept them. The kernel holds more while the guest computes. */
export const maxWaiting = 128;
/** A guest cannot ask for probes of a silent peer, and a dead one would hold its descriptor for ever. */
const keepAliveDelayMs = 60_000;

export interface ListenerOptions {
  /** How long the peer of a closed connection may take nothing of what is left to send. */
  readonly lingerMs: number;
  /** Told of each connection that was opened. */
  readonly onConnection: (socket: Socket) => void;
}

/**
 * A guest's listening socket on one or several addresses.
 *
 * Up to `maxWaiting` connections wait until the guest accepts them, and nothing is read from these; the ones beyond are reset.
 */
export class Listener implements ListeningSocket {
  readonly kind = "listener";
  readonly #options: ListenerOptions;
  readonly #servers: Server[] = [];
  readonly #waiting: Socket[] = [];
  #accepting: PromiseWithResolvers<Connection> | undefined;
  #closed = false;

  private constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Listens on all addresses of `spec`, or on none: rejects then with an error that names the socket and the address and has the
   * code of the cause, such as `EADDRINUSE`.
   */
  static async open(spec: GuestSocket, options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    try {
      for (const address of spec.listen) await listener.#listen(spec.name, address);
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
  }

  /** Where it listens: for port 0 the port that was taken. */
  get addresses(): readonly SocketAddress[] {
    return this.#servers.map((server) => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("The socket has been closed");
      return { address: address.address, port: address.port };
    });
  }

  accept(): Connection | Promise<Connection> {
    const socket = this.#waiting.shift();
    if (socket !== undefined) return this.#connection(socket);
    this.#accepting ??= Promise.withResolvers();
    return this.#accepting.promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#waiting.splice(0)) socket.resetAndDestroy();
  }

  async #listen(name: string, { address, port }: SocketAddress): Promise<void> {
    const server = createServer(
      {
        allowHalfOpen: true,
        // Bytes of a connection stay in the kernel until the guest has accepted it.
        pauseOnConnect: true,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: keepAliveDelayMs,
      },
      (socket) => this.#connected(socket),
    );
    const listening = Promise.withResolvers<void>();
    server.once("error", listening.reject);
    server.listen({ host: address, port, exclusive: true }, listening.resolve);
    try {
      await listening.promise;
    } catch (error) {
      const code = errorCode(error);
      throw Object.assign(
        new Error(`Cannot listen on ${address}:${port} for port "${name}": ${explain(code, error)}`, { cause: error }),
        { code },
      );
    }
    server.off("error", listening.reject);
    server.on("error", (error) => this.#failed(error));
    this.#servers.push(server);
  }

  #connected(socket: Socket): void {
    if (this.#closed || this.#waiting.length >= maxWaiting) {
      socket.resetAndDestroy();
      return;
    }
    // Errors are told to the guest once it has accepted.
    socket.on("error", () => undefined);
    this.#options.onConnection(socket);
    const accepting = this.#accepting;
    this.#accepting = undefined;
    if (accepting === undefined) this.#waiting.push(socket);
    else accepting.resolve(this.#connection(socket));
  }

  /** A connection that could not be taken, for example for want of descriptors: the guest's if it waits for one. */
  #failed(error: Error): void {
    const accepting = this.#accepting;
    this.#accepting = undefined;
    accepting?.reject(error);
  }

  #connection(socket: Socket): Connection {
    return new Connection(socket, this.#options.lingerMs);
  }
}

function explain(code: string | undefined, error: unknown): string {
  switch (code) {
    case "EADDRINUSE":
      return "something else listens there already (EADDRINUSE)";
    case "EADDRNOTAVAIL":
      return "this machine has no such address (EADDRNOTAVAIL)";
    case "EACCES":
      return "the node may not open this port (EACCES); ports below net.ipv4.ip_unprivileged_port_start need root";
    default:
      return code ?? (error instanceof Error ? error.message : String(error));
  }
}
