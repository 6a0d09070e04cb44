import type { Container, PodSpec } from "../api/index.ts";
import { addQuantities, compareQuantities, formatQuantity, type Quantity, tryParseQuantity } from "../quantity.ts";
import { isRestartableInitContainer } from "./pod-containers.ts";

/** Amounts by resource name. */
export type ResourceAmounts = Readonly<Record<string, Quantity>>;

/** Whether a resource is one that the containers of a pod may share (KEP-2837): cpu, memory and huge pages. */
export function isPodResource(name: string): boolean {
  return isComputeResource(name) || name.startsWith("hugepages-");
}

/** Whether a resource is cpu or memory. */
export function isComputeResource(name: string): boolean {
  return name === "cpu" || name === "memory";
}

/**
 * What a pod asks for, by resource: the larger of the app containers with all sidecars and of each init container with the
 * sidecars started before it, then overhead (KEP-753); `spec.resources` stands in for what it names (KEP-2837).
 *
 * Quantities that do not parse count as absent; the API server refuses them.
 */
export function podRequests(spec: PodSpec): ResourceAmounts {
  const total = effective(spec, containerRequests);
  Object.assign(total, parseResourceList(spec.resources?.requests));
  addInto(total, parseResourceList(spec.overhead));
  return total;
}

/**
 * What a pod may have at most of cpu and memory, counted as its requests are. A sum limits nothing, and is left out, where any
 * container has no limit of its own.
 */
export function podLimits(spec: PodSpec): ResourceAmounts {
  const limits = parseResourceList(spec.resources?.limits);
  const total = effective(spec, ({ resources }) => parseResourceList(resources?.limits));
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const overhead = parseResourceList(spec.overhead);
  const result: Record<string, Quantity> = {};
  for (const name of ["cpu", "memory"]) {
    const everywhere = all.every(({ resources }) => isPositive(resources?.limits?.[name]));
    const limit = limits[name] ?? (everywhere ? total[name] : undefined);
    const more = overhead[name];
    if (limit !== undefined) result[name] = more === undefined ? limit : addQuantities(limit, more);
  }
  return result;
}

/**
 * What all containers of a pod may take up of the node's local storage together: the sum of the limits that there are, counted as
 * requests are. Undefined where no container has one.
 */
export function podEphemeralStorageLimit(spec: PodSpec): Quantity | undefined {
  const name = "ephemeral-storage";
  const limit = effective(spec, ({ resources }) => parseResourceList(resources?.limits))[name];
  const overhead = parseResourceList(spec.overhead)[name];
  return limit === undefined || overhead === undefined || limit.nano === 0n ? limit : addQuantities(limit, overhead);
}

/** Requests of one container; a limit without a request counts as the request. */
export function containerRequests(container: Pick<Container, "resources">): ResourceAmounts {
  return { ...parseResourceList(container.resources?.limits), ...parseResourceList(container.resources?.requests) };
}

/** The resource list of amounts, each in canonical form. */
export function formatResourceList(amounts: ResourceAmounts): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));
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

/** The most that the containers of a pod have together at any time. */
function effective(spec: PodSpec, amountsOf: (container: Container) => ResourceAmounts): Record<string, Quantity> {
  const sidecars: Record<string, Quantity> = {};
  const peak: Record<string, Quantity> = {};
  for (const container of spec.initContainers ?? []) {
    const amounts = amountsOf(container);
    if (isRestartableInitContainer(container)) {
      addInto(sidecars, amounts);
      maxInto(peak, sidecars);
    } else maxInto(peak, sum(sidecars, amounts));
  }
  const total: Record<string, Quantity> = { ...sidecars };
  for (const container of spec.containers) addInto(total, amountsOf(container));
  maxInto(total, peak);
  return total;
}

function isPositive(text: string | undefined): boolean {
  return text !== undefined && (tryParseQuantity(text)?.nano ?? 0n) > 0n;
}

function sum(left: ResourceAmounts, right: ResourceAmounts): Record<string, Quantity> {
  const total = { ...left };
  addInto(total, right);
  return total;
}

/** Names are a pod's to choose: `constructor` is one that every object has something for. */
function amountOf(amounts: ResourceAmounts, name: string): Quantity | undefined {
  return Object.hasOwn(amounts, name) ? amounts[name] : undefined;
}

function addInto(total: Record<string, Quantity>, more: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(more)) {
    const before = amountOf(total, name);
    total[name] = before === undefined ? amount : addQuantities(before, amount);
  }
}

function maxInto(total: Record<string, Quantity>, other: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(other)) {
    const before = amountOf(total, name);
    if (before === undefined || compareQuantities(before, amount) < 0) total[name] = amount;
  }
}
