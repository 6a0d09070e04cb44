import { createHash } from "node:crypto";
import type { AuthConfig } from "@wherry/runtime";

/** The object that credentials come from, or that a plug-in was told the token of. */
export interface CredentialSource {
  readonly kind: "Secret" | "ServiceAccount";
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
}

/** Credentials for one pull, and whose they are. Never logged. */
export interface PullCredential extends AuthConfig {
  /** Absent where all pods of the node have them. */
  readonly source?: CredentialSource | undefined;
}

/** Credentials without their source, as a runtime is given them. */
export function authOf({ source: _, ...auth }: PullCredential): AuthConfig {
  return auth;
}

/** Tells whether credentials of different objects are the same: SHA-256 in hex of the JSON that upstream's kubelet makes of them. */
export function credentialHash(credential: AuthConfig): string {
  const { username, password, auth, serverAddress, identityToken, registryToken } = credential;
  const fields = {
    username: username || undefined,
    password: password || undefined,
    auth: auth || undefined,
    serveraddress: serverAddress || undefined,
    identitytoken: identityToken || undefined,
    registrytoken: registryToken || undefined,
  };
  // Go escapes these in JSON.
  const json = JSON.stringify(fields).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return createHash("sha256").update(json).digest("hex");
}
