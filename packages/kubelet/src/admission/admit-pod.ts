import {
  findUntoleratedTaint,
  isCriticalPod,
  isStaticPod,
  matchesPodNodeSelection,
  type Node,
  type Pod,
} from "@wherry/kubernetes";
import type { NodeFacts } from "../ports/node-facts.ts";
import type { PodRefusal } from "../provider/provider.ts";
import { findShortages, outOf } from "./fit-resources.ts";
import { findHostPortClash } from "./host-ports.ts";
import { makeRoom, type Preemption } from "./make-room.ts";
import { rejected } from "./refusal.ts";

/**
 * Whether this node takes the pod beside those it has: the last word after the scheduler's, and the only one for pods that were
 * bound without it. A critical pod that lacks nothing but resources is taken when others have ended for it. Pure; reasons and
 * their order are upstream's.
 *
 * @param others pods that were admitted and have not ended
 */
export function admitPod(pod: Pod, others: readonly Pod[], node: NodeFacts): PodRefusal | Preemption | undefined {
  const wrongOs = checkOs(pod, node);
  if (wrongOs !== undefined) return wrongOs;
  const shortages = findShortages(pod, others, node.allocatable);
  const [first] = shortages;
  if (first !== undefined && !isCriticalPod(pod)) return outOf(first);
  const refusal = checkNode(pod, node) ?? checkHostPorts(pod, others) ?? checkTaints(pod, node);
  if (first === undefined || refusal !== undefined) return refusal;
  return makeRoom(pod, others, shortages);
}

function checkOs(pod: Pod, node: NodeFacts): PodRefusal | undefined {
  const wanted = pod.spec?.os?.name;
  if (wanted !== undefined && wanted !== node.operatingSystem)
    return rejected(
      "PodOSNotSupported",
      `Failed to admit pod as the OS field doesn't match node OS (${JSON.stringify(wanted)}, ${JSON.stringify(node.operatingSystem)})`,
    );
  const label = pod.spec?.nodeSelector?.["kubernetes.io/os"];
  const own = node.labels["kubernetes.io/os"];
  if (label !== undefined && own !== undefined && label !== own)
    return rejected(
      "PodOSSelectorNodeLabelDoesNotMatch",
      `Failed to admit pod as the \`kubernetes.io/os\` label doesn't match node label (${JSON.stringify(label)}, ${JSON.stringify(own)})`,
    );
  return undefined;
}

function checkNode(pod: Pod, node: NodeFacts): PodRefusal | undefined {
  const object: Node = { metadata: { name: node.nodeName, labels: { ...node.labels } } };
  if (!matchesPodNodeSelection(pod, object))
    return rejected("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
  const wanted = pod.spec?.nodeName;
  if (wanted !== undefined && wanted !== "" && wanted !== node.nodeName)
    return rejected(
      "NodeName",
      `Predicate NodeName failed: node(s) didn't match the requested node name (pod names ${JSON.stringify(wanted)}, this is ${JSON.stringify(node.nodeName)})`,
    );
  return undefined;
}

function checkHostPorts(pod: Pod, others: readonly Pod[]): PodRefusal | undefined {
  const clash = findHostPortClash(pod, others);
  if (clash === undefined) return undefined;
  return rejected(
    "NodePorts",
    `Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports (${clash} is in use)`,
  );
}

function checkTaints(pod: Pod, node: NodeFacts): PodRefusal | undefined {
  if (isStaticPod(pod)) return undefined;
  const taint = findUntoleratedTaint(
    node.taints.filter(({ effect }) => effect === "NoExecute"),
    pod.spec?.tolerations ?? [],
    ["NoExecute"],
  );
  if (taint === undefined) return undefined;
  const text = `${taint.key}=${taint.value ?? ""}:${taint.effect}`;
  return rejected(
    "TaintToleration",
    `Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate ({${text}})`,
  );
}
