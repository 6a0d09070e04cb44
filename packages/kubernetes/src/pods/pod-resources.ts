import type { Container, PodSpec } from "../api/index.ts";
import { addQuantities, compareQuantities, type Quantity, tryParseQuantity } from "../quantity.ts";
import { isRestartableInitContainer } from "./pod-containers.ts";

/** Amounts by resource name. */
export type ResourceAmounts = Readonly<Record<string, Quantity>>;

/**
 * What a pod asks for, by resource: the larger of the app containers with all sidecars and of each init container with the
 * sidecars started before it, then overhead (KEP-753); `spec.resources` stands in for what it names (KEP-2837).
 *
 * Quantities that do not parse count as absent; the API server refuses them.
 */
export function podRequests(spec: PodSpec): ResourceAmounts {
  const sidecars: Record<string, Quantity> = {};
  const peak: Record<string, Quantity> = {};
  for (const container of spec.initContainers ?? []) {
    const requests = containerRequests(container);
    if (isRestartableInitContainer(container)) {
      addInto(sidecars, requests);
      maxInto(peak, sidecars);
    } else maxInto(peak, sum(sidecars, requests));
  }
  const total: Record<string, Quantity> = { ...sidecars };
  for (const container of spec.containers) addInto(total, containerRequests(container));
  maxInto(total, peak);
  Object.assign(total, parseResourceList(spec.resources?.requests));
  addInto(total, parseResourceList(spec.overhead));
  return total;
}

/** Requests of one container; a limit without a request counts as the request. */
export function containerRequests(container: Pick<Container, "resources">): ResourceAmounts {
  return { ...parseResourceList(container.resources?.limits), ...parseResourceList(container.resources?.requests) };
}

/** The amounts of a resource list whose texts parse. */
export function parseResourceList(list: Readonly<Record<string, string>> | undefined): Record<string, Quantity> {
  const amounts: Record<string, Quantity> = {};
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = tryParseQuantity(text);
    if (quantity !== undefined) amounts[name] = quantity;
  }
  return amounts;
}

function sum(left: ResourceAmounts, right: ResourceAmounts): Record<string, Quantity> {
  const total = { ...left };
  addInto(total, right);
  return total;
}

function addInto(total: Record<string, Quantity>, more: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(more)) {
    const before = total[name];
    total[name] = before === undefined ? amount : addQuantities(before, amount);
  }
}

function maxInto(total: Record<string, Quantity>, other: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(other)) {
    const before = total[name];
    if (before === undefined || compareQuantities(before, amount) < 0) total[name] = amount;
  }
}
