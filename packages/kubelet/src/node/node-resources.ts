import { canonicalQuantity } from "@wherry/kubernetes";
import type { MachineFacts } from "./machine-facts.ts";

/** An amount kept back: absolute, or a share of the capacity. */
export type Threshold =
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "fraction"; readonly fraction: number };

export interface NodeResourceOptions {
  /** Most pods the node takes; see `podsPerCore`. */
  readonly maxPods: number;
  /** Bounds the pods further where above 0. */
  readonly podsPerCore: number;
  /** Sum of `kubeReserved` and `systemReserved`. */
  readonly reserved: { readonly cpuMillis: number; readonly memoryBytes: number; readonly storageBytes: number };
  /** Hard eviction thresholds; what lies below them is not for pods. */
  readonly evictionHard: {
    readonly memoryAvailable?: Threshold | undefined;
    readonly nodefsAvailable?: Threshold | undefined;
  };
  /** Further resources the provider offers, as quantities, e.g. of devices; allocatable in full. */
  readonly extended?: Readonly<Record<string, string>> | undefined;
}

export interface NodeResources {
  readonly capacity: Record<string, string>;
  readonly allocatable: Record<string, string>;
}

/**
 * What the node has and what pods may use of it: allocatable = capacity - reserved - hard eviction threshold, never below 0.
 *
 * Quantities are in canonical form, so that they compare equal to what the API server stored.
 */
export function nodeResources(facts: MachineFacts, options: NodeResourceOptions): NodeResources {
  const cpuMillis = facts.cpuCount * 1000;
  const pods =
    options.podsPerCore > 0 ? Math.min(options.maxPods, options.podsPerCore * facts.cpuCount) : options.maxPods;
  const memory = left(facts.memoryBytes, options.reserved.memoryBytes, options.evictionHard.memoryAvailable);
  const storage = left(facts.storageBytes, options.reserved.storageBytes, options.evictionHard.nodefsAvailable);
  return {
    capacity: canonical({
      ...options.extended,
      cpu: String(facts.cpuCount),
      "ephemeral-storage": kibibytes(facts.storageBytes),
      memory: kibibytes(facts.memoryBytes),
      pods: String(pods),
    }),
    allocatable: canonical({
      ...options.extended,
      cpu: `${Math.max(0, cpuMillis - options.reserved.cpuMillis)}m`,
      "ephemeral-storage": String(storage),
      memory: kibibytes(memory),
      pods: String(pods),
    }),
  };
}

function canonical(quantities: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, canonicalQuantity(quantity)]));
}

/** The threshold as bytes of `capacityBytes`. */
export function thresholdBytes(threshold: Threshold | undefined, capacityBytes: number): number {
  if (threshold === undefined) return 0;
  return threshold.kind === "bytes" ? threshold.bytes : Math.floor(capacityBytes * threshold.fraction);
}

function left(capacityBytes: number, reservedBytes: number, threshold: Threshold | undefined): number {
  return Math.max(0, capacityBytes - reservedBytes - thresholdBytes(threshold, capacityBytes));
}

function kibibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024)}Ki`;
}
