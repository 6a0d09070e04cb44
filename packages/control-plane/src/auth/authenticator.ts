import type { TLSSocket } from "node:tls";
import type { TokenFile } from "./token-file.ts";
import { authenticatedGroup, type User } from "./user.ts";

/** A source of identities that tokens may come from besides the token file, such as service account tokens. */
export type TokenVerifier = (token: string) => User | undefined;

/** Tells who sent a request: by bearer token, or by a client certificate that our authority signed. */
export class Authenticator {
  readonly #tokens: TokenFile;
  readonly #verifiers: readonly TokenVerifier[];
  readonly #certificateUsers: WeakMap<TLSSocket, User | undefined> = new WeakMap();

  constructor(tokens: TokenFile, verifiers: readonly TokenVerifier[]) {
    this.#tokens = tokens;
    this.#verifiers = verifiers;
  }

  /** The sender; undefined for credentials that are wrong, and for none at all. */
  authenticate(authorization: string | undefined, socket: TLSSocket): User | undefined {
    const match = /^Bearer +(\S+)$/i.exec(authorization ?? "");
    if (match?.[1] !== undefined) return this.authenticateToken(match[1]);
    return this.#certificateUser(socket);
  }

  /** The owner of a bearer token, or undefined. */
  authenticateToken(token: string): User | undefined {
    const user = this.#tokens.authenticate(token);
    if (user !== undefined) return user;
    for (const verify of this.#verifiers) {
      const verified = verify(token);
      if (verified !== undefined) return verified;
    }
    return undefined;
  }

  #certificateUser(socket: TLSSocket): User | undefined {
    if (this.#certificateUsers.has(socket)) return this.#certificateUsers.get(socket);
    const user = socket.authorized === true ? userOf(socket) : undefined;
    this.#certificateUsers.set(socket, user);
    return user;
  }
}

function userOf(socket: TLSSocket): User | undefined {
  const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined;
  if (!subject?.CN) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { name: subject.CN, groups: [...organizations, authenticatedGroup] };
}
