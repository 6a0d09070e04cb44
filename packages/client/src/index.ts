/**
 * A Kubernetes client: kubeconfig, typed verbs over pooled HTTP/2 connections, watches and reflectors, leases; YAML as Kubernetes reads it.
 *
 * @packageDocumentation
 */
export {
  ApiError,
  type ApiErrorOptions,
  ClientConfigError,
  isAlreadyExists,
  isApiError,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isTooLargeResourceVersion,
  isTooManyRequests,
  isTransportError,
  isUnauthorized,
  RequestError,
  TransportError,
  type TransportErrorKind,
} from "./errors.ts";
export {
  type ClusterConfig,
  type CredentialSource,
  type Credentials,
  type Impersonation,
  staticCredentials,
} from "./kubeconfig/cluster-config.ts";
export type { ExecConfig } from "./kubeconfig/exec-config.ts";
export { ExecCredentials, type ExecCredentialsOptions } from "./kubeconfig/exec-credentials.ts";
export {
  FileCredentials,
  type FileCredentialsOptions,
  type FileCredentialsParts,
} from "./kubeconfig/file-credentials.ts";
export { type InClusterConfigOptions, inClusterConfig } from "./kubeconfig/in-cluster-config.ts";
export {
  type Kubeconfig,
  type KubeconfigCluster,
  type KubeconfigContext,
  type KubeconfigEntry,
  type KubeconfigUser,
  type PemSource,
  parseKubeconfig,
} from "./kubeconfig/kubeconfig.ts";
export { loadKubeconfig } from "./kubeconfig/load-kubeconfig.ts";
export {
  type LoadClusterConfigOptions,
  loadClusterConfig,
  type ResolveContextOptions,
  resolveContext,
} from "./kubeconfig/resolve-context.ts";
export { LeaseKeeper, type LeaseKeeperOptions } from "./leases/lease-keeper.ts";
export { formatMicroTime } from "./leases/micro-time.ts";
export { ChangeQueue } from "./reflector/change-queue.ts";
export { createReflector } from "./reflector/create-reflector.ts";
export type { Change, Indexer, ReadonlyStore } from "./reflector/object-store.ts";
export type { Reflector, ReflectorOptions } from "./reflector/reflector.ts";
export type { TlsIdentity, Transport, TransportRequest, TransportResponse } from "./transport/transport.ts";
export { type ClientOptions, createClient } from "./verbs/create-client.ts";
export type {
  CallOptions,
  CreateOptions,
  DeleteOptions,
  GetOptions,
  KubernetesClient,
  ListOptions,
  PatchOptions,
  PatchType,
  RawOptions,
  RawResponse,
  ReplaceOptions,
  StreamOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./verbs/kubernetes-client.ts";
export { apiVersionOf, type ResourceDefinition } from "./verbs/resource-definition.ts";
export { type BuiltInResources, defineResource, resources } from "./verbs/resources.ts";
export { parseYaml, type YamlDocument, YamlError } from "./yaml/parse-yaml.ts";
