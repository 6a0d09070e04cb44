import { canonicalQuantity, parseQuantity, quantityMilliValue, quantityValue } from "@wherry/kubernetes";
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
  /** Whether `ephemeral-storage` is a resource of the node. @default true */
  readonly localStorage?: boolean | undefined;
}

export interface NodeResources {
  readonly capacity: Record<string, string>;
  readonly allocatable: Record<string, string>;
}

/**
 * What the node has and what pods may use of it: allocatable = capacity - reserved - hard eviction threshold, never below 0.
 *
 * `provided` replaces what the machine has (`cpu`, `memory`, `ephemeral-storage`, `pods`) and adds other resources, which are
 * allocatable in full. Quantities are in canonical form, so that they compare equal to what the API server stored.
 */
export function nodeResources(
  facts: MachineFacts,
  options: NodeResourceOptions,
  provided: Readonly<Record<string, string>> = {},
): NodeResources {
  const { cpu, memory, pods, "ephemeral-storage": storage, ...extended } = provided;
  const cpuMillis = cpu === undefined ? facts.cpuCount * 1000 : quantityMilliValue(parseQuantity(cpu));
  const memoryBytes = memory === undefined ? facts.memoryBytes : quantityValue(parseQuantity(memory));
  const storageBytes = storage === undefined ? facts.storageBytes : quantityValue(parseQuantity(storage));
  const podCount = pods === undefined ? mostPods(facts, options) : quantityValue(parseQuantity(pods));
  const { reserved, evictionHard, localStorage = true } = options;
  const usableBytes = left(storageBytes, reserved.storageBytes, evictionHard.nodefsAvailable);
  return {
    capacity: canonical({
      ...extended,
      cpu: `${cpuMillis}m`,
      ...(localStorage && { "ephemeral-storage": kibibytes(storageBytes) }),
      memory: kibibytes(memoryBytes),
      pods: String(podCount),
    }),
    allocatable: canonical({
      ...extended,
      cpu: `${Math.max(0, cpuMillis - reserved.cpuMillis)}m`,
      ...(localStorage && { "ephemeral-storage": String(usableBytes) }),
      memory: kibibytes(left(memoryBytes, reserved.memoryBytes, evictionHard.memoryAvailable)),
      pods: String(podCount),
    }),
  };
}

function mostPods(facts: MachineFacts, { maxPods, podsPerCore }: NodeResourceOptions): number {
  return podsPerCore > 0 ? Math.min(maxPods, podsPerCore * facts.cpuCount) : maxPods;
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
