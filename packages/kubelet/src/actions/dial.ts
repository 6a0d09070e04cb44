import { connect, isIPv6, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ActionError } from "../errors.ts";
import type { ActionOptions, NetworkTarget } from "./container-actions.ts";

/** `host:port`, with brackets around an IPv6 address. */
export function joinHostPort({ host, port }: NetworkTarget): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What a failed connection is called in Go, e.g. `dial tcp 10.0.0.1:80: connect: connection refused`. */
export function dialFailure(target: NetworkTarget, error: unknown): ActionError {
  return new ActionError("Failed", `dial tcp ${joinHostPort(target)}: ${describe(error)}`, { cause: error });
}

/** What a connection that broke off is called: `EOF`, `connection reset by peer` or what the system says. */
export function brokenFailure(error: unknown): ActionError {
  return new ActionError("Failed", describe(error).replace(/^connect: /, "read: "), { cause: error });
}

/** Connects and closes at once. Resets the connection rather than leaving it to linger: probes make very many of them. */
export function tcpConnect(target: NetworkTarget, { signal }: ActionOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(timeout(target));
    const socket = connect({ host: target.host, port: target.port });
    const onAbort = () => end(() => reject(timeout(target)));
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      discard(socket);
      settle();
    };
    socket.once("connect", () => end(resolve));
    socket.once("error", (error) => end(() => reject(dialFailure(target, error))));
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Gives a socket up whatever its state; what it still reports is nobody's business. */
export function discard(socket: Socket): void {
  socket.removeAllListeners("error");
  socket.on("error", ignore);
  // TLS sockets cannot be reset.
  if (socket.connecting || socket.pending || socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function ignore(): void {}

function timeout(target: NetworkTarget): ActionError {
  return new ActionError("Timeout", `dial tcp ${joinHostPort(target)}: i/o timeout`);
}

const systemErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "connect: connection reset by peer",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  EADDRNOTAVAIL: "connect: cannot assign requested address",
  EPIPE: "write: broken pipe",
  ETIMEDOUT: "connect: connection timed out",
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Both families of a name were tried.
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  const { code, hostname } = error as NodeJS.ErrnoException & { readonly hostname?: string };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `lookup ${hostname ?? ""}: no such host`;
  return systemErrors[code ?? ""] ?? error.message;
}
