import type { ConfigMap, Pod, Secret, ServiceAccount } from "@wherry/kubernetes";

export interface ObjectCallOptions {
  readonly signal?: AbortSignal | undefined;
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
  /** Counts the pod's references; a second call for the same UID replaces the first. */
  registerPod(pod: Pod): void;
  /** Gives the pod's references back; what nobody references is dropped. Idempotent. */
  unregisterPod(podUid: string): void;
}
