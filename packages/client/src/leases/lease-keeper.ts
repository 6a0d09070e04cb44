import { Backoff, type Clock, errorMessage, isAbort, type Logger, silentLogger, systemClock } from "@wherry/base";
import type { Lease, OwnerReference } from "@wherry/kubernetes";

import { isConflict, isNotFound } from "../errors.ts";
import type { KubernetesClient } from "../verbs/kubernetes-client.ts";
import { resources } from "../verbs/resources.ts";
import { formatMicroTime } from "./micro-time.ts";

export interface LeaseKeeperOptions {
  /** A client with a lane of its own, so that nothing delays the heartbeat. */
  readonly client: KubernetesClient;
  /** @default "kube-node-lease" */
  readonly namespace?: string;
  readonly name: string;
  readonly holderIdentity: string;
  /** @default 40 */
  readonly leaseDurationSeconds?: number;
  /** @default a quarter of the duration */
  readonly renewIntervalMs?: number;
  /**
   * The owners of the lease, or undefined while they are not known: until then the lease is not created.
   *
   * @default no owners
   */
  readonly ownerReferences?: (signal: AbortSignal) => Promise<readonly OwnerReference[] | undefined>;
  /** Called when a renewal failed more than once in a row, to replace connections for instance. */
  readonly onRepeatedFailure?: () => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: Logger;
}

const maxUpdateTries = 5;
const renewJitter = 0.04;

/**
 * Keeps a lease held by renewing it in time, as the kubelet's node lease is kept.
 *
 * Renews from the object the last write answered, without reading it; a lease that was changed or deleted meanwhile is read or
 * created anew.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #namespace: string;
  readonly #durationSeconds: number;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #logger: Logger;
  #lease: Lease | undefined;
  #renewedAtMs: number | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#namespace = options.namespace ?? "kube-node-lease";
    this.#durationSeconds = options.leaseDurationSeconds ?? 40;
    this.#intervalMs = options.renewIntervalMs ?? this.#durationSeconds * 250;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#logger = (options.logger ?? silentLogger).child({ lease: `${this.#namespace}/${options.name}` });
  }

  /** Monotonic time of the last renewal the server confirmed. */
  get renewedAtMs(): number | undefined {
    return this.#renewedAtMs;
  }

  /** Renews until `signal` aborts; no failure ends it. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#sync(signal);
        await this.#clock.sleep(this.#intervalMs * (1 + renewJitter * this.#random()), signal);
      } catch (error) {
        if (signal.aborted && isAbort(error, signal)) return;
        throw error;
      }
    }
  }

  async #sync(signal: AbortSignal): Promise<void> {
    if (this.#lease !== undefined && (await this.#renew(this.#lease, signal))) return;
    const { lease, created } = await this.#ensure(signal);
    this.#accept(lease, created);
    if (!created) await this.#renew(lease, signal);
  }

  /** Answers whether one of the tries succeeded. */
  async #renew(base: Lease, signal: AbortSignal): Promise<boolean> {
    for (let failures = 0; failures < maxUpdateTries; ) {
      try {
        const renewed = await this.#options.client.replace(resources.leases, await this.#next(base, signal), {
          signal,
          timeoutMs: this.#intervalMs,
        });
        this.#accept(renewed, true);
        return true;
      } catch (error) {
        if (signal.aborted) throw error;
        failures++;
        this.#logger.warn("Cannot renew the lease", { failures, error: errorMessage(error) });
        if (isNotFound(error)) return false;
        if (isConflict(error)) base = (await this.#ensure(signal)).lease;
        else if (failures > 1) this.#options.onRepeatedFailure?.();
      }
    }
    return false;
  }

  /** Reads the lease or creates it; tries until it succeeds. */
  async #ensure(signal: AbortSignal): Promise<{ lease: Lease; created: boolean }> {
    const { client, name } = this.#options;
    const backoff = new Backoff({ initialMs: 200, maxMs: 7000 });
    for (;;) {
      try {
        const options = { namespace: this.#namespace, signal, timeoutMs: this.#intervalMs };
        try {
          return { lease: await client.get(resources.leases, name, options), created: false };
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        const lease = await this.#next(undefined, signal);
        if (lease !== undefined) return { lease: await client.create(resources.leases, lease, options), created: true };
        this.#logger.debug("Owner of the lease is not known yet");
      } catch (error) {
        if (signal.aborted) throw error;
        this.#logger.warn("Cannot get or create the lease", { error: errorMessage(error) });
      }
      await this.#clock.sleep(backoff.next(), signal);
    }
  }

  async #next(base: Lease, signal: AbortSignal): Promise<Lease>;
  async #next(base: Lease | undefined, signal: AbortSignal): Promise<Lease | undefined>;
  async #next(base: Lease | undefined, signal: AbortSignal): Promise<Lease | undefined> {
    const { name, holderIdentity, ownerReferences } = this.#options;
    let metadata = base?.metadata ?? { name, namespace: this.#namespace };
    if (ownerReferences !== undefined && (metadata.ownerReferences?.length ?? 0) === 0) {
      const owners = await ownerReferences(signal);
      if (owners !== undefined) metadata = { ...metadata, ownerReferences: [...owners] };
      else if (base === undefined) return undefined;
    }
    return {
      ...base,
      metadata,
      spec: {
        ...base?.spec,
        holderIdentity,
        leaseDurationSeconds: this.#durationSeconds,
        renewTime: formatMicroTime(this.#clock.now()),
      },
    };
  }

  #accept(lease: Lease, renewed: boolean): void {
    this.#lease = lease;
    if (renewed) this.#renewedAtMs = this.#clock.monotonic();
  }
}
