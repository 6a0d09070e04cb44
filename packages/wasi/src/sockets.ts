import type { ByteSink, ByteSource } from "./streams.ts";

/** A connected stream socket given to a guest: both directions as streams, with the rules of `ByteSource` and `ByteSink`. */
export interface StreamSocket extends ByteSource, ByteSink {
  readonly kind: "stream";
  /** Ends one or both directions. Errors with a POSIX `code` (`"ENOTCONN"`) reach the guest as that errno. */
  shutdown(directions: { readonly read: boolean; readonly write: boolean }): void;
  /** Called once, when the guest closes its last descriptor or ends. */
  close(): void;
}

/** A listening socket given to a guest. */
export interface ListeningSocket {
  readonly kind: "listener";
  /** The next connection; called again only after the one before was answered. */
  accept(): StreamSocket | Promise<StreamSocket>;
  close(): void;
}

/** A socket that a guest finds open when it starts. */
export type PreopenedSocket = StreamSocket | ListeningSocket;
