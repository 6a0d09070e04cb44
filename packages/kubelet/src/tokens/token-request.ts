import type { ObjectMeta, Pod } from "@wherry/kubernetes";

/** A TokenRequest of group authentication.k8s.io, as the `token` subresource of service accounts takes and answers it. */
export interface TokenRequest {
  apiVersion?: "authentication.k8s.io/v1";
  kind?: "TokenRequest";
  metadata?: ObjectMeta | undefined;
  spec: TokenRequestSpec;
  status?: TokenRequestStatus | undefined;
}

export interface TokenRequestSpec {
  /** Empty: the API server's own. */
  audiences: string[];
  boundObjectRef?: BoundObjectReference | undefined;
  expirationSeconds?: number | undefined;
}

export interface BoundObjectReference {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  uid?: string | undefined;
}

export interface TokenRequestStatus {
  expirationTimestamp: string;
  token: string;
}

/**
 * The request for a token that is valid while `pod` exists.
 *
 * @param serviceAccountUid that the account must have, else the API server refuses with a conflict; empty for any
 */
export function createTokenRequest(
  pod: Pod,
  audience: string,
  expirationSeconds: number,
  serviceAccountUid: string,
): TokenRequest {
  return {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    ...(serviceAccountUid !== "" && { metadata: { uid: serviceAccountUid } }),
    spec: {
      audiences: audience === "" ? [] : [audience],
      expirationSeconds,
      boundObjectRef: {
        apiVersion: "v1",
        kind: "Pod",
        name: pod.metadata?.name,
        uid: pod.metadata?.uid,
      },
    },
  };
}
