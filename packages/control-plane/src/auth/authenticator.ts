import type { TLSSocket } from "node:tls";
import type { TokenFile } from "./token-file.ts";
import { authenticatedGroup, type User } from "./user.ts";

/** A token that was found good, and whom it is meant for. */
export interface VerifiedToken {
  readonly user: User;
  readonly audiences: readonly string[];
}

/** A source of tokens besides the token file, such as service account tokens. */
export interface TokenVerifier {
  verify(token: string): VerifiedToken | undefined;
}

export interface AuthenticatorOptions {
  readonly tokens: TokenFile;
  readonly verifier: TokenVerifier;
  /** Audiences that this API server answers to. */
  readonly audiences: readonly string[];
}

/** Tells who sent a request: by bearer token, or by a client certificate that our authority signed. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #certificateUsers: WeakMap<TLSSocket, { readonly user: User | undefined }> = new WeakMap();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** The sender; undefined for credentials that are wrong, and for none at all. */
  authenticate(authorization: string | undefined, socket: TLSSocket): User | undefined {
    const match = /^Bearer +(\S+)$/i.exec(authorization ?? "");
    if (match?.[1] !== undefined) return this.authenticateToken(match[1])?.user;
    return this.#certificateUser(socket);
  }

  /** The owner of a bearer token that is meant for one of `audiences`, by default this server's own. */
  authenticateToken(token: string, audiences: readonly string[] = this.#options.audiences): VerifiedToken | undefined {
    const user = this.#options.tokens.authenticate(token);
    const found =
      user === undefined ? this.#options.verifier.verify(token) : { user, audiences: this.#options.audiences };
    if (found === undefined) return undefined;
    const shared = audiences.filter((audience) => found.audiences.includes(audience));
    return shared.length === 0 ? undefined : { user: found.user, audiences: shared };
  }

  #certificateUser(socket: TLSSocket): User | undefined {
    let known = this.#certificateUsers.get(socket);
    if (known === undefined) {
      known = { user: socket.authorized === true ? userOf(socket) : undefined };
      this.#certificateUsers.set(socket, known);
    }
    return known.user;
  }
}

function userOf(socket: TLSSocket): User | undefined {
  const subject = socket.getPeerCertificate()?.subject as { CN?: string; O?: string | string[] } | undefined;
  if (!subject?.CN) return undefined;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { name: subject.CN, groups: [...organizations, authenticatedGroup] };
}
