import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import { ActionError } from "../errors.ts";
import type { NetworkTarget } from "./container-actions.ts";
import { brokenFailure, dialFailure, discard } from "./dial.ts";
import type { HttpRequest } from "./http-request.ts";
import { HttpResponseParser } from "./http-response-parser.ts";

/** A response, and where it wants to send the client. */
export interface HttpAnswer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

// Shared by all sockets: what a read puts into it is copied before the next one begins.
const readBuffer = Buffer.alloc(16 * 1024);

let secureContext: SecureContext | undefined;

/**
 * Sends one GET on a connection of its own and reads the answer; certificates are not verified.
 *
 * Written on sockets, because Node's HTTP client costs more than the connection itself, and probes are many. Rejects with
 * `ActionError`: `Timeout` when `signal` aborts, `PlainHttp` when the server of an `https:` URL speaks HTTP, `Failed` otherwise.
 */
export function httpExchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const target = targetOf(request.url);
    const parser = new HttpResponseParser();
    let connected = false;
    let ended = false;
    const end = (settle: () => void) => {
      if (ended) return;
      ended = true;
      signal.removeEventListener("abort", onAbort);
      discard(socket);
      settle();
    };
    const fail = (error: unknown) => end(() => reject(error));
    const succeed = () => {
      const { head, body } = parser;
      end(() => resolve({ status: head?.status ?? 0, location: head?.location, body }));
    };
    const onAbort = () =>
      fail(new ActionError("Timeout", "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"));
    const read = (bytes: Buffer) => {
      try {
        if (!ended && parser.write(bytes)) succeed();
      } catch (error) {
        fail(error);
      }
    };
    const socket = open(request.url, target, read);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once(request.url.protocol === "https:" ? "secureConnect" : "connect", () => {
      connected = true;
    });
    socket.once("error", (error) => fail(failure(error, target, connected)));
    socket.once("end", () => {
      try {
        parser.end();
        succeed();
      } catch (error) {
        fail(error);
      }
    });
    socket.once("close", () => {
      // An error is dear where nobody gets it.
      if (!ended) fail(new ActionError("Failed", "EOF"));
    });
    socket.write(requestText(request), "latin1");
  });
}

function open(url: URL, target: NetworkTarget, read: (bytes: Buffer) => void): Socket {
  if (url.protocol === "http:") {
    const callback = (sizeBytes: number) => {
      read(Buffer.from(readBuffer.subarray(0, sizeBytes)));
      return true;
    };
    return connectTcp({ host: target.host, port: target.port, onread: { buffer: readBuffer, callback } });
  }
  secureContext ??= createSecureContext({ ca: [] });
  const socket = connectTls({
    host: target.host,
    port: target.port,
    secureContext,
    // As upstream: what a pod's server presents is seldom signed by anyone the node knows.
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(target.host) === 0 && { servername: target.host }),
  });
  socket.on("data", read);
  return socket;
}

function requestText({ url, headers }: HttpRequest): string {
  let host = url.host;
  let lines = "";
  for (const [name, value] of headers) {
    if (name.toLowerCase() === "host") host = value || host;
    else if (!/^(?:connection|content-length|transfer-encoding)$/i.test(name)) lines += `${name}: ${value}\r\n`;
  }
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${host}\r\n${lines}Connection: close\r\n\r\n`;
}

function targetOf(url: URL): NetworkTarget {
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function failure(error: NodeJS.ErrnoException, target: NetworkTarget, connected: boolean): ActionError {
  const broken = tlsReason(error);
  // What OpenSSL makes of bytes that are no TLS record, as those of an HTTP response.
  if (broken === "wrong version number" || broken === "packet length too long")
    return new ActionError("PlainHttp", "http: server gave HTTP response to HTTPS client", { cause: error });
  if (broken !== undefined) return new ActionError("Failed", `tls: ${broken}`, { cause: error });
  return connected || error.syscall === "read" ? brokenFailure(error) : dialFailure(target, error);
}

/** OpenSSL's reason where TLS itself failed; Node gives it in the middle of a message. */
function tlsReason(error: NodeJS.ErrnoException & { readonly reason?: string }): string | undefined {
  const { code = "", reason, message } = error;
  if (code !== "EPROTO" && !/^ERR_(?:SSL|TLS)_/.test(code)) return undefined;
  return reason ?? /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}
