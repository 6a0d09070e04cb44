// Serves any number of connections on the listening sockets that the program finds open.
import { environment, exists, fail, trySend } from "./io.as";
import { chunk, chunkSize, fd_close, poll_oneoff, scratch, sock_accept, sock_recv, sock_shutdown } from "./wasi.as";

const firstSocket: u32 = 3;
const lookAgainMs: u64 = 50;

/** One peer, and what is known of it. */
export abstract class Connection {
  constructor(public fd: u32) {}
  /** Takes what was received, at most 64 KiB; false where the connection is to be closed. */
  abstract receive(bytes: Uint8Array): bool;

  /** Whether all was sent. */
  protected send(bytes: ArrayBuffer): bool {
    return trySend(this.fd, changetype<usize>(bytes), bytes.byteLength) == 0;
  }
}

export abstract class Server {
  /** Somebody connected to the socket of that name. */
  abstract connected(fd: u32, socket: string): Connection;
  /** Asked before each wait, at least every 50 ms. */
  abstract get isOpen(): bool;
}

/** Serves as long as the server is open, and then closes everything. */
export function serve(server: Server): void {
  const names = socketNames();
  if (names.length == 0) fail("serve: no sockets");
  let connections: Connection[] = [];
  while (server.isOpen) {
    const ready = awaitReady(names.length, connections);
    const closed = new Set<u32>();
    for (let i = 0; i < ready.length; i++) {
      const index = ready[i];
      if (index < names.length) {
        if (sock_accept(firstSocket + index, 0, scratch) == 0) {
          connections.push(server.connected(load<u32>(scratch), names[index]));
        }
      } else {
        const connection = connections[index - names.length];
        if (!receive(connection)) closed.add(connection.fd);
      }
    }
    connections = without(connections, closed);
  }
  for (let i = 0; i < connections.length; i++) fd_close(connections[i].fd);
  for (let i = 0; i < names.length; i++) fd_close(firstSocket + i);
}

/** Echoes, while a file exists. */
export class EchoServer extends Server {
  constructor(private path: string) {
    super();
  }
  connected(fd: u32, _socket: string): Connection {
    return new EchoConnection(fd);
  }
  get isOpen(): bool {
    return exists(this.path);
  }
}

class EchoConnection extends Connection {
  receive(bytes: Uint8Array): bool {
    return this.send(bytes.buffer);
  }
}

/** The sockets' names. */
function socketNames(): string[] {
  const all = environment();
  for (let i = 0; i < all.length; i++) {
    if (all[i].startsWith("LISTEN_FDNAMES=")) return all[i].slice(15).split(":");
  }
  return [];
}

/** The sockets that have something to accept, and the connections, counted on from those, that have something to receive. */
function awaitReady(sockets: i32, connections: Connection[]): i32[] {
  const count = sockets + connections.length;
  const subscriptions = new ArrayBuffer((count + 1) * 48);
  const events = new ArrayBuffer((count + 1) * 32);
  for (let i = 0; i < count; i++) {
    const at = changetype<usize>(subscriptions) + i * 48;
    store<u64>(at, i);
    store<u8>(at, 1, 8); // readable
    store<u32>(at, i < sockets ? firstSocket + i : connections[i - sockets].fd, 16);
  }
  const timer = changetype<usize>(subscriptions) + count * 48;
  store<u64>(timer, count);
  store<u32>(timer, 1, 16); // the monotonic clock
  store<u64>(timer, lookAgainMs * 1_000_000, 24);
  if (poll_oneoff(changetype<usize>(subscriptions), changetype<usize>(events), count + 1, scratch) != 0) fail("serve: poll");
  const ready: i32[] = [];
  for (let i: u32 = 0; i < load<u32>(scratch); i++) {
    const index = <i32>load<u64>(changetype<usize>(events) + i * 32);
    if (index < count) ready.push(index);
  }
  return ready;
}

/** Whether the connection goes on. */
function receive(connection: Connection): bool {
  const fd = connection.fd;
  store<u32>(scratch, <u32>chunk);
  store<u32>(scratch, chunkSize, 4);
  if (sock_recv(fd, scratch, 1, 0, scratch + 8, scratch + 12) != 0) return false;
  const bytes = new Uint8Array(load<u32>(scratch, 8));
  if (bytes.length == 0) return false;
  memory.copy(bytes.dataStart, chunk, bytes.length);
  return connection.receive(bytes);
}

function without(connections: Connection[], closed: Set<u32>): Connection[] {
  if (closed.size == 0) return connections;
  const open: Connection[] = [];
  for (let i = 0; i < connections.length; i++) {
    const fd = connections[i].fd;
    if (!closed.has(fd)) open.push(connections[i]);
    else {
      sock_shutdown(fd, 2);
      fd_close(fd);
    }
  }
  return open;
}
