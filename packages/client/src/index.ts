/**
 * A Kubernetes client: kubeconfig, typed verbs over pooled HTTP/2 connections, watches and reflectors, leases.
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
