import type { PodSpec } from "../api/index.ts";
import { compareQuantities } from "../quantity.ts";
import { parseResourceList } from "./pod-resources.ts";

/** Quality of service of a pod, as in `status.qosClass`. */
export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/**
 * QoS class of a pod: `Guaranteed` where every container has cpu and memory limits with requests equal to them, `BestEffort`
 * where none has any, else `Burstable`.
 */
export function qosClass(spec: PodSpec): QosClass {
  const holders = spec.resources
    ? [{ resources: spec.resources }]
    : [...(spec.initContainers ?? []), ...spec.containers];
  let any = false;
  let guaranteed = true;
  for (const { resources } of holders) {
    const limits = parseResourceList(resources?.limits);
    const requests = { ...limits, ...parseResourceList(resources?.requests) };
    for (const name of ["cpu", "memory"]) {
      const limit = limits[name];
      const request = requests[name];
      if ((request?.nano ?? 0n) > 0n || (limit?.nano ?? 0n) > 0n) any = true;
      if (limit === undefined || limit.nano === 0n || request === undefined || compareQuantities(limit, request) !== 0)
        guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
