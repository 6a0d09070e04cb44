import {
  type ControllerRevision,
  jsonEquals,
  type LabelSelector,
  type Pod,
  type PodTemplateSpec,
} from "@wherry/kubernetes";
import { ApiError } from "../../errors.ts";
import type { ApiObject } from "../../resources/api-object.ts";
import type { Objects } from "./objects.ts";
import { controllerReference } from "./ownership.ts";
import { templateHash } from "./template-hash.ts";

/** Label of pods that says which revision of their owner's template they were made from. */
export const revisionHashLabel = "controller-revision-hash";

/** A workload whose templates are kept as ControllerRevisions. */
interface Versioned {
  readonly spec?: {
    readonly selector?: LabelSelector;
    readonly template?: PodTemplateSpec;
    readonly revisionHistoryLimit?: number;
  };
  readonly status?: { readonly collisionCount?: number };
}

export interface RevisionHistory {
  /** The revision of the present template; it has the highest number. */
  readonly current: ControllerRevision;
  /** All others, the lowest number first. */
  readonly old: readonly ControllerRevision[];
}

/** The patch that brings a template back, in the form that `kubectl rollout undo` sends. */
function templatePatch(template: PodTemplateSpec): unknown {
  return { spec: { template: { ...structuredClone(template), $patch: "replace" } } };
}

/**
 * The revisions of `owner`, with one of the present template made where there is none, and numbered anew where an old one has
 * become the present one again. `hashLabel` is the label of revisions that holds the hash.
 *
 * Throws an AlreadyExists ApiError when another object has the name; `collided` is called first, to try another hash.
 */
export function keepHistory(
  revisions: Objects<ControllerRevision>,
  owner: ApiObject,
  hashLabel: string,
  collided: (count: number) => void,
): RevisionHistory {
  const { spec, status } = owner as Versioned;
  const template = spec?.template ?? {};
  const sorted = revisions.claim(owner, spec?.selector).sort((left, right) => left.revision - right.revision);
  const data = templatePatch(template);
  const equal = sorted.filter((item) => jsonEquals(item.data, data)).at(-1);
  const highest = sorted.at(-1)?.revision ?? 0;
  if (equal !== undefined) {
    const old = sorted.filter((item) => item !== equal);
    if (equal.revision === highest) return { current: equal, old };
    const changed = revisions.change(equal, (copy) => {
      copy.revision = highest + 1;
    });
    return { current: changed ?? equal, old };
  }
  const collisions = status?.collisionCount ?? 0;
  const hash = templateHash(template, collisions);
  const { name = "", namespace = "", annotations } = owner.metadata;
  const input: ApiObject = {
    kind: revisions.definition.kind,
    apiVersion: "apps/v1",
    metadata: {
      name: `${name}-${hash}`,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controllerReference(owner)],
    },
    data,
    revision: highest + 1,
  };
  try {
    return { current: revisions.create(namespace, input), old: sorted };
  } catch (error) {
    if (error instanceof ApiError && error.reason === "AlreadyExists") collided(collisions + 1);
    throw error;
  }
}

/** Deletes the oldest revisions beyond the owner's limit, except those that a pod is of. */
export function trimHistory(
  revisions: Objects<ControllerRevision>,
  owner: ApiObject,
  old: readonly ControllerRevision[],
  isOf: (pod: Pod, revision: ControllerRevision) => boolean,
  pods: readonly Pod[],
): void {
  const unused = old.filter((revision) => !pods.some((pod) => isOf(pod, revision)));
  const surplus = unused.length - ((owner as Versioned).spec?.revisionHistoryLimit ?? 10);
  for (const revision of unused.slice(0, Math.max(0, surplus))) revisions.delete(revision);
}
