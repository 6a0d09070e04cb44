import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

/** Who sent a request, as `UserInfo` of the authentication API. */
export interface RequestUser {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/**
 * Tells who sent a request: undefined when it carries nothing this method understands, so that the next one is asked; rejects
 * when the proof could not be checked.
 */
export type Authenticator = (request: IncomingMessage, signal: AbortSignal) => Promise<RequestUser | undefined>;

const authenticatedGroup = "system:authenticated";

/** Asks each in turn; the first answer counts. A failure counts only when nobody after it knows the sender. */
export function firstOf(authenticators: readonly Authenticator[]): Authenticator {
  return async (request, signal) => {
    let failure: Error | undefined;
    for (const authenticate of authenticators) {
      try {
        const user = await authenticate(request, signal);
        if (user !== undefined) return user;
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  };
}

/**
 * The holder of a client certificate that the server's client CA signed: the common name is the user, the organizations are the
 * groups.
 *
 * The TLS server must ask for certificates and check them against the CA, but let connections without one pass.
 */
export function certificateAuthenticator(now: () => number): Authenticator {
  return async ({ socket }) => {
    if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
    const certificate = socket.getPeerCertificate();
    const name = single(certificate.subject?.CN);
    // A connection may outlive the certificate it was opened with.
    if (name === undefined || name === "" || Date.parse(certificate.valid_to) <= now()) return undefined;
    return { name, groups: withAuthenticated(many(certificate.subject.O)) };
  };
}

/** The user a bearer token stands for, in the eyes of `review`, which answers undefined for a token that is not valid. */
export function tokenAuthenticator(
  review: (token: string, signal: AbortSignal) => Promise<RequestUser | undefined>,
): Authenticator {
  return async ({ headers }, signal) => {
    const match = /^bearer +([\x21-\x7e]+) *$/i.exec(headers.authorization ?? "");
    if (match?.[1] === undefined) return undefined;
    const user = await review(match[1], signal);
    return user === undefined ? undefined : { ...user, groups: withAuthenticated(user.groups) };
  };
}

/** Everybody else, as `system:anonymous`. */
export const anonymousAuthenticator: Authenticator = async () => ({
  name: "system:anonymous",
  groups: ["system:unauthenticated"],
});

function withAuthenticated(groups: readonly string[]): readonly string[] {
  return groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup];
}

// Node gives a string, or an array where an attribute occurs several times.
function many(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function single(value: string | string[] | undefined): string | undefined {
  return many(value)[0];
}
