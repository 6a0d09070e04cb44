import {
  addQuantities,
  type Pod,
  parseResourceList,
  podRequests,
  type Quantity,
  quantityMilliValue,
  quantityValue,
} from "@wherry/kubernetes";
import type { PodRefusal } from "../provider/provider.ts";
import { rejected } from "./refusal.ts";

const zero: Quantity = { nano: 0n, format: "decimalSi" };

/** Resources every node has; others are extended ones and count only where the node has some. */
const nativeResources: readonly string[] = ["cpu", "memory", "ephemeral-storage"];

/** A resource of which the node has too little left; cpu in thousandths of a core. */
export interface ResourceShortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
  /** What the others would have to give back. */
  readonly missing: number;
}

/**
 * Every resource of which the others leave the pod too little, in upstream's order.
 *
 * @param allocatable quantities of the node
 */
export function findShortages(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): ResourceShortage[] {
  const capacity = parseResourceList(allocatable);
  const shortages: ResourceShortage[] = [];
  const pods = capacity["pods"] && quantityValue(capacity["pods"]);
  if (pods !== undefined && others.length + 1 > pods)
    shortages.push({
      resource: "pods",
      requested: 1,
      used: others.length,
      capacity: pods,
      missing: others.length + 1 - pods,
    });
  const requests = podRequests(pod.spec ?? { containers: [] });
  const used = new Map<string, Quantity>();
  for (const other of others)
    for (const [name, amount] of Object.entries(podRequests(other.spec ?? { containers: [] })))
      used.set(name, addQuantities(used.get(name) ?? zero, amount));
  for (const name of [...nativeResources, ...Object.keys(requests).filter((key) => !nativeResources.includes(key))]) {
    const requested = requests[name];
    const known = Object.hasOwn(capacity, name) ? capacity[name] : undefined;
    // Of huge pages a node that knows of none has none; other resources it does not know are nobody's to give here. So has upstream it.
    const limit = known ?? (name.startsWith("hugepages-") ? zero : undefined);
    if (requested === undefined || requested.nano === 0n || limit === undefined) continue;
    const before = used.get(name) ?? zero;
    const missing = requested.nano + before.nano - limit.nano;
    if (missing <= 0n) continue;
    shortages.push({
      resource: name,
      requested: amountOf(name, requested),
      used: amountOf(name, before),
      capacity: amountOf(name, limit),
      missing: amountOf(name, { ...requested, nano: missing }),
    });
  }
  return shortages;
}

/**
 * Whether the pod fits beside the others; the first resource that does not is named, as `OutOfcpu`, `OutOfpods` and so on.
 *
 * @param allocatable quantities of the node
 */
export function fitResources(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): PodRefusal | undefined {
  const [first] = findShortages(pod, others, allocatable);
  return first && outOf(first);
}

/** The refusal of a pod for want of a resource. */
export function outOf({ resource, requested, used, capacity }: ResourceShortage): PodRefusal {
  return rejected(
    `OutOf${resource}`,
    `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  );
}

/** A quantity in the unit that upstream counts its resource in. */
export function amountOf(resource: string, quantity: Quantity): number {
  return resource === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity);
}
