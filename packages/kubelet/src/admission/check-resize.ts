import type { Pod } from "@wherry/kubernetes";
import { isStaticPod } from "@wherry/kubernetes";
import { fitResources } from "./fit-resources.ts";

/** Why a resize cannot be granted: never on this node, or not now. */
export interface ResizeHindrance {
  readonly reason: "Infeasible" | "Deferred";
  readonly message: string;
}

/**
 * Whether the node can give a pod what its spec asks for now; pure.
 *
 * @param pod as it is wanted
 * @param others the other pods of the node, with what they were given
 */
export function checkResize(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): ResizeHindrance | undefined {
  if (isStaticPod(pod)) return { reason: "Infeasible", message: "In-place resize of static-pods is not supported" };
  const alone = fitResources(pod, [], allocatable);
  if (alone !== undefined) {
    const message = alone.message.replace(/^.*?resource: (\S+), requested: (\d+), used: 0,/, "$1, requested: $2,");
    return { reason: "Infeasible", message: `Node didn't have enough capacity: ${message}` };
  }
  const refusal = fitResources(pod, others, allocatable);
  return refusal && { reason: "Deferred", message: refusal.message.replace("Pod was rejected: ", "") };
}
