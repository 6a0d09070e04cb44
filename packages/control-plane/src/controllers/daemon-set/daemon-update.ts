import type { Pod } from "@wherry/kubernetes";

/** The live pods of a daemon on one node that should run it. */
export interface DaemonNode {
  readonly name: string;
  readonly pods: readonly Pod[];
}

export interface DaemonUpdateOptions {
  readonly maxUnavailable: number;
  readonly maxSurge: number;
  readonly isUpdated: (pod: Pod) => boolean;
  readonly isAvailable: (pod: Pod) => boolean;
}

/** What a step of a rolling update does. */
export interface DaemonUpdate {
  readonly remove: readonly Pod[];
  /** Nodes that get a pod of the present template beside their old one. */
  readonly surge: readonly string[];
}

const isGoing = ({ metadata }: Pod): boolean => metadata?.deletionTimestamp !== undefined;

/** One step of a rolling update: which old pods go now, and where new ones come before the old have gone. */
export function stepDaemonUpdate(nodes: readonly DaemonNode[], options: DaemonUpdateOptions): DaemonUpdate {
  return options.maxSurge > 0 ? stepWithSurge(nodes, options) : stepInPlace(nodes, options);
}

function stepInPlace(
  nodes: readonly DaemonNode[],
  { maxUnavailable, isUpdated, isAvailable }: DaemonUpdateOptions,
): DaemonUpdate {
  const broken: Pod[] = [];
  const serving: Pod[] = [];
  let unavailable = 0;
  for (const { pods } of nodes) {
    const [pod] = pods;
    if (pod === undefined || pods.length > 1 || isGoing(pod)) unavailable++;
    else if (!isAvailable(pod)) {
      unavailable++;
      // Nothing is lost by replacing it at once.
      if (!isUpdated(pod)) broken.push(pod);
    } else if (!isUpdated(pod)) serving.push(pod);
  }
  const room = Math.max(0, maxUnavailable - unavailable);
  return { remove: [...broken, ...serving.slice(0, room)], surge: [] };
}

function stepWithSurge(
  nodes: readonly DaemonNode[],
  { maxSurge, isUpdated, isAvailable }: DaemonUpdateOptions,
): DaemonUpdate {
  const remove: Pod[] = [];
  const urgent: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  for (const { name, pods } of nodes) {
    const old = pods.find((pod) => !isUpdated(pod));
    const updated = pods.find(isUpdated);
    if (old === undefined) continue;
    if (updated === undefined) {
      if (isGoing(old) || !isAvailable(old)) urgent.push(name);
      else candidates.push(name);
    } else if (!isAvailable(updated)) surging++;
    else if (!isGoing(old)) remove.push(old);
  }
  const room = Math.max(0, maxSurge - surging);
  return { remove, surge: [...urgent, ...candidates.slice(0, room)] };
}
