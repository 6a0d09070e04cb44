import type { Clock, Logger } from "@wherry/base";
import type { KubernetesObject } from "@wherry/kubernetes";

import type { Change, Indexer, ReadonlyStore } from "./object-store.ts";

export interface ReflectorOptions<T extends KubernetesObject> {
  /** @default all namespaces */
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly clock?: Clock;
  /** Source of jitter in [0, 1). @default Math.random */
  readonly random?: () => number;
  readonly logger?: Logger;
  /** Changes what is stored, to keep less of it; must keep name, namespace, uid and resource version. */
  readonly transform?: (object: T) => T;
  /** Indices of the store by name. */
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Objects on a page of a list. @default 500 */
  readonly pageSize?: number;
  /** Whether to get the first state through a watch (KEP-3157) where the server can. @default true */
  readonly watchList?: boolean;
}

/** A local copy of a collection that follows the server's. */
export interface Reflector<T extends KubernetesObject> {
  readonly store: ReadonlyStore<T>;

  /** Resolves when the store first equals the server's state; rejects if `run` ends before. */
  readonly ready: Promise<void>;

  /** Version of the server's state the store has; undefined before the first. */
  readonly resourceVersion: string | undefined;

  /**
   * Calls `handler` for what is in the store now and then for each change, synchronously and in order.
   *
   * Handlers are quick and do not throw (what they throw is logged). The answer stops the calls; idempotent.
   */
  onChange(handler: (change: Change<T>) => void): () => void;

  /**
   * Iterates over what is in the store and then over changes; a slow consumer misses states in between, never the latest.
   *
   * Ends when `run` does, when `signal` aborts, or when the consumer leaves the loop.
   */
  subscribe(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<Change<T>>;

  /**
   * Follows the server until `signal` aborts; no failure ends it. To be called once.
   */
  run(signal: AbortSignal): Promise<void>;
}
