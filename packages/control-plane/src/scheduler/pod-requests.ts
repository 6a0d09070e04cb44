import {
  type Container,
  type ContainerStatus,
  findPodCondition,
  type Pod,
  type PodSpec,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
} from "@wherry/kubernetes";

/** Amounts by resource name: thousandths of a core for `cpu`, whole units for the rest. */
export type Amounts = Map<string, number>;

/** Reads a resource list as amounts. */
export function amountsOf(list: Readonly<Record<string, string>> | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text);
    amounts.set(name, name === "cpu" ? quantityMilliValue(quantity) : quantityValue(quantity));
  }
  return amounts;
}

/** Adds `more`, `times` over, to `amounts`. */
export function addAmounts(amounts: Amounts, more: Amounts, times = 1): void {
  for (const [name, amount] of more) amounts.set(name, (amounts.get(name) ?? 0) + amount * times);
}

function raiseTo(amounts: Amounts, floor: Amounts): void {
  for (const [name, amount] of floor) amounts.set(name, Math.max(amounts.get(name) ?? 0, amount));
}

/**
 * What a pod asks of a node: its containers and sidecars together or, where that is more, the init container that needs
 * most at its time; resources of the whole pod go before these, overhead is added.
 */
export function podRequests(spec: PodSpec): Amounts {
  return combine(spec, ({ resources }) => amountsOf(resources?.requests), amountsOf(spec.resources?.requests));
}

/**
 * What a pod on a node takes of it: what it asks for, and no less than the node has given it while a resize is under way; a
 * resize that the node can never carry out does not count (KEP-1287).
 */
export function heldRequests({ spec = { containers: [] }, status = {} }: Pod): Amounts {
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const byName = new Map(statuses.map((container) => [container.name, container]));
  const isInfeasible = findPodCondition(status, "PodResizePending")?.reason === "Infeasible";
  const held = (
    wanted: Container["resources"],
    has: Pick<ContainerStatus, "resources" | "allocatedResources"> = {},
  ) => {
    const given = amountsOf(has.allocatedResources);
    raiseTo(given, amountsOf(has.resources?.requests));
    if (given.size === 0 || !isInfeasible) raiseTo(given, amountsOf(wanted?.requests));
    return given;
  };
  return combine(
    spec,
    (container) => held(container.resources, byName.get(container.name)),
    held(spec.resources, status),
  );
}

/** @param ofPod what the pod has as a whole, which goes before what its containers have */
function combine(spec: PodSpec, ofContainer: (container: Container) => Amounts, ofPod: Amounts): Amounts {
  const requests: Amounts = new Map();
  for (const container of spec.containers) addAmounts(requests, ofContainer(container));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      addAmounts(sidecars, ofContainer(container));
      raiseTo(peak, sidecars);
    } else {
      const own = amountsOf(container.resources?.requests);
      addAmounts(own, sidecars);
      raiseTo(peak, own);
    }
  }
  addAmounts(requests, sidecars);
  raiseTo(requests, peak);
  for (const [name, amount] of ofPod) requests.set(name, amount);
  addAmounts(requests, amountsOf(spec.overhead));
  return requests;
}
