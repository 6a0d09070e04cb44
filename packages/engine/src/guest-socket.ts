/** Where a listening socket takes connections. */
export interface SocketAddress {
  /** IP address of the node. */
  readonly address: string;
  readonly port: number;
}

/** A listening TCP socket that a guest finds open when it starts. */
export interface GuestSocket {
  /** What `LISTEN_FDNAMES` calls it: without `:`, spaces and control characters. */
  readonly name: string;
  /** At least one; the connections of all of them come out of the one socket. */
  readonly listen: readonly SocketAddress[];
}
