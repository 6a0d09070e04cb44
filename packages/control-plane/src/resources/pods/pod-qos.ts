import { type PodSpec, parseQuantity } from "@wherry/kubernetes";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const computeResources: readonly string[] = ["cpu", "memory"];

/** The quality of service class of a pod: Guaranteed when all containers limit cpu and memory to what they request. */
export function qosClassOf(spec: PodSpec): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  // Resources of the whole pod, where given, decide alone.
  const resources =
    spec.resources === undefined ? containers.map((container) => container.resources) : [spec.resources];
  let isAnySet = false;
  let isGuaranteed = true;
  for (const { requests = {}, limits = {} } of resources.map((item) => item ?? {})) {
    for (const name of computeResources) {
      const request = requests[name];
      const limit = limits[name];
      if (isPositive(request) || isPositive(limit)) isAnySet = true;
      if (!isPositive(limit) || limit !== (request ?? limit)) isGuaranteed = false;
    }
  }
  if (!isAnySet) return "BestEffort";
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

function isPositive(quantity: string | undefined): boolean {
  return quantity !== undefined && parseQuantity(quantity).nano > 0n;
}
