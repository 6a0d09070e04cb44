import type { Socket } from "node:net";
import type { StreamSocket } from "@wherry/wasi";

/** An error that guests see as the errno of its code. */
function socketError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

const nothing: Uint8Array = new Uint8Array(0);

/**
 * A TCP connection as a guest's socket, with the behaviour of Linux: both directions end apart from each other, an error of the
 * connection is told once, and what was written before `close` still goes out.
 *
 * Nothing is read from the network beyond one buffer of Node's that the guest has not taken, and `write` makes the guest wait
 * once as much waits to be sent.
 */
export class Connection implements StreamSocket {
  readonly kind = "stream";
  readonly #socket: Socket;
  readonly #lingerMs: number;
  readonly #wake: () => void;
  #wakers: (() => void)[] = [];
  #failure: Error | undefined;
  #readEnded = false;
  #writeEnded = false;
  #closed = false;

  /**
   * @param socket one that allows half-open connections, and from which nothing was read
   * @param lingerMs how long the peer may take nothing of what is left to send after `close`
   */
  constructor(socket: Socket, lingerMs: number) {
    this.#socket = socket;
    this.#lingerMs = lingerMs;
    this.#wake = () => {
      const wakers = this.#wakers;
      this.#wakers = [];
      for (const waker of wakers) waker();
    };
    socket.on("error", (error) => {
      this.#failure = error;
    });
    for (const event of ["readable", "end", "drain", "close"]) socket.on(event, this.#wake);
  }

  read(maxBytes: number): Uint8Array | Promise<Uint8Array> {
    return this.#take(maxBytes) ?? this.#until(() => this.#take(maxBytes));
  }

  readable(): number | Promise<number> {
    return this.#available() ?? this.#until(() => this.#available());
  }

  write(bytes: Uint8Array): void | Promise<void> {
    this.#throwFailure();
    if (this.#writeEnded || !this.#socket.writable) throw socketError("EPIPE", "The connection takes no more bytes");
    // Copied, because the guest may change its memory before they are sent.
    if (this.#socket.write(Buffer.from(bytes))) return undefined;
    return this.#until(() => {
      if (this.#socket.writableNeedDrain && !this.#socket.destroyed) return undefined;
      this.#throwFailure();
      return true;
    }).then(() => undefined);
  }

  shutdown({ read, write }: { readonly read: boolean; readonly write: boolean }): void {
    if (this.#socket.destroyed) throw socketError("ENOTCONN", "The connection has ended");
    if (write && !this.#writeEnded) {
      this.#writeEnded = true;
      this.#socket.end();
    }
    if (read) {
      this.#readEnded = true;
      this.#wake();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#readEnded = true;
    this.#socket.removeListener("readable", this.#wake);
    this.#wake();
    this.#socket.setTimeout(this.#lingerMs, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }

  /** Bytes for a read, none at the end; undefined while a read has to wait. */
  #take(maxBytes: number): Uint8Array | undefined {
    const available = this.#available();
    if (available === undefined) return undefined;
    if (available > 0) return (this.#socket.read(Math.min(available, maxBytes)) as Buffer | null) ?? nothing;
    this.#throwFailure();
    return nothing;
  }

  #available(): number | undefined {
    if (this.#readEnded) return 0;
    const { readableLength } = this.#socket;
    if (readableLength > 0) return readableLength;
    if (this.#failure !== undefined || this.#socket.readableEnded || this.#socket.destroyed) return 0;
    // Asks the network for more; at the end of the stream it makes Node say so.
    this.#socket.read(0);
    return undefined;
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
      const found = look();
      if (found !== undefined) return found;
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    if (failure === undefined) return;
    this.#failure = undefined;
    throw failure;
  }
}
