import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from "node:tls";

import { abortReason, type Clock } from "@wherry/base";

import { TransportError } from "../errors.ts";
import type { TlsIdentity } from "./transport.ts";

/** How the server is reached and recognised. */
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** PEM bundle that signs the server's certificate; undefined trusts the system's authorities. */
  readonly certificateAuthority?: string | undefined;
  /** Name to ask for and to check instead of the host. */
  readonly serverName?: string | undefined;
  /** Accepts any certificate. */
  readonly insecureSkipVerify?: boolean | undefined;
}

export interface DialOptions {
  readonly identity: TlsIdentity | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Opens a TLS connection that has offered HTTP/2 and HTTP/1.1; rejects with a `TransportError` of kind `dial`. */
export function dial(target: TlsTarget, options: DialOptions): Promise<TLSSocket> {
  const { clock, signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const address = `${target.host}:${target.port}`;
    let socket: TLSSocket;
    const fail = (cause: unknown) => {
      release();
      socket?.destroy();
      reject(new TransportError("dial", `Cannot connect to ${address}`, { cause }));
    };
    const onAbort = () => fail(abortReason(signal));
    const cancelTimer = clock.setTimer(timeoutMs, () => fail(new Error(`no connection in ${timeoutMs} ms`)));
    const release = () => {
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      socket?.off("close", onClose);
    };
    const onClose = () => fail(new Error("connection closed during the TLS handshake"));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      socket = connect(tlsOptions(target, options.identity));
    } catch (error) {
      // Certificates and keys that OpenSSL cannot parse are thrown.
      fail(error);
      return;
    }
    socket.once("error", fail);
    socket.once("close", onClose);
    socket.once("secureConnect", () => {
      release();
      socket.off("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** Options of `node:tls` for `target`, without the protocols on offer. */
export function identityOptions(target: TlsTarget, identity: TlsIdentity | undefined): ConnectionOptions {
  const name = target.serverName ?? target.host;
  return {
    ...(target.certificateAuthority === undefined ? {} : { ca: target.certificateAuthority }),
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
    rejectUnauthorized: target.insecureSkipVerify !== true,
    // SNI carries names only (RFC 6066 section 3); the certificate is checked for the address all the same.
    ...(isIP(name) === 0 ? { servername: name } : { servername: "" }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    minVersion: "TLSv1.2",
  };
}

function tlsOptions(target: TlsTarget, identity: TlsIdentity | undefined): ConnectionOptions {
  return {
    ...identityOptions(target, identity),
    host: target.host,
    port: target.port,
    ALPNProtocols: ["h2", "http/1.1"],
  };
}
