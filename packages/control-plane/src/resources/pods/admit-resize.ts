import type { Node, Pod, PodSpec } from "@wherry/kubernetes";
import { ApiError, forbidden, type ResourceName } from "../../errors.ts";
import { amountsOf, podRequests } from "../../scheduler/pod-requests.ts";
import type { StrategyContext } from "../resource-definition.ts";

const pods: ResourceName = { group: "", resource: "pods" };
const osLabel = "kubernetes.io/os";

/**
 * Systems whose kubelets are known to resize pods.
 *
 * Upstream's admission lets nodes with Linux do so and refuses all others. This control plane differs on purpose: kubelets of
 * WebAssembly say `wasi` and resize as those of Linux do, and whether one does is told by its container statuses anyway.
 */
const resizingSystems: readonly string[] = ["linux", "wasi"];

/** Refuses, as upstream's admission of `pods/resize` does, what the pod's node can never give. Throws a 403 ApiError. */
export function admitResize(pod: Pod, { store }: StrategyContext): void {
  const nodeName = pod.spec?.nodeName ?? "";
  const node = store.get("nodes", nodeName)?.object as Node | undefined;
  if (node === undefined) return;
  const system = node.metadata?.labels?.[osLabel];
  if (system !== undefined && !resizingSystems.includes(system)) {
    const message = `pod resize is only supported on linux nodes, node "${nodeName}" is "${system}"`;
    throw refusal(pod, message, "UnsupportedPlatform");
  }
  const requests = podRequests(pod.spec as PodSpec);
  const allocatable = amountsOf(node.status?.allocatable);
  const missing = ["cpu", "memory"].flatMap((resource) => {
    const requested = requests.get(resource) ?? 0;
    const available = allocatable.get(resource) ?? 0;
    return requested <= available ? [] : `${resource}, requested: ${requested}, allocatable: ${available}`;
  });
  if (missing.length === 0) return;
  throw refusal(pod, `node didn't have enough allocatable resources: ${missing.join("; ")}`, "NodeCapacity");
}

function refusal({ metadata }: Pod, message: string, reason: string): ApiError {
  const { message: text, details } = forbidden(pods, metadata?.name ?? "", message);
  return new ApiError(403, "Forbidden", text, { details: { ...details, causes: [{ reason }] } });
}
