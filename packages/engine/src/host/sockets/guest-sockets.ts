import type { Socket } from "node:net";
import type { GuestSocket } from "../../guest-socket.ts";
import { Listener } from "./listener.ts";

export interface GuestSocketsOptions {
  /** How long the peer of a closed connection may take nothing of what is left to send. @default 10 s */
  readonly lingerMs?: number | undefined;
}

const defaultLingerMs = 10_000;

/** All listening sockets of one guest and their connections. */
export class GuestSockets {
  /** In the order of the specification. */
  readonly listeners: readonly Listener[];
  readonly #open: Set<Socket>;

  private constructor(listeners: readonly Listener[], open: Set<Socket>) {
    this.listeners = listeners;
    this.#open = open;
  }

  /** Opens all sockets or none; rejects as `Listener.open` does. */
  static async open(specs: readonly GuestSocket[], options: GuestSocketsOptions = {}): Promise<GuestSockets> {
    const open = new Set<Socket>();
    const onConnection = (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    };
    const listeners: Listener[] = [];
    try {
      for (const spec of specs) {
        listeners.push(await Listener.open(spec, { lingerMs: options.lingerMs ?? defaultLingerMs, onConnection }));
      }
    } catch (error) {
      for (const listener of listeners) listener.close();
      throw error;
    }
    return new GuestSockets(listeners, open);
  }

  /** Stops listening; connections are left to the guest. Idempotent. */
  close(): void {
    for (const listener of this.listeners) listener.close();
  }

  /** Connections that are open, or still have something to send after the guest closed them. */
  get connections(): number {
    return this.#open.size;
  }

  /**
   * Resolves when no connection is open any more: the guest, or its end, has closed them, and what it wrote has been sent or
   * its peer took nothing of it for too long.
   */
  async flushed(): Promise<void> {
    await Promise.all([...this.#open].map((socket) => new Promise<void>((resolve) => socket.once("close", resolve))));
  }
}
