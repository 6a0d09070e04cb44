import type { ConfigMap, KubernetesObject, LabelSelector, Pod, Secret, ServiceAccount } from "@wherry/kubernetes";

/** What every call for an object takes. */
export interface ObjectCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Which ClusterTrustBundles a projection shows: the one of a name, or those of a signer with certain labels. */
export type TrustBundleSelection =
  | { readonly name: string }
  | { readonly signerName: string; readonly labelSelector: LabelSelector };

/** What the bundles of a selection hold together; `metadata.resourceVersion` changes with it. */
export interface TrustAnchors extends KubernetesObject {
  /** All certificates, each once, as PEM blocks. Empty when there is a `problem`. */
  readonly pem: string;
  /** Why they cannot be shown. */
  readonly problem?: string;
}

/**
 * ConfigMaps, Secrets and ServiceAccounts that pods of this node reference, watched one by one while referenced.
 *
 * Getters answer undefined when the object does not exist (or the node may not read it) and reject with a retryable error when
 * the API server cannot be asked.
 */
export interface ObjectCache {
  configMap(namespace: string, name: string, options?: ObjectCallOptions): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string, options?: ObjectCallOptions): Promise<Secret | undefined>;
  serviceAccount(namespace: string, name: string, options?: ObjectCallOptions): Promise<ServiceAccount | undefined>;
  /** What the selected ClusterTrustBundles hold together, watched while a pod projects them; undefined when none is selected. */
  trustAnchors(selection: TrustBundleSelection, options?: ObjectCallOptions): Promise<TrustAnchors | undefined>;
  /** Counts the pod's references; a second call for the same UID replaces the first. */
  registerPod(pod: Pod): void;
  /** Gives the pod's references back; what nobody references is dropped. Idempotent. */
  unregisterPod(podUid: string): void;
}
