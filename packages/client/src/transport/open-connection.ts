import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import type { TLSSocket } from "node:tls";
import { TransportError } from "../errors.ts";
import { type DialOptions, dial, type TlsTarget } from "./dial.ts";
import { Http2Connection, type Http2ConnectionOptions } from "./http2-connection.ts";

export interface OpenConnectionOptions extends DialOptions, Http2ConnectionOptions {
  readonly target: TlsTarget;
}

const mebibyte = 2 ** 20;

/**
 * Connects to `target` and waits for the server's HTTP/2 settings; undefined if the server chose HTTP/1.1.
 *
 * Rejects with a `TransportError` of kind `dial`.
 */
export async function openConnection(options: OpenConnectionOptions): Promise<Http2Connection | undefined> {
  const socket = await dial(options.target, options);
  if (socket.alpnProtocol !== "h2") {
    socket.destroy();
    return undefined;
  }
  const { authority, clock, signal, timeoutMs } = options;
  const connection = new Http2Connection(openSession(socket, authority), socket, options);
  const onAbort = () => connection.destroy(new Error("aborted"));
  signal.addEventListener("abort", onAbort, { once: true });
  const cancelTimer = clock.setTimer(timeoutMs, () =>
    connection.destroy(new Error(`no HTTP/2 settings in ${timeoutMs} ms`)),
  );
  try {
    if (signal.aborted) onAbort();
    await connection.ready;
    return connection;
  } catch (error) {
    throw new TransportError("dial", `Cannot connect to ${authority}`, { cause: error });
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
  }
}

function openSession(socket: TLSSocket, authority: string): ClientHttp2Session {
  const session = connectHttp2(`https://${authority}`, {
    createConnection: () => socket,
    // Large enough that lists need not wait for window updates.
    settings: { enablePush: false, initialWindowSize: 4 * mebibyte },
    maxSessionMemory: 256,
    maxSendHeaderBlockLength: mebibyte,
  });
  session.setLocalWindowSize(64 * mebibyte);
  return session;
}
