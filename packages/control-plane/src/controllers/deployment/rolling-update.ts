import { type Deployment, type DeploymentSpec, type ReplicaSet, scaledIntOrPercent } from "@wherry/kubernetes";

/** What a ReplicaSet should be resized to. */
export interface Resize {
  readonly replicaSet: ReplicaSet;
  readonly replicas: number;
}

/** The bounds of a rolling update in pods; one of them is always more than zero. */
export interface RollingBounds {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** How many pods more than wanted there may be, and how many of those wanted may be missing. */
export function rollingBounds({ replicas = 1, strategy }: DeploymentSpec): RollingBounds {
  if (strategy?.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = scaledIntOrPercent(strategy?.rollingUpdate?.maxSurge, replicas, "up");
  const rounded = scaledIntOrPercent(strategy?.rollingUpdate?.maxUnavailable, replicas, "down");
  // Both may be rounded to zero, with which nothing could ever move.
  const maxUnavailable = maxSurge === 0 && rounded === 0 ? 1 : rounded;
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}

export const sizeOf = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 0;
export const availableOf = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;
export const totalSize = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + sizeOf(set), 0);

function totalAvailable(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + availableOf(set), 0);
}

/** The size that the new ReplicaSet may have now, given what all of them have; it never shrinks by this. */
export function newReplicaSetSize({ spec }: Deployment, all: readonly ReplicaSet[], present: number): number {
  const wanted = spec?.replicas ?? 1;
  if (spec === undefined || spec.strategy?.type === "Recreate") return wanted;
  const room = wanted + rollingBounds(spec).maxSurge - totalSize(all);
  return room <= 0 ? present : present + Math.max(0, Math.min(room, wanted - present));
}

/**
 * How old ReplicaSets shrink in a rolling update: first by pods that are not available anyway, then by those that need not
 * be for enough others to be available. Oldest first.
 */
export function shrinkOldReplicaSets(
  { spec }: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Resize[] {
  const old = byAge(oldSets);
  if (spec === undefined || totalSize(old) === 0) return [];
  const minAvailable = (spec.replicas ?? 1) - rollingBounds(spec).maxUnavailable;
  const all = newSet === undefined ? old : [...old, newSet];
  const newUnavailable = newSet === undefined ? 0 : sizeOf(newSet) - availableOf(newSet);
  const most = totalSize(all) - minAvailable - newUnavailable;
  if (most <= 0) return [];
  const sizes = new Map(old.map((set) => [set, sizeOf(set)]));
  let cleaned = 0;
  for (const set of old) {
    const unhealthy = Math.min(most - cleaned, sizeOf(set) - availableOf(set));
    if (unhealthy <= 0) continue;
    sizes.set(set, sizeOf(set) - unhealthy);
    cleaned += unhealthy;
  }
  let spare = totalAvailable(all) - minAvailable;
  for (const [set, size] of sizes) {
    const less = Math.min(size, spare);
    if (less <= 0) continue;
    sizes.set(set, size - less);
    spare -= less;
  }
  return [...sizes]
    .filter(([set, size]) => size !== sizeOf(set))
    .map(([replicaSet, replicas]) => ({ replicaSet, replicas }));
}

export const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
export const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";

/**
 * How a change of size is shared out while a rolling update is under way: each ReplicaSet gets its share of it by its size,
 * and the largest what rounding leaves over.
 */
export function scaleProportionally(deployment: Deployment, active: readonly ReplicaSet[]): Resize[] {
  const { spec } = deployment;
  if (spec === undefined) return [];
  const wanted = spec.replicas ?? 1;
  const allowed = wanted > 0 ? wanted + rollingBounds(spec).maxSurge : 0;
  const toAdd = allowed - totalSize(active);
  const oldestFirst = byAge(active);
  const ordered = (toAdd > 0 ? oldestFirst.reverse() : oldestFirst).sort((left, right) => sizeOf(right) - sizeOf(left));
  let added = 0;
  const resizes = ordered.map((replicaSet) => {
    const share = shareOf(deployment, replicaSet, toAdd, added);
    added += share;
    return { replicaSet, replicas: sizeOf(replicaSet) + share };
  });
  return resizes.map((resize, index) =>
    index === 0 ? { ...resize, replicas: Math.max(0, resize.replicas + toAdd - added) } : resize,
  );
}

function shareOf(deployment: Deployment, set: ReplicaSet, toAdd: number, added: number): number {
  const size = sizeOf(set);
  if (size === 0 || toAdd === 0 || toAdd === added) return 0;
  const share = fairShare(deployment, set, size);
  return toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
}

function fairShare({ spec, status }: Deployment, { metadata }: ReplicaSet, size: number): number {
  if (spec === undefined || spec.replicas === 0) return -size;
  const before = Number(metadata?.annotations?.[maxReplicasAnnotation] ?? status?.replicas ?? 0);
  if (!(before > 0)) return 0;
  const most = (spec.replicas ?? 1) + rollingBounds(spec).maxSurge;
  return Math.round((size * most) / before) - size;
}

/** Oldest first; sets of one second are ordered by name. */
export function byAge(sets: readonly ReplicaSet[]): ReplicaSet[] {
  const rank = ({ metadata }: ReplicaSet) => `${metadata?.creationTimestamp ?? ""}/${metadata?.name ?? ""}`;
  return [...sets].sort((left, right) => (rank(left) < rank(right) ? -1 : 1));
}
