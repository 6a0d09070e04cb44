import { Backoff, type Clock, errorMessage, type Logger } from "@wherry/base";
import { formatMicroTime, isAlreadyExists, isConflict } from "@wherry/client";
import type { Lease, OwnerReference } from "@wherry/kubernetes";
import { foreignLeaseMs, instanceAnnotation, nameInUse } from "./name-claim.ts";
import type { NodeApi } from "./node-api.ts";

const leaseNamespace = "kube-node-lease";
const renewFraction = 0.25;
const renewJitter = 0.04;
const updateTries = 5;
const maxOwnRenewals = 64;

export interface NodeLeaseOptions {
  readonly api: Pick<NodeApi, "getLease" | "createLease" | "replaceLease">;
  readonly nodeName: string;
  readonly instanceId: string;
  /** `nodeLeaseDurationSeconds`. */
  readonly durationSeconds: number;
  /** The lease is not created before the node that is to own it is known. */
  readonly nodeUid: () => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/**
 * Renews the node's Lease in `kube-node-lease` every quarter of its duration, the sign of life that the node controller watches.
 *
 * A renewal goes out on top of the last answer without reading first; after 5 failures the lease is read or created anew. The
 * holder is the node's name, as upstream; an annotation says which kubelet renews, so that two of one name notice each other.
 */
export class NodeLease {
  readonly #options: NodeLeaseOptions;
  #latest: Lease | undefined;
  // Times we wrote, or tried to since: tell our own renewal whose answer was lost from somebody else's.
  readonly #ownRenewals: Set<number> = new Set();

  constructor(options: NodeLeaseOptions) {
    this.#options = options;
  }

  /**
   * Renews until `signal` aborts; failures of the API server are retried for ever.
   *
   * Rejects with `NodeError` of code `NameInUse` when another kubelet renews the lease.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, durationSeconds, random } = this.#options;
    while (!signal.aborted) {
      await this.renew(signal);
      const delayMs = durationSeconds * 1000 * renewFraction * (1 + renewJitter * random());
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  /** One renewal, with all its tries. */
  async renew(signal: AbortSignal): Promise<void> {
    if (this.#latest !== undefined && (await this.#update(this.#latest, signal))) return;
    await this.#ensure(signal);
  }

  async #update(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { api, logger, nodeName } = this.#options;
    let base = lease;
    for (let attempt = 1; attempt <= updateTries; attempt++) {
      try {
        this.#accept(await api.replaceLease(this.#renewed(base), { signal }));
        return true;
      } catch (error) {
        if (signal.aborted) return true;
        logger.warn("Cannot renew the node's lease", { node: nodeName, attempt, error: errorMessage(error) });
        if (!isConflict(error)) continue;
        const current = await api.getLease({ signal }).catch(() => undefined);
        if (current === undefined) continue;
        this.#refuseForeign(current);
        base = current;
      }
    }
    this.#latest = undefined;
    return false;
  }

  /** Reads the lease and renews it, or creates it; tries until it did. */
  async #ensure(signal: AbortSignal): Promise<void> {
    const { clock, logger, nodeName } = this.#options;
    const backoff = new Backoff({ initialMs: 200, maxMs: 7_000 });
    while (!signal.aborted) {
      let failure: string;
      try {
        if (await this.#readOrCreate(signal)) return;
        failure = "the node does not exist yet";
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Error && "code" in error && error.code === "NameInUse") throw error;
        failure = errorMessage(error);
      }
      const delayMs = backoff.next();
      logger.warn("Cannot acquire the node's lease yet", { node: nodeName, error: failure, retryInMs: delayMs });
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  async #readOrCreate(signal: AbortSignal): Promise<boolean> {
    const { api, nodeName } = this.#options;
    const current = await api.getLease({ signal });
    if (current !== undefined) {
      this.#refuseForeign(current);
      this.#accept(await api.replaceLease(this.#renewed(current), { signal }));
      return true;
    }
    if (this.#options.nodeUid() === undefined) return false;
    const metadata = { name: nodeName, namespace: leaseNamespace };
    try {
      this.#accept(await api.createLease(this.#renewed({ metadata }), { signal }));
    } catch (error) {
      // Somebody created it between our read and our write: look at it in the next round.
      if (isAlreadyExists(error)) return this.#readOrCreate(signal);
      throw error;
    }
    return true;
  }

  #renewed(lease: Lease): Lease {
    const { clock, nodeName, instanceId, durationSeconds } = this.#options;
    const renewTime = formatMicroTime(clock.now());
    // In a long outage the oldest do not matter any more; then only the annotation tells.
    if (this.#ownRenewals.size >= maxOwnRenewals) this.#ownRenewals.clear();
    this.#ownRenewals.add(Date.parse(renewTime));
    return {
      ...lease,
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        ...lease.metadata,
        annotations: { ...lease.metadata?.annotations, [instanceAnnotation]: instanceId },
        ...this.#owner(lease),
      },
      spec: { ...lease.spec, holderIdentity: nodeName, leaseDurationSeconds: durationSeconds, renewTime },
    };
  }

  #owner(lease: Lease): { ownerReferences?: OwnerReference[] } {
    const uid = this.#options.nodeUid();
    if (uid === undefined) return {};
    const others = (lease.metadata?.ownerReferences ?? []).filter(({ kind }) => kind !== "Node");
    return { ownerReferences: [...others, { apiVersion: "v1", kind: "Node", name: this.#options.nodeName, uid }] };
  }

  #refuseForeign(lease: Lease): void {
    const { nodeName, instanceId, clock } = this.#options;
    if (foreignLeaseMs(lease, instanceId, clock.now()) > 0) throw nameInUse(nodeName, lease);
    // A kubelet that knows nothing of the annotation keeps ours while it renews.
    const seen = Date.parse(lease.spec?.renewTime ?? "");
    const foreign = this.#ownRenewals.size > 0 && !Number.isNaN(seen) && !this.#ownRenewals.has(seen);
    if (foreign) throw nameInUse(nodeName, lease);
  }

  #accept(lease: Lease): void {
    this.#latest = lease;
    this.#ownRenewals.clear();
    this.#ownRenewals.add(Date.parse(lease.spec?.renewTime ?? ""));
  }
}
