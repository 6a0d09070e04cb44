import {
  findUntoleratedTaint,
  matchesPodNodeSelection,
  mayRestartAll,
  type Node,
  type Pod,
  type Taint,
} from "@wherry/kubernetes";
import { hostPortsOf, type NodeEntry } from "./node-ledger.ts";
import type { Amounts } from "./pod-requests.ts";

const unschedulableTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Why `entry` cannot take `pod`, in the words of upstream's plug-ins; empty when it can. */
export function findMismatches(pod: Pod, requests: Amounts, entry: NodeEntry): readonly string[] {
  const { node } = entry;
  const spec = pod.spec;
  if (node.spec?.unschedulable && findUntoleratedTaint([unschedulableTaint], spec?.tolerations, ["NoSchedule"])) {
    return ["node(s) were unschedulable"];
  }
  if (findUntoleratedTaint(node.spec?.taints, spec?.tolerations, ["NoSchedule", "NoExecute"]) !== undefined) {
    return ["node(s) had untolerated taint(s)"];
  }
  if (!matchesPodNodeSelection(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  if (!hasFeatures(pod, node)) return ["node(s) didn't match Pod's required features"];
  if (hasPortConflict(pod, entry)) return ["node(s) didn't have free ports for the requested pod ports"];
  return findShortages(requests, entry);
}

/** Whether the node declares what the pod asks of a kubelet beyond what every one has. */
function hasFeatures({ spec }: Pod, { status }: Node): boolean {
  if (spec === undefined || !mayRestartAll(spec)) return true;
  return status?.declaredFeatures?.includes("RestartAllContainersOnContainerExits") === true;
}

function findShortages(requests: Amounts, { allocatable, requested, pods }: NodeEntry): string[] {
  const reasons: string[] = [];
  if (pods.size + 1 > (allocatable.get("pods") ?? 0)) reasons.push("Too many pods");
  for (const [name, amount] of requests) {
    if (amount > 0 && amount > (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0)) {
      reasons.push(`Insufficient ${name}`);
    }
  }
  return reasons;
}

function hasPortConflict(pod: Pod, entry: NodeEntry): boolean {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return false;
  for (const { hostPorts } of entry.pods.values()) {
    for (const taken of hostPorts) if (wanted.some((port) => collides(port, taken))) return true;
  }
  return false;
}

function collides(left: string, right: string): boolean {
  const [leftProtocol, leftAddress, leftPort] = left.split("/");
  const [rightProtocol, rightAddress, rightPort] = right.split("/");
  if (leftProtocol !== rightProtocol || leftPort !== rightPort) return false;
  return leftAddress === rightAddress || leftAddress === "0.0.0.0" || rightAddress === "0.0.0.0";
}

/** How much of a node would stay free, from 0 to 1, averaged over cpu and memory: upstream's LeastAllocated. */
export function freeShare(requests: Amounts, { allocatable, requested }: NodeEntry): number {
  let sum = 0;
  for (const name of ["cpu", "memory"]) {
    const total = allocatable.get(name) ?? 0;
    if (total === 0) continue;
    sum += Math.max(0, total - (requested.get(name) ?? 0) - (requests.get(name) ?? 0)) / total;
  }
  return sum / 2;
}

/** The message of a failed attempt: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function unschedulableMessage(nodeCount: number, mismatches: readonly (readonly string[])[]): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reasons of mismatches) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const texts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodeCount} nodes are available: ${texts.join(", ")}.`;
}
