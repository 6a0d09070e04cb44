import type { Lease, Node } from "@wherry/kubernetes";

export interface NodeCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The calls a kubelet makes for its own Node and Lease; every one goes over the heartbeat lane.
 *
 * Getters answer undefined for an object that does not exist; all else that goes wrong rejects with the client's error.
 */
export interface NodeApi {
  /** Git version of the API server, e.g. `v1.36.3`. */
  serverVersion(options?: NodeCallOptions): Promise<string | undefined>;
  /** With `cached` the answer may be as old as the API server's own cache. */
  getNode(options?: NodeCallOptions & { readonly cached?: boolean }): Promise<Node | undefined>;
  createNode(node: Node, options?: NodeCallOptions): Promise<Node>;
  /** Strategic merge patch of metadata. */
  patchNode(patch: object, options?: NodeCallOptions): Promise<Node>;
  /** Strategic merge patch of the status subresource. */
  patchNodeStatus(patch: object, options?: NodeCallOptions): Promise<Node>;
  /** Tells each state of the Node from now on, undefined for its deletion, until `signal` aborts; failures are retried within. */
  watchNode(onChange: (node: Node | undefined) => void, signal: AbortSignal): Promise<void>;
  getLease(options?: NodeCallOptions): Promise<Lease | undefined>;
  createLease(lease: Lease, options?: NodeCallOptions): Promise<Lease>;
  /** Rejects with a conflict when the lease was changed since `lease` was read. */
  replaceLease(lease: Lease, options?: NodeCallOptions): Promise<Lease>;
}
