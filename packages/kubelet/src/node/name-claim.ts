import { Backoff, type Clock, errorMessage, type Logger } from "@wherry/base";
import type { Lease } from "@wherry/kubernetes";
import { NodeError } from "./errors.ts";
import type { NodeApi } from "./node-api.ts";

/** On the node's Lease: which kubelet renews it. The holder's name cannot tell, it is the node's name by convention. */
export const instanceAnnotation = "wherry.dev/instance-id";

const lookAgainMs = 2_000;
const defaultLeaseSeconds = 40;

export interface NameClaimOptions {
  readonly api: Pick<NodeApi, "getLease">;
  readonly nodeName: string;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when nobody can be asked, so that it stays open for now whose the name is. */
  readonly onUnreachable?: (() => void) | undefined;
}

/**
 * Resolves when no other live kubelet uses the node's name.
 *
 * Another kubelet lives while it renews the Lease. Where the Lease is another's and not yet expired, this watches it: a renewal
 * proves life and rejects with `NodeError` of code `NameInUse`; expiry lets us take over. A Lease of our own instance, or an
 * expired one, is no obstacle, so that a restart is never held up. Failures to ask are retried until `signal` aborts.
 */
export async function claimNodeName(options: NameClaimOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, nodeName } = options;
  let firstRenewal: string | undefined;
  for (;;) {
    const lease = await readLease(options, signal);
    const expiresInMs = foreignLeaseMs(lease, options.instanceId, clock.now());
    if (lease === undefined || expiresInMs <= 0) return;
    const renewal = lease.spec?.renewTime ?? "";
    if (firstRenewal !== undefined && renewal !== firstRenewal) throw nameInUse(nodeName, lease);
    if (firstRenewal === undefined)
      logger.warn("Another kubelet held this node's name a moment ago; watching whether it still lives", {
        node: nodeName,
        leaseExpiresInMs: Math.round(expiresInMs),
      });
    firstRenewal = renewal;
    await clock.sleep(Math.min(lookAgainMs, expiresInMs), signal);
  }
}

/** Milliseconds until the Lease of another kubelet expires; 0 or less when it has, or when the Lease is ours. */
export function foreignLeaseMs(lease: Lease | undefined, instanceId: string, nowMs: number): number {
  if (lease === undefined || lease.metadata?.annotations?.[instanceAnnotation] === instanceId) return 0;
  const renewedMs = Date.parse(lease.spec?.renewTime ?? "");
  if (Number.isNaN(renewedMs)) return 0;
  const durationMs = (lease.spec?.leaseDurationSeconds ?? defaultLeaseSeconds) * 1000;
  // A renewal "in the future" is clock skew; it must not hold the name longer than one duration.
  return Math.min(durationMs, renewedMs + durationMs - nowMs);
}

/** The error for a name that another live kubelet uses. */
export function nameInUse(nodeName: string, lease: Lease): NodeError {
  const holder = lease.metadata?.annotations?.[instanceAnnotation];
  const who = holder === undefined ? "another kubelet" : `another kubelet (instance ${holder})`;
  return new NodeError(
    "NameInUse",
    `Cannot run as node "${nodeName}": ${who} is renewing its lease, last at ${lease.spec?.renewTime ?? "an unknown time"}; ` +
      "stop that one, or give this one another name with --hostname-override",
  );
}

async function readLease(options: NameClaimOptions, signal: AbortSignal): Promise<Lease | undefined> {
  const { api, clock, logger, nodeName } = options;
  const backoff = new Backoff({ initialMs: 200, maxMs: 7_000 });
  for (;;) {
    try {
      return await api.getLease({ signal });
    } catch (error) {
      signal.throwIfAborted();
      options.onUnreachable?.();
      const delayMs = backoff.next();
      logger.warn("Cannot read the node's lease yet", {
        node: nodeName,
        error: errorMessage(error),
        retryInMs: delayMs,
      });
      await clock.sleep(delayMs, signal);
    }
  }
}
