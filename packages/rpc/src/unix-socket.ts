import { chmodSync, closeSync, constants, lstatSync, openSync, unlinkSync } from "node:fs";
import { connect, type Server, type Socket } from "node:net";
import { basename, dirname } from "node:path";
import { abortReason, errorCode } from "@wherry/base";
import { RpcError } from "./errors.ts";

/** Longest path in a Linux socket address, without the closing NUL (unix(7)). */
const maxPathBytes = 107;

/**
 * Connects to a unix socket. Rejects with `RpcError` of code `Unavailable` when nobody listens there.
 *
 * Paths beyond the 107 bytes of a socket address work where /proc is mounted.
 */
export function connectUnix(path: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Socket> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const address = openAddress(path, "connect to");
    const socket = connect(address.path);
    const finish = () => {
      address.close();
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = () => {
      finish();
      socket.destroy();
      reject(abortReason(signal));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("error", (error) => {
      finish();
      reject(
        new RpcError("Unavailable", `Cannot connect to socket "${path}": ${errorCode(error) ?? error.message}`, {
          cause: error,
        }),
      );
    });
    socket.once("connect", () => {
      finish();
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

export interface ListenOptions {
  /** Permission bits of the socket file. @default 0o600 */
  readonly mode?: number;
}

/**
 * Makes `server` listen on a unix socket and resolves to a function that stops it and removes the file.
 *
 * A file left behind by a process that was killed is found by a refused connection and replaced; a live listener is not:
 * that rejects with `RpcError` of code `AlreadyExists`. The directory must not be writable by others.
 */
export async function listenUnix(
  server: Server,
  path: string,
  options: ListenOptions = {},
): Promise<() => Promise<void>> {
  const address = openAddress(path, "listen on");
  try {
    await listen(server, address.path).catch(async (error: unknown) => {
      if (errorCode(error) !== "EADDRINUSE") throw error;
      await unlinkStale(path);
      await listen(server, address.path);
    });
    chmodSync(path, options.mode ?? 0o600);
  } catch (error) {
    server.close();
    address.close();
    if (error instanceof RpcError) throw error;
    throw new RpcError("Unavailable", `Cannot listen on socket "${path}": ${errorCode(error) ?? String(error)}`, {
      cause: error,
    });
  }
  return () =>
    new Promise((resolve) => {
      server.close(() => {
        address.close();
        resolve();
      });
    });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function unlinkStale(path: string): Promise<void> {
  try {
    const socket = await connectUnix(path);
    socket.destroy();
  } catch (error) {
    const code = errorCode(error instanceof Error ? error.cause : undefined);
    if (code !== "ECONNREFUSED" && code !== "ENOENT") throw error;
    if (code === "ENOENT") return;
    // A connection to a plain file is refused as well.
    if (!lstatSync(path).isSocket()) {
      throw new RpcError("AlreadyExists", `Cannot listen on socket "${path}": the file there is no socket`);
    }
    unlinkSync(path);
    return;
  }
  throw new RpcError("AlreadyExists", `Cannot listen on socket "${path}": another process listens there`);
}

/** A path that fits into a socket address; a long one goes through an open handle of its directory. */
function openAddress(path: string, action: string): { path: string; close: () => void } {
  if (path.includes("\0"))
    throw new RpcError("InvalidArgument", `Cannot ${action} socket "${path}": path contains NUL`);
  if (Buffer.byteLength(path) <= maxPathBytes) return { path, close: () => undefined };
  let directory: number | undefined;
  try {
    directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new RpcError("Unavailable", `Cannot ${action} socket "${path}": ${errorCode(error)}`, { cause: error });
  }
  const handle = directory;
  const short = `/proc/self/fd/${handle}/${basename(path)}`;
  if (Buffer.byteLength(short) > maxPathBytes || process.platform !== "linux") {
    closeSync(handle);
    throw new RpcError(
      "InvalidArgument",
      `Cannot ${action} socket "${path}": longer than the ${maxPathBytes} bytes a socket address holds`,
    );
  }
  return { path: short, close: () => closeSync(handle) };
}
