import { type Container, type PodSpec, parseQuantity, quantityMilliValue, quantityValue } from "@wherry/kubernetes";

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
  const requests = sumOf(spec.containers);
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container.resources?.requests);
    if (container.restartPolicy === "Always") {
      addAmounts(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      addAmounts(own, sidecars);
      raiseTo(peak, own);
    }
  }
  addAmounts(requests, sidecars);
  raiseTo(requests, peak);
  for (const [name, amount] of amountsOf(spec.resources?.requests)) requests.set(name, amount);
  addAmounts(requests, amountsOf(spec.overhead));
  return requests;
}

function sumOf(containers: readonly Container[]): Amounts {
  const sum: Amounts = new Map();
  for (const container of containers) addAmounts(sum, amountsOf(container.resources?.requests));
  return sum;
}
