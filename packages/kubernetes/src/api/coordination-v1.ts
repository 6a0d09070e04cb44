// Written by scripts/generate-api-types.ts; do not edit.
import type { ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface Lease {
  apiVersion?: "coordination.k8s.io/v1";
  kind?: "Lease";
  metadata?: ObjectMeta | undefined;
  spec?: LeaseSpec | undefined;
}

export interface LeaseList {
  apiVersion?: "coordination.k8s.io/v1";
  items: Lease[];
  kind?: "LeaseList";
  metadata?: ListMeta | undefined;
}

export interface LeaseSpec {
  acquireTime?: string | undefined;
  holderIdentity?: string | undefined;
  leaseDurationSeconds?: number | undefined;
  leaseTransitions?: number | undefined;
  preferredHolder?: string | undefined;
  renewTime?: string | undefined;
  strategy?: string | undefined;
}
