import {
  type Container,
  type EphemeralContainer,
  type Pod,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
  type ResourceFieldSelector,
} from "@wherry/kubernetes";
import { ConfigError } from "../errors.ts";

/** Resources whose missing limit is the node's allocatable amount. */
const defaultedResources: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

type AnyContainer = Container | EphemeralContainer;

/**
 * The value of a `resourceFieldRef` as a decimal number of divisors, rounded up.
 *
 * Knows `limits.` and `requests.` of cpu, memory, ephemeral-storage and `hugepages-<size>`. A missing limit of the first three is
 * the pod's own limit or else what the node can give to pods; any other missing amount is 0.
 *
 * @param own the container that holds the reference, for a selector that names none; undefined in volumes
 * @param where what holds the reference, for the message
 * @throws ConfigError for an unknown container or resource or a divisor that is no quantity
 */
export function resourceFieldValue(
  pod: Pod,
  own: AnyContainer | undefined,
  selector: ResourceFieldSelector,
  nodeAllocatable: Readonly<Record<string, string>>,
  where: string,
): string {
  const container = selectedContainer(pod, own, selector, where);
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(selector.resource);
  if (match === null)
    throw new ConfigError(`${where} has unsupported resource "${selector.resource}"`, { retryable: false });
  const [, list, resource = ""] = match;
  const amount =
    list === "requests"
      ? container.resources?.requests?.[resource]
      : limitOf(pod, container, resource, nodeAllocatable);
  try {
    return divide(amount ?? "0", selector.divisor, resource === "cpu");
  } catch (error) {
    throw new ConfigError(`${where} has amount "${amount}" and divisor "${selector.divisor}", not two quantities`, {
      cause: error,
      retryable: false,
    });
  }
}

function selectedContainer(
  pod: Pod,
  own: AnyContainer | undefined,
  selector: ResourceFieldSelector,
  where: string,
): AnyContainer {
  const name = selector.containerName;
  if (!name) {
    if (own !== undefined) return own;
    throw new ConfigError(`${where} has a resourceFieldRef without containerName`, { retryable: false });
  }
  const all: readonly AnyContainer[] = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const found = all.find((container) => container.name === name);
  if (found === undefined)
    throw new ConfigError(`${where} refers to container "${name}", which is not found in the pod`, {
      retryable: false,
    });
  return found;
}

function limitOf(
  pod: Pod,
  container: AnyContainer,
  resource: string,
  nodeAllocatable: Readonly<Record<string, string>>,
): string | undefined {
  const limit = container.resources?.limits?.[resource];
  if (!defaultedResources.has(resource)) return limit;
  if (limit !== undefined && quantityMilliValue(parseQuantity(limit)) !== 0) return limit;
  return pod.spec?.resources?.limits?.[resource] ?? nodeAllocatable[resource];
}

function divide(amount: string, divisor: string | undefined, isCpu: boolean): string {
  const value = isCpu ? quantityMilliValue : quantityValue;
  const by = divisor === undefined ? 0 : value(parseQuantity(divisor));
  const unit = by === 0 ? value(parseQuantity("1")) : by;
  return String(Math.ceil(value(parseQuantity(amount)) / unit));
}
