import type { ObjectMeta } from "@wherry/kubernetes";

/** What a token is tied to: it is void once that object is gone. */
export interface BoundObjectReference {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  uid?: string | undefined;
}

/** Body and answer of `serviceaccounts/token`, authentication.k8s.io/v1. */
export interface TokenRequest {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata?: ObjectMeta | undefined;
  spec: {
    audiences?: string[] | readonly string[] | undefined;
    boundObjectRef?: BoundObjectReference | undefined;
    expirationSeconds?: number | undefined;
  };
  status?: { token: string; expirationTimestamp: string } | undefined;
}
