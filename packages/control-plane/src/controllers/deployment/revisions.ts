import { type Deployment, jsonEquals, type PodTemplateSpec, type ReplicaSet } from "@wherry/kubernetes";
import { byAge, desiredReplicasAnnotation, maxReplicasAnnotation, rollingBounds, sizeOf } from "./rolling-update.ts";

export const templateHashLabel = "pod-template-hash";
export const revisionAnnotation = "deployment.kubernetes.io/revision";
const historyAnnotation = "deployment.kubernetes.io/revision-history";
const maxHistoryLength = 2000;

/** What a ReplicaSet does not take over from its Deployment. */
const ownAnnotations: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "deprecated.deployment.rollback.to",
  revisionAnnotation,
  historyAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
]);

type Annotations = Record<string, string>;

/** The revision that an object is of; 0 for one without a readable annotation. */
export function revisionOf({ metadata }: { metadata?: { annotations?: Annotations | undefined } | undefined }): number {
  const text = metadata?.annotations?.[revisionAnnotation] ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** The oldest ReplicaSet of the Deployment's present template. */
export function findNewReplicaSet({ spec }: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return byAge(sets).find((set) => jsonEquals(withoutHash(set.spec?.template), withoutHash(spec?.template)));
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { labels = {}, annotations = {}, ...metadata } = template?.metadata ?? {};
  const { [templateHashLabel]: _, ...rest } = labels;
  return { ...template, metadata: { ...metadata, annotations, labels: rest } };
}

/** The annotations by which a ReplicaSet knows how large its Deployment was when it was last resized. */
export function sizeAnnotations({ spec }: Deployment): Annotations {
  const replicas = spec?.replicas ?? 1;
  const { maxSurge } = spec === undefined ? { maxSurge: 0 } : rollingBounds(spec);
  return { [desiredReplicasAnnotation]: String(replicas), [maxReplicasAnnotation]: String(replicas + maxSurge) };
}

/** The annotations of the ReplicaSet of the present template: the Deployment's, and which revision it is and has been. */
export function newReplicaSetAnnotations(
  deployment: Deployment,
  present: Annotations | undefined,
  newRevision: number,
): Annotations {
  const result: Annotations = { ...present };
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!ownAnnotations.has(key)) result[key] = value;
  }
  const old = revisionOf({ metadata: { annotations: present } });
  if (old >= newRevision) return result;
  result[revisionAnnotation] = String(newRevision);
  if (old > 0) {
    const history = [...(present?.[historyAnnotation]?.split(",") ?? []), String(old)];
    while (history.length > 1 && history.join(",").length > maxHistoryLength) history.shift();
    result[historyAnnotation] = history.join(",");
  }
  return result;
}

/** Old ReplicaSets beyond the history limit that nothing runs of any more, the lowest revisions first. */
export function replicaSetsToForget({ spec }: Deployment, oldSets: readonly ReplicaSet[]): ReplicaSet[] {
  const alive = oldSets.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const surplus = alive.length - (spec?.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  return alive
    .sort((left, right) => revisionOf(left) - revisionOf(right))
    .slice(0, surplus)
    .filter(
      (set) =>
        sizeOf(set) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        (set.metadata?.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    );
}
