import {
  findUntoleratedTaint,
  matchesPodNodeSelection,
  type Node,
  type NodeSelectorTerm,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  type Toleration,
} from "@wherry/kubernetes";

/** Whether a node should get a daemon pod, and whether one that is there may stay. */
export interface Placement {
  readonly shouldRun: boolean;
  readonly mayStay: boolean;
}

const nodeNameField = "metadata.name";

/** Troubles of a node that do not keep daemons away, as upstream has them. */
const tolerated: readonly (readonly [key: string, effect: string])[] = [
  ["node.kubernetes.io/not-ready", "NoExecute"],
  ["node.kubernetes.io/unreachable", "NoExecute"],
  ["node.kubernetes.io/disk-pressure", "NoSchedule"],
  ["node.kubernetes.io/memory-pressure", "NoSchedule"],
  ["node.kubernetes.io/pid-pressure", "NoSchedule"],
  ["node.kubernetes.io/unschedulable", "NoSchedule"],
];

/** The tolerations of a daemon's pods: those of its template and those that every daemon has. */
export function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const all = hostNetwork
    ? [...tolerated, ["node.kubernetes.io/network-unavailable", "NoSchedule"] as const]
    : tolerated;
  const added = all
    .map(([key, effect]) => ({ key, operator: "Exists", effect }))
    .filter(
      (added) =>
        !tolerations.some(
          ({ key, operator, effect }) => key === added.key && operator === "Exists" && effect === added.effect,
        ),
    );
  return [...tolerations, ...added];
}

/** Whether `template`'s pods belong on `node`. */
export function placementOn({ spec }: PodTemplateSpec, node: Node): Placement {
  const none = { shouldRun: false, mayStay: false };
  if (spec === undefined) return none;
  if (spec.nodeName && spec.nodeName !== node.metadata?.name) return none;
  if (!matchesPodNodeSelection({ spec }, node)) return none;
  const tolerations = daemonTolerations(spec);
  const isTainted = (effects: readonly string[]) =>
    findUntoleratedTaint(node.spec?.taints, tolerations, effects) !== undefined;
  if (!isTainted(["NoSchedule", "NoExecute"])) return { shouldRun: true, mayStay: true };
  return { shouldRun: false, mayStay: !isTainted(["NoExecute"]) };
}

/** Changes a pod's spec so that the scheduler can bind it to one node only. */
export function pinToNode(spec: PodSpec, nodeName: string): void {
  spec.tolerations = daemonTolerations(spec);
  const matchFields = [{ key: nodeNameField, operator: "In", values: [nodeName] }];
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const terms: NodeSelectorTerm[] =
    nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  spec.affinity = {
    ...spec.affinity,
    nodeAffinity: {
      ...nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.length === 0 ? [{ matchFields }] : terms.map((term) => ({ ...term, matchFields })),
      },
    },
  };
}

/** The node that a pod is on or pinned to. */
export function nodeOfDaemonPod({ spec }: Pod): string {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const [only] = matchFields;
    if (
      matchFields.length === 1 &&
      only?.key === nodeNameField &&
      only.operator === "In" &&
      only.values?.length === 1
    ) {
      return only.values[0] ?? "";
    }
  }
  return "";
}
