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
  const capacity = parseResourceList(allocatable);
  const pods = capacity["pods"];
  if (pods !== undefined && others.length + 1 > quantityValue(pods))
    return outOf("pods", 1, others.length, quantityValue(pods));
  const requests = podRequests(pod.spec ?? { containers: [] });
  const used = new Map<string, Quantity>();
  for (const other of others)
    for (const [name, amount] of Object.entries(podRequests(other.spec ?? { containers: [] })))
      used.set(name, addQuantities(used.get(name) ?? zero, amount));
  for (const name of [...nativeResources, ...Object.keys(requests).filter((key) => !nativeResources.includes(key))]) {
    const requested = requests[name];
    const limit = Object.hasOwn(capacity, name) ? capacity[name] : undefined;
    // A resource the node does not know is nobody's to give here: upstream ignores it too.
    if (requested === undefined || requested.nano === 0n || limit === undefined) continue;
    const before = used.get(name) ?? zero;
    if (requested.nano + before.nano <= limit.nano) continue;
    const value = name === "cpu" ? quantityMilliValue : quantityValue;
    return outOf(name, value(requested), value(before), value(limit));
  }
  return undefined;
}

function outOf(resource: string, requested: number, used: number, capacity: number): PodRefusal {
  return rejected(
    `OutOf${resource}`,
    `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  );
}
