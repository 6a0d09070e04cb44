import { aborted } from "@wherry/base";
import { ApiError } from "@wherry/client";
import { applyStrategicMergePatch, type JsonObject, type Lease, type Node } from "@wherry/kubernetes";
import type { NodeApi } from "../../src/node/node-api.ts";

/** An API server that holds one Node and one Lease, in memory. */
export class FakeNodeApi implements NodeApi {
  node: Node | undefined;
  lease: Lease | undefined;
  version: string | undefined = "v1.36.3";
  /** Calls made, by name. */
  readonly calls: string[] = [];
  /** Bodies of status patches. */
  readonly statusPatches: JsonObject[] = [];
  /** Thrown by the next calls, one each; `undefined` lets a call pass. */
  readonly failures: (Error | undefined)[] = [];
  readonly #watchers: Set<(node: Node | undefined) => void> = new Set();
  #revision = 0;
  #uid = 0;

  async serverVersion(): Promise<string | undefined> {
    this.#called("serverVersion");
    return this.version;
  }

  async getNode(): Promise<Node | undefined> {
    this.#called("getNode");
    return structuredClone(this.node);
  }

  async createNode(node: Node): Promise<Node> {
    this.#called("createNode");
    if (this.node !== undefined) throw apiError(409, "AlreadyExists");
    this.node = this.#stored({ ...structuredClone(node), metadata: { ...node.metadata, uid: `uid-${++this.#uid}` } });
    return structuredClone(this.node);
  }

  async patchNode(patch: object): Promise<Node> {
    this.#called("patchNode");
    return this.#patch(patch);
  }

  async patchNodeStatus(patch: object): Promise<Node> {
    this.#called("patchNodeStatus");
    this.statusPatches.push(patch as JsonObject);
    return this.#patch(patch);
  }

  async watchNode(onChange: (node: Node | undefined) => void, signal: AbortSignal): Promise<void> {
    this.#watchers.add(onChange);
    await aborted(signal);
    this.#watchers.delete(onChange);
  }

  /** Changes the node as somebody else would. */
  change(node: Node | undefined): void {
    this.node = node === undefined ? undefined : this.#stored(node);
    for (const tell of this.#watchers) tell(structuredClone(this.node));
  }

  async getLease(): Promise<Lease | undefined> {
    this.#called("getLease");
    return structuredClone(this.lease);
  }

  async createLease(lease: Lease): Promise<Lease> {
    this.#called("createLease");
    if (this.lease !== undefined) throw apiError(409, "AlreadyExists");
    this.lease = this.#stored(structuredClone(lease));
    return structuredClone(this.lease);
  }

  async replaceLease(lease: Lease): Promise<Lease> {
    this.#called("replaceLease");
    if (lease.metadata?.resourceVersion !== this.lease?.metadata?.resourceVersion) throw apiError(409, "Conflict");
    this.lease = this.#stored(structuredClone(lease));
    return structuredClone(this.lease);
  }

  /** Number of calls of that name. */
  count(name: string): number {
    return this.calls.filter((call) => call === name).length;
  }

  #patch(patch: object): Node {
    if (this.node === undefined) throw apiError(404, "NotFound");
    const patched = applyStrategicMergePatch(
      this.node as JsonObject,
      structuredClone(patch) as JsonObject,
      "core/v1.Node",
    );
    this.node = this.#stored(patched as Node);
    return structuredClone(this.node);
  }

  #stored<T extends Node | Lease>(object: T): T {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } };
  }

  #called(name: string): void {
    this.calls.push(name);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

export function apiError(code: number, reason: string): ApiError {
  return new ApiError("test", { kind: "Status", code, reason, message: reason } as never);
}
