import { hash } from "node:crypto";

/** What a registry may be shown. Never logged. */
export type Credential =
  | { readonly kind: "anonymous" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the registry's token server. */
  | { readonly kind: "identity-token"; readonly identityToken: string }
  /** A bearer token the registry takes as it is. */
  | { readonly kind: "registry-token"; readonly registryToken: string };

/**
 * Finds the credentials for a repository.
 *
 * @param registryHost host as in references, with port: `docker.io`, `registry.example:5000`; for mirrors the mirror's host
 * @returns candidates to try in order; none means anonymous
 */
export type CredentialProvider = (
  registryHost: string,
  repository: string,
) => readonly Credential[] | Promise<readonly Credential[]>;

/** A name for a credential that tells nothing about it: key of caches. */
export function credentialKey(credential: Credential): string {
  return hash("sha256", JSON.stringify(Object.entries(credential).toSorted()), "hex");
}

/** Value of an Authorization header for basic authentication (RFC 7617). */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
