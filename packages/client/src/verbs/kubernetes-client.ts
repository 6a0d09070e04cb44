import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";

import type { KubernetesList, KubernetesObject } from "@wherry/kubernetes";

import type { ResourceDefinition } from "./resource-definition.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time the call may take, waits included. @default the client's `requestTimeoutMs` */
  readonly timeoutMs?: number | undefined;
}

export interface GetOptions extends CallOptions {
  readonly namespace?: string | undefined;
  /** `"0"` allows an answer from the server's cache. */
  readonly resourceVersion?: string | undefined;
}

export interface ListOptions extends CallOptions {
  /** @default all namespaces */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Runs all checks and stores nothing. */
  readonly dryRun?: boolean | undefined;
  readonly fieldManager?: string | undefined;
}

export interface CreateOptions extends WriteOptions {
  /** @default the namespace of the object */
  readonly namespace?: string | undefined;
}

export interface ReplaceOptions extends WriteOptions {
  readonly subresource?: string | undefined;
}

/** How a patch is to be read: RFC 6902, RFC 7386, Kubernetes' strategic merge, or server-side apply. */
export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface PatchOptions extends WriteOptions {
  readonly type: PatchType;
  readonly namespace?: string | undefined;
  readonly subresource?: string | undefined;
  /** Takes over fields of other managers; for `apply` only. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground" | undefined;
}

export interface WatchOptions {
  /** @default all namespaces */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Where to start; without it the server sends the present objects first. */
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "NotOlderThan" | undefined;
  /** @default true */
  readonly allowWatchBookmarks?: boolean | undefined;
  /** Asks for the present objects and a bookmark that marks their end (KEP-3157). */
  readonly sendInitialEvents?: boolean | undefined;
  /** After this the server ends the watch; the client ends it 30 s later if the server has not. @default 300 */
  readonly timeoutSeconds?: number | undefined;
  /** Largest event. @default 16 MiB */
  readonly maxEventBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One change as the server tells it; a bookmark's object has a kind and a resource version only. */
export interface WatchEvent<T extends KubernetesObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
  readonly object: T;
}

export interface RawOptions extends CallOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly maxResponseBytes?: number | undefined;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Typed verbs on any resource of one cluster.
 *
 * All calls reject with `ApiError` when the server refuses, `TransportError` when there is no answer, `RequestError` when the
 * call cannot be a request, and the signal's reason when aborted. Objects are plain JSON: fields this library does not know
 * are kept.
 */
export interface KubernetesClient {
  get<T extends KubernetesObject>(definition: ResourceDefinition<T>, name: string, options?: GetOptions): Promise<T>;

  /** Lists one page, or everything without `limit`; items get the `apiVersion` and `kind` that lists leave out. */
  list<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    options?: ListOptions,
  ): Promise<KubernetesList<T>>;

  /** Creates `object`; `apiVersion` and `kind` are added if missing. */
  create<T extends KubernetesObject>(definition: ResourceDefinition<T>, object: T, options?: CreateOptions): Promise<T>;

  /** POSTs to a subresource, such as `token` of a service account or `eviction` of a pod. */
  createSubresource<TBody, TAnswer>(
    definition: ResourceDefinition,
    name: string,
    subresource: string,
    body: TBody,
    options?: CreateOptions,
  ): Promise<TAnswer>;

  /** Replaces the object of that name; with `metadata.resourceVersion` only if it has not changed since. */
  replace<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    object: T,
    options?: ReplaceOptions,
  ): Promise<T>;

  patch<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    name: string,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T>;

  delete<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    name: string,
    options?: DeleteOptions,
  ): Promise<void>;

  /**
   * Follows changes until the server ends the watch, which is normal and ends the iteration.
   *
   * Throws `ApiError` for an error event (see `isGone`). Leaving the loop cancels the watch. For a view that stays up to date
   * use a reflector.
   */
  watch<T extends KubernetesObject>(
    definition: ResourceDefinition<T>,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;

  /** Any request with the client's credentials; a status of 400 and above is an answer, not an error. */
  raw(method: string, path: string, options?: RawOptions): Promise<RawResponse>;

  /** GETs an answer of any length, such as the log of a pod; the caller reads it to its end or destroys it. */
  stream(path: string, options?: StreamOptions): Promise<Readable>;

  /**
   * A client of the same cluster with connections of its own and no rate limit, for heartbeats; one per name.
   *
   * Closed together with this client.
   */
  withLane(lane: string): KubernetesClient;

  /** Ends all connections; calls under way fail. Idempotent. */
  close(): Promise<void>;
}
