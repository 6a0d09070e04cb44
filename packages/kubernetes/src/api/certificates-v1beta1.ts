// Written by scripts/generate-api-types.ts; do not edit.
import type { Condition, ListMeta, ObjectMeta } from "./meta-v1.ts";

export interface ClusterTrustBundle {
  apiVersion?: "certificates.k8s.io/v1beta1";
  kind?: "ClusterTrustBundle";
  metadata?: ObjectMeta | undefined;
  spec: ClusterTrustBundleSpec;
}

export interface ClusterTrustBundleList {
  apiVersion?: "certificates.k8s.io/v1beta1";
  items: ClusterTrustBundle[];
  kind?: "ClusterTrustBundleList";
  metadata?: ListMeta | undefined;
}

export interface ClusterTrustBundleSpec {
  signerName?: string | undefined;
  trustBundle: string;
}

export interface PodCertificateRequest {
  apiVersion?: "certificates.k8s.io/v1beta1";
  kind?: "PodCertificateRequest";
  metadata?: ObjectMeta | undefined;
  spec: PodCertificateRequestSpec;
  status?: PodCertificateRequestStatus | undefined;
}

export interface PodCertificateRequestList {
  apiVersion?: "certificates.k8s.io/v1beta1";
  items: PodCertificateRequest[];
  kind?: "PodCertificateRequestList";
  metadata?: ListMeta | undefined;
}

export interface PodCertificateRequestSpec {
  maxExpirationSeconds?: number | undefined;
  nodeName: string;
  nodeUID: string;
  pkixPublicKey?: string | undefined;
  podName: string;
  podUID: string;
  proofOfPossession?: string | undefined;
  serviceAccountName: string;
  serviceAccountUID: string;
  signerName: string;
  stubPKCS10Request: string;
  unverifiedUserAnnotations?: Record<string, string> | undefined;
}

export interface PodCertificateRequestStatus {
  beginRefreshAt?: string | undefined;
  certificateChain?: string | undefined;
  conditions?: Condition[] | undefined;
  notAfter?: string | undefined;
  notBefore?: string | undefined;
}
