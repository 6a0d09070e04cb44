import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "@wherry/kubernetes";
import { findCondition, hasCondition, withCondition, withoutCondition } from "../kit/conditions.ts";
import { availableOf, rollingBounds, totalSize } from "./rolling-update.ts";

const timedOut = "ProgressDeadlineExceeded";
const allAvailable = "NewReplicaSetAvailable";
/** What upstream takes for "no deadline". */
const noDeadline = 2 ** 31 - 1;

/** The time as an API text and in milliseconds. */
export interface Now {
  readonly text: string;
  readonly ms: number;
}

export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== noDeadline;
}

export function progressCondition(
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  now: Now,
): DeploymentCondition {
  return { type: "Progressing", status, reason, message, lastUpdateTime: now.text, lastTransitionTime: now.text };
}

const sum = (sets: readonly ReplicaSet[], field: "replicas" | "readyReplicas"): number =>
  sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);

/** Counts and availability from the ReplicaSets; conditions of progress are left as they are. */
export function countReplicas(
  { metadata, spec, status }: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  now: Now,
): DeploymentStatus {
  const all = newSet === undefined ? oldSets : [...oldSets, newSet];
  const available = all.reduce((total, set) => total + availableOf(set), 0);
  const minimum = spec === undefined ? 0 : (spec.replicas ?? 1) - rollingBounds(spec).maxUnavailable;
  const isAvailable = available >= minimum;
  const condition: DeploymentCondition = {
    type: "Available",
    status: isAvailable ? "True" : "False",
    reason: isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: isAvailable ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
    lastUpdateTime: now.text,
    lastTransitionTime: now.text,
  };
  return {
    observedGeneration: metadata?.generation,
    replicas: sum(all, "replicas"),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, totalSize(all) - available),
    terminatingReplicas: all.reduce((total, set) => total + (set.status?.terminatingReplicas ?? 0), 0),
    collisionCount: status?.collisionCount,
    conditions: withCondition(status?.conditions, condition),
  };
}

/** Whether all pods are of the present template and available. */
export function isComplete({ metadata, spec }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata?.generation ?? 0)
  );
}

function isProgressing({ status: before = {} }: Deployment, status: DeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (status.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(status) < old(before) ||
    (status.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (status.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Milliseconds until a rollout without further progress has taken too long; undefined for one that is not waited for. */
export function deadlineInMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = findCondition(status.conditions, "Progressing");
  if (condition === undefined || !hasProgressDeadline(deployment) || isComplete(deployment, status)) return undefined;
  if (condition.reason === timedOut || condition.reason === allAvailable) return undefined;
  const from = Date.parse(condition.lastUpdateTime ?? "");
  return from + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
}

/** The status of a rollout under way: the counts, and whether it is complete, progresses, stands still or fails. */
export function rolloutStatus(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
  now: Now,
): DeploymentStatus {
  const status = countReplicas(deployment, newSet, oldSets, now);
  const all = newSet === undefined ? oldSets : [newSet, ...oldSets];
  return { ...status, conditions: withFailure(withProgress(deployment, status, newSet, now), all, now) };
}

function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  now: Now,
): DeploymentCondition[] {
  const { conditions } = status;
  if (!hasProgressDeadline(deployment)) return withoutCondition(conditions, "Progressing");
  const current = findCondition(conditions, "Progressing");
  const isSettled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === allAvailable;
  if (isSettled) return [...(conditions ?? [])];
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata?.name}"` : `ReplicaSet "${newSet.metadata?.name}"`;
  if (isComplete(deployment, status)) {
    return withCondition(
      conditions,
      progressCondition("True", allAvailable, `${subject} has successfully progressed.`, now),
    );
  }
  if (isProgressing(deployment, status)) {
    const condition = progressCondition("True", "ReplicaSetUpdated", `${subject} is progressing.`, now);
    if (current?.status === "True") condition.lastTransitionTime = current.lastTransitionTime;
    return [...withoutCondition(conditions, "Progressing"), condition];
  }
  const leftMs = deadlineInMs(deployment, status, now.ms);
  if (current?.reason === timedOut || (leftMs !== undefined && leftMs < 0)) {
    return withCondition(
      conditions,
      progressCondition("False", timedOut, `${subject} has timed out progressing.`, now),
    );
  }
  return [...(conditions ?? [])];
}

/** Takes over what keeps a ReplicaSet, the newest before others, from creating pods. */
function withFailure(
  conditions: readonly DeploymentCondition[],
  sets: readonly ReplicaSet[],
  now: Now,
): DeploymentCondition[] {
  const failing = sets.find((set) => hasCondition(set.status?.conditions, "ReplicaFailure"));
  const failure = findCondition(failing?.status?.conditions, "ReplicaFailure");
  if (failure === undefined) return withoutCondition(conditions, "ReplicaFailure");
  return withCondition(conditions, { ...failure, lastUpdateTime: now.text });
}

/** Conditions with a note that the rollout was paused or goes on; undefined when there is nothing to note. */
export function pauseConditions(deployment: Deployment, now: Now): DeploymentCondition[] | undefined {
  if (!hasProgressDeadline(deployment)) return undefined;
  const conditions = deployment.status?.conditions;
  const reason = findCondition(conditions, "Progressing")?.reason;
  const isNoted = reason === "DeploymentPaused";
  if (reason === timedOut || isNoted === (deployment.spec?.paused ?? false)) return undefined;
  return withCondition(
    conditions,
    isNoted
      ? progressCondition("Unknown", "DeploymentResumed", "Deployment is resumed", now)
      : progressCondition("Unknown", "DeploymentPaused", "Deployment is paused", now),
  );
}
