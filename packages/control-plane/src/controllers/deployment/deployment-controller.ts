import type { Clock, Logger } from "@wherry/base";
import {
  type Deployment,
  isEmptySelector,
  isPodTerminal,
  jsonEquals,
  type Pod,
  type ReplicaSet,
} from "@wherry/kubernetes";
import { ApiError } from "../../errors.ts";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { deployments } from "../../resources/apps/deployments.ts";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { pods } from "../../resources/pods.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { findCondition, withCondition } from "../kit/conditions.ts";
import type { Controller, ControllerWatch } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { controllerOf, controllerReference } from "../kit/ownership.ts";
import { templateHash } from "../kit/template-hash.ts";
import {
  countReplicas,
  deadlineInMs,
  hasProgressDeadline,
  isComplete,
  type Now,
  pauseConditions,
  progressCondition,
  rolloutStatus,
} from "./deployment-status.ts";
import {
  findNewReplicaSet,
  newReplicaSetAnnotations,
  replicaSetsToForget,
  revisionAnnotation,
  revisionOf,
  sizeAnnotations,
  templateHashLabel,
} from "./revisions.ts";
import {
  availableOf,
  byAge,
  desiredReplicasAnnotation,
  newReplicaSetSize,
  type Resize,
  scaleProportionally,
  shrinkOldReplicaSets,
  sizeOf,
} from "./rolling-update.ts";

/** A Deployment in the middle of a sync, with its ReplicaSets. */
interface Rollout {
  /** As last written. */
  deployment: Stored<Deployment>;
  newSet: ReplicaSet | undefined;
  oldSets: ReplicaSet[];
}

const maxCollisions = 100;

/** Brings the pods of a Deployment to its template through ReplicaSets, one for each template it has had. */
export class DeploymentController implements Controller {
  readonly name = "deployment";
  readonly definition: ResourceDefinition = deployments;
  readonly owned: readonly ResourceDefinition[] = [replicaSets];
  readonly watches: readonly ControllerWatch[] = [
    { definition: pods, keysOf: (record) => this.#deploymentOfEndedPod(record) },
  ];
  readonly #clock: Clock;
  readonly #deployments: Objects<Deployment>;
  readonly #sets: Objects<ReplicaSet>;
  readonly #pods: Objects<Pod>;
  readonly #events: EventWriter;

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#deployments = new Objects(services, deployments);
    this.#sets = new Objects(services, replicaSets);
    this.#pods = new Objects(services, pods);
    this.#events = new EventWriter(services, "deployment-controller", logger);
  }

  /** Recreation waits for the end of old pods, of which ReplicaSets need not tell. */
  *#deploymentOfEndedPod({ operation, object }: StoredRecord): Iterable<string> {
    if (operation !== "delete" && !isPodTerminal(object as Pod)) return;
    const { namespace = "" } = object.metadata;
    const owner = controllerOf(object.metadata);
    if (owner?.kind !== replicaSets.kind) return;
    const deployment = controllerOf(this.#sets.get(storageKey(namespace, owner.name))?.metadata);
    if (deployment?.kind === deployments.kind) yield storageKey(namespace, deployment.name);
  }

  #now(): Now {
    return { text: timestamp(this.#clock), ms: this.#clock.now() };
  }

  sync(key: string): number | undefined {
    const deployment = this.#deployments.get(key);
    if (deployment === undefined || isEmptySelector(deployment.spec?.selector)) return undefined;
    const sets = this.#sets.claim(deployment, deployment.spec?.selector);
    const newSet = findNewReplicaSet(deployment, sets);
    const rollout: Rollout = { deployment, newSet, oldSets: byAge(sets.filter((set) => set !== newSet)) };
    if (deployment.metadata.deletionTimestamp !== undefined) return this.#writePlainStatus(rollout);
    const conditions = pauseConditions(deployment, this.#now());
    if (conditions !== undefined) this.#writeConditions(rollout, conditions);
    const { spec } = rollout.deployment;
    const hasNewSize = sets.some((set) => {
      const noted = set.metadata.annotations?.[desiredReplicasAnnotation];
      return sizeOf(set) > 0 && noted !== undefined && noted !== String(spec?.replicas ?? 1);
    });
    if (spec?.paused || hasNewSize) {
      this.#syncRevision(rollout, false);
      this.#scale(rollout);
      if (spec?.paused) this.#forgetOld(rollout);
      return this.#writePlainStatus(rollout);
    }
    if (spec?.strategy?.type === "Recreate") this.#recreate(rollout);
    else this.#roll(rollout);
    return this.#writeRolloutStatus(rollout);
  }

  /** Makes sure that there is a ReplicaSet of the present template, if `create`, and that it has the highest revision. */
  #syncRevision(rollout: Rollout, create: boolean): void {
    const revision = Math.max(0, ...rollout.oldSets.map(revisionOf)) + 1;
    if (rollout.newSet === undefined) {
      if (create) this.#createReplicaSet(rollout, revision);
      return;
    }
    const { deployment } = rollout;
    const changed = this.#sets.change(rollout.newSet, (copy) => {
      copy.metadata.annotations = newReplicaSetAnnotations(deployment, copy.metadata.annotations, revision);
      const minReadySeconds = deployment.spec?.minReadySeconds;
      const spec = { ...copy.spec, minReadySeconds } as NonNullable<ReplicaSet["spec"]>;
      if (minReadySeconds === undefined) delete spec.minReadySeconds;
      if (jsonEquals(spec, copy.spec)) return;
      copy.spec = spec;
      copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
    });
    if (changed !== undefined) rollout.newSet = changed;
    this.#noteRevision(rollout, revisionOf(rollout.newSet));
    this.#noteProgress(rollout, "FoundNewReplicaSet", `Found new replica set "${rollout.newSet.metadata?.name}"`);
  }

  #noteRevision(rollout: Rollout, revision: number): void {
    const changed = this.#deployments.change(rollout.deployment, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [revisionAnnotation]: String(revision) };
    });
    if (changed !== undefined) rollout.deployment = changed;
  }

  /** Says that a rollout has begun where nothing is said of progress yet. */
  #noteProgress(rollout: Rollout, reason: string, message: string): void {
    const { deployment } = rollout;
    const { conditions } = deployment.status ?? {};
    const isNew = reason === "NewReplicaSetCreated";
    if (!hasProgressDeadline(deployment) || (!isNew && findCondition(conditions, "Progressing") !== undefined)) return;
    const condition = progressCondition("True", reason, message, this.#now());
    this.#writeConditions(rollout, withCondition(conditions, condition));
  }

  #writeConditions(rollout: Rollout, conditions: NonNullable<Deployment["status"]>["conditions"]): void {
    const { deployment } = rollout;
    rollout.deployment = this.#deployments.writeStatus(deployment, { ...deployment.status, conditions }) ?? deployment;
  }

  #createReplicaSet(rollout: Rollout, revision: number): void {
    const { deployment } = rollout;
    const { spec, metadata } = deployment;
    if (spec === undefined) return;
    const collisions = deployment.status?.collisionCount ?? 0;
    const hash = templateHash(spec.template, collisions);
    const template = structuredClone(spec.template);
    const labels = { ...template.metadata?.labels, [templateHashLabel]: hash };
    template.metadata = { ...template.metadata, labels };
    const replicas = newReplicaSetSize(deployment, rollout.oldSets, 0);
    const input: ApiObject = {
      kind: replicaSets.kind,
      apiVersion: "apps/v1",
      metadata: {
        name: `${metadata.name}-${hash}`,
        labels: { ...labels },
        annotations: { ...newReplicaSetAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas,
        ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
        selector: {
          ...structuredClone(spec.selector),
          matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash },
        },
        template,
      },
    };
    let created: Stored<ReplicaSet>;
    try {
      created = this.#sets.create(metadata.namespace ?? "", input);
    } catch (error) {
      if (error instanceof ApiError && error.reason === "AlreadyExists" && collisions < maxCollisions) {
        // Another object has the name; the next try takes another hash.
        this.#deployments.writeStatus(deployment, { ...deployment.status, collisionCount: collisions + 1 });
      } else if (error instanceof ApiError) this.#noteCreationFailure(rollout, error);
      throw error;
    }
    rollout.newSet = created;
    const name = created.metadata.name ?? "";
    if (replicas > 0) this.#tellScaling(rollout, "up", name, 0, replicas);
    this.#noteRevision(rollout, revision);
    this.#noteProgress(rollout, "NewReplicaSetCreated", `Created new replica set "${name}"`);
  }

  #noteCreationFailure(rollout: Rollout, error: ApiError): void {
    const { deployment } = rollout;
    const message = `Failed to create new replica set: ${error.message}`;
    this.#events.write(deployment, { type: "Warning", reason: "ReplicaSetCreateError", message });
    if (!hasProgressDeadline(deployment)) return;
    const condition = progressCondition("False", "ReplicaSetCreateError", message, this.#now());
    this.#writeConditions(rollout, withCondition(deployment.status?.conditions, condition));
  }

  #roll(rollout: Rollout): void {
    this.#syncRevision(rollout, true);
    const { deployment } = rollout;
    const { newSet, oldSets } = rollout;
    if (newSet !== undefined) {
      const wanted = deployment.spec?.replicas ?? 1;
      const size = sizeOf(newSet);
      const next = size > wanted ? wanted : newReplicaSetSize(deployment, [...oldSets, newSet], size);
      if (this.#resize(rollout, { replicaSet: newSet, replicas: next })) return;
    }
    const resizes = shrinkOldReplicaSets(deployment, newSet, oldSets);
    for (const resize of resizes) this.#resize(rollout, resize);
    if (resizes.length === 0) this.#forgetOldWhenComplete(rollout);
  }

  #recreate(rollout: Rollout): void {
    this.#syncRevision(rollout, false);
    const active = rollout.oldSets.filter((set) => sizeOf(set) > 0);
    for (const replicaSet of active) this.#resize(rollout, { replicaSet, replicas: 0 });
    if (active.length > 0 || this.#hasOldPods(rollout)) return;
    if (rollout.newSet === undefined) this.#syncRevision(rollout, true);
    const { newSet } = rollout;
    if (newSet === undefined) return;
    this.#resize(rollout, { replicaSet: newSet, replicas: rollout.deployment.spec?.replicas ?? 1 });
    this.#forgetOldWhenComplete(rollout);
  }

  #hasOldPods({ deployment, oldSets }: Rollout): boolean {
    const uids = new Set(oldSets.map(({ metadata }) => metadata?.uid));
    return this.#pods
      .list(deployment.metadata.namespace)
      .some((pod) => uids.has(controllerOf(pod.metadata)?.uid) && !isPodTerminal(pod));
  }

  /** Follows a new size of the Deployment without going on with a rollout. */
  #scale(rollout: Rollout): void {
    const { newSet, oldSets } = rollout;
    const { deployment } = rollout;
    const wanted = deployment.spec?.replicas ?? 1;
    const all = newSet === undefined ? oldSets : [...oldSets, newSet];
    const active = all.filter((set) => sizeOf(set) > 0);
    if (active.length <= 1) {
      const only = active[0] ?? newSet ?? oldSets.at(-1);
      if (only !== undefined) this.#resize(rollout, { replicaSet: only, replicas: wanted });
      return;
    }
    const isSaturated = newSet !== undefined && sizeOf(newSet) === wanted && availableOf(newSet) === wanted;
    if (isSaturated && newSet.metadata?.annotations?.[desiredReplicasAnnotation] === String(wanted)) {
      for (const replicaSet of oldSets) if (sizeOf(replicaSet) > 0) this.#resize(rollout, { replicaSet, replicas: 0 });
      return;
    }
    if (deployment.spec?.strategy?.type === "Recreate") return;
    for (const resize of scaleProportionally(deployment, active)) this.#resize(rollout, resize);
  }

  /** Resizes a ReplicaSet and notes the Deployment's size on it; gives whether its size has changed. */
  #resize(rollout: Rollout, { replicaSet, replicas }: Resize): boolean {
    const annotations = sizeAnnotations(rollout.deployment);
    const before = sizeOf(replicaSet);
    const changed = this.#sets.change(replicaSet, (copy) => {
      copy.metadata.annotations = { ...copy.metadata.annotations, ...annotations };
      if (before === replicas) return;
      copy.spec = { ...copy.spec, replicas } as NonNullable<ReplicaSet["spec"]>;
      copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
    });
    if (changed === undefined) return false;
    if (rollout.newSet?.metadata?.uid === changed.metadata.uid) rollout.newSet = changed;
    rollout.oldSets = rollout.oldSets.map((set) => (set.metadata?.uid === changed.metadata.uid ? changed : set));
    if (before === replicas) return false;
    const name = replicaSet.metadata?.name ?? "";
    this.#tellScaling(rollout, before < replicas ? "up" : "down", name, before, replicas);
    return true;
  }

  #tellScaling({ deployment }: Rollout, direction: "up" | "down", name: string, from: number, to: number): void {
    const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
    this.#events.write(deployment, { type: "Normal", reason: "ScalingReplicaSet", message });
  }

  #forgetOldWhenComplete(rollout: Rollout): void {
    const { deployment } = rollout;
    const status = countReplicas(deployment, rollout.newSet, rollout.oldSets, this.#now());
    if (isComplete(deployment, status)) this.#forgetOld(rollout);
  }

  #forgetOld(rollout: Rollout): void {
    for (const set of replicaSetsToForget(rollout.deployment, rollout.oldSets)) this.#sets.delete(set);
  }

  #writePlainStatus({ deployment, newSet, oldSets }: Rollout): undefined {
    this.#deployments.writeStatus(deployment, countReplicas(deployment, newSet, oldSets, this.#now()));
    return undefined;
  }

  #writeRolloutStatus({ deployment, newSet, oldSets }: Rollout): number | undefined {
    const now = this.#now();
    const status = rolloutStatus(deployment, newSet, oldSets, now);
    const written = this.#deployments.writeStatus(deployment, status);
    if (written === undefined) return undefined;
    const leftMs = deadlineInMs(written, status, now.ms);
    // A second more, so that the deadline has passed for certain when it is looked at.
    return leftMs === undefined ? undefined : Math.max(0, leftMs) + 1000;
  }
}
