import type { Pod } from "@wherry/kubernetes";
import { isStaticPod } from "@wherry/kubernetes";
import { fitResources } from "./fit-resources.ts";

/** Why a resize is impossible, in the words of upstream's metric. */
export type InfeasibleDetail = "static_pod" | "insufficient_node_allocatable" | "unsupported_platform";

/** Why a resize cannot be granted: never on this node, or not now. */
export type ResizeHindrance =
  | { readonly reason: "Infeasible"; readonly message: string; readonly detail: InfeasibleDetail }
  | {
      readonly reason: "Deferred";
      readonly message: string;
      /** For which a pod would be refused, e.g. `OutOfcpu`; upstream's event says that. */
      readonly shortage?: string | undefined;
    };

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
  if (isStaticPod(pod)) {
    const message = "In-place resize of static-pods is not supported";
    return { reason: "Infeasible", message, detail: "static_pod" };
  }
  const alone = fitResources(pod, [], allocatable);
  if (alone !== undefined) {
    const message = alone.message.replace(/^.*?resource: (\S+), requested: (\d+), used: 0,/, "$1, requested: $2,");
    return {
      reason: "Infeasible",
      message: `Node didn't have enough capacity: ${message}`,
      detail: "insufficient_node_allocatable",
    };
  }
  const refusal = fitResources(pod, others, allocatable);
  return refusal && { reason: "Deferred", message: refusal.message, shortage: refusal.reason };
}
