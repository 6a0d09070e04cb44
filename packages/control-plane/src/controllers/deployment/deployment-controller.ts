import type { Logger } from "@wherry/base";
import { type Deployment, isPodTerminal, jsonEquals, type Pod, type ReplicaSet } from "@wherry/kubernetes";
import { ApiError } from "../../errors.ts";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { deployments } from "../../resources/apps/deployments.ts";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { pods } from "../../resources/pods.ts";
import { storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { isEmptySelector } from "../../validation/label-selector.ts";
import { createObject } from "../../verbs/create-object.ts";
import { deleteObject } from "../../verbs/delete-object.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { changeObject, currentOf, targetOf } from "../kit/change-object.ts";
import { findCondition, withCondition } from "../kit/conditions.ts";
import { runController } from "../kit/controller.ts";
import { claimObjects, controllerOf, controllerReference, ownersOf } from "../kit/ownership.ts";
import { writeStatus } from "../kit/status-writer.ts";
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
  object: ApiObject;
  newSet: ReplicaSet | undefined;
  oldSets: ReplicaSet[];
}

const maxCollisions = 100;

const asDeployment = (object: ApiObject): Deployment => object as unknown as Deployment;

/** Brings the pods of a Deployment to its template through ReplicaSets, one for each template it has had. */
export class DeploymentController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, "deployment-controller", logger);
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "deployment",
        services: this.#services,
        logger: this.#logger,
        definition: deployments,
        watches: [
          { definition: replicaSets, keysOf: (record) => ownersOf(this.#services, deployments, record) },
          { definition: pods, keysOf: (record) => this.#deploymentOfEndedPod(record) },
        ],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  /** Recreation waits for the end of old pods, of which ReplicaSets need not tell. */
  *#deploymentOfEndedPod({ operation, object }: StoredRecord): Iterable<string> {
    if (operation !== "delete" && !isPodTerminal(object as Pod)) return;
    const { namespace = "" } = object.metadata;
    const owner = controllerOf(object.metadata);
    if (owner?.kind !== replicaSets.kind) return;
    const set = this.#services.store.get(storageName(replicaSets), storageKey(namespace, owner.name));
    const deployment = controllerOf(set?.object.metadata);
    if (deployment?.kind === deployments.kind) yield storageKey(namespace, deployment.name);
  }

  #now(): Now {
    const { clock } = this.#services;
    return { text: timestamp(clock), ms: clock.now() };
  }

  #sync(key: string): number | undefined {
    const object = this.#services.store.get(storageName(deployments), key)?.object;
    if (object === undefined || isEmptySelector(asDeployment(object).spec?.selector)) return undefined;
    const claimed = claimObjects(this.#services, replicaSets, object, asDeployment(object).spec?.selector);
    const sets = claimed as unknown as ReplicaSet[];
    const rollout = this.#arrange(object, sets);
    if (object.metadata.deletionTimestamp !== undefined) return this.#writePlainStatus(rollout);
    const conditions = pauseConditions(asDeployment(object), this.#now());
    if (conditions !== undefined) this.#writeConditions(rollout, conditions);
    const { spec } = asDeployment(rollout.object);
    const hasNewSize = sets.some((set) => {
      const noted = set.metadata?.annotations?.[desiredReplicasAnnotation];
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

  #arrange(object: ApiObject, sets: readonly ReplicaSet[]): Rollout {
    const newSet = findNewReplicaSet(asDeployment(object), sets);
    return { object, newSet, oldSets: byAge(sets.filter((set) => set !== newSet)) };
  }

  /** Makes sure that there is a ReplicaSet of the present template, if `create`, and that it has the highest revision. */
  #syncRevision(rollout: Rollout, create: boolean): void {
    const revision = Math.max(0, ...rollout.oldSets.map(revisionOf)) + 1;
    if (rollout.newSet === undefined) {
      if (create) this.#createReplicaSet(rollout, revision);
      return;
    }
    const deployment = asDeployment(rollout.object);
    const changed = changeObject(this.#services, replicaSets, rollout.newSet as ApiObject, (copy) => {
      copy.metadata.annotations = newReplicaSetAnnotations(deployment, copy.metadata.annotations, revision);
      const minReadySeconds = deployment.spec?.minReadySeconds;
      const spec = { ...(copy["spec"] as ReplicaSet["spec"]), minReadySeconds } as NonNullable<ReplicaSet["spec"]>;
      if (minReadySeconds === undefined) delete spec.minReadySeconds;
      if (jsonEquals(spec, copy["spec"])) return;
      copy["spec"] = spec;
      copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
    });
    if (changed !== undefined) rollout.newSet = changed as unknown as ReplicaSet;
    this.#noteRevision(rollout, revisionOf(rollout.newSet));
    this.#noteProgress(rollout, "FoundNewReplicaSet", `Found new replica set "${rollout.newSet.metadata?.name}"`);
  }

  #noteRevision(rollout: Rollout, revision: number): void {
    const changed = changeObject(this.#services, deployments, rollout.object, ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [revisionAnnotation]: String(revision) };
    });
    if (changed !== undefined) rollout.object = changed;
  }

  /** Says that a rollout has begun where nothing is said of progress yet. */
  #noteProgress(rollout: Rollout, reason: string, message: string): void {
    const deployment = asDeployment(rollout.object);
    const { conditions } = deployment.status ?? {};
    const isNew = reason === "NewReplicaSetCreated";
    if (!hasProgressDeadline(deployment) || (!isNew && findCondition(conditions, "Progressing") !== undefined)) return;
    const condition = progressCondition("True", reason, message, this.#now());
    this.#writeConditions(rollout, withCondition(conditions, condition));
  }

  #writeConditions(rollout: Rollout, conditions: NonNullable<Deployment["status"]>["conditions"]): void {
    const status = { ...asDeployment(rollout.object).status, conditions };
    rollout.object = writeStatus(this.#services, deployments, rollout.object, status) ?? rollout.object;
  }

  #createReplicaSet(rollout: Rollout, revision: number): void {
    const deployment = asDeployment(rollout.object);
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
        name: `${metadata?.name}-${hash}`,
        labels: { ...labels },
        annotations: { ...newReplicaSetAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
        ownerReferences: [controllerReference(rollout.object)],
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
    const namespace = metadata?.namespace ?? "";
    let created: ApiObject;
    try {
      created = createObject(this.#services, { definition: replicaSets, namespace }, input).object;
    } catch (error) {
      if (error instanceof ApiError && error.reason === "AlreadyExists" && collisions < maxCollisions) {
        // Another object has the name; the next try takes another hash.
        const status = { ...deployment.status, collisionCount: collisions + 1 };
        writeStatus(this.#services, deployments, rollout.object, status);
      } else if (error instanceof ApiError) this.#noteCreationFailure(rollout, error);
      throw error;
    }
    rollout.newSet = created as unknown as ReplicaSet;
    const name = created.metadata.name ?? "";
    if (replicas > 0) this.#tellScaling(rollout, "up", name, 0, replicas);
    this.#noteRevision(rollout, revision);
    this.#noteProgress(rollout, "NewReplicaSetCreated", `Created new replica set "${name}"`);
  }

  #noteCreationFailure(rollout: Rollout, error: ApiError): void {
    const deployment = asDeployment(rollout.object);
    const message = `Failed to create new replica set: ${error.message}`;
    this.#events.write(rollout.object, { type: "Warning", reason: "ReplicaSetCreateError", action: "", message });
    if (!hasProgressDeadline(deployment)) return;
    const condition = progressCondition("False", "ReplicaSetCreateError", message, this.#now());
    this.#writeConditions(rollout, withCondition(deployment.status?.conditions, condition));
  }

  #roll(rollout: Rollout): void {
    this.#syncRevision(rollout, true);
    const deployment = asDeployment(rollout.object);
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
    this.#resize(rollout, { replicaSet: newSet, replicas: asDeployment(rollout.object).spec?.replicas ?? 1 });
    this.#forgetOldWhenComplete(rollout);
  }

  #hasOldPods({ object, oldSets }: Rollout): boolean {
    const uids = new Set(oldSets.map(({ metadata }) => metadata?.uid));
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .some(({ object: pod }) => uids.has(controllerOf(pod.metadata)?.uid) && !isPodTerminal(pod as Pod));
  }

  /** Follows a new size of the Deployment without going on with a rollout. */
  #scale(rollout: Rollout): void {
    const { newSet, oldSets } = rollout;
    const deployment = asDeployment(rollout.object);
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
    const annotations = sizeAnnotations(asDeployment(rollout.object));
    const before = sizeOf(replicaSet);
    const changed = changeObject(this.#services, replicaSets, replicaSet as ApiObject, (copy) => {
      copy.metadata.annotations = { ...copy.metadata.annotations, ...annotations };
      if (before === replicas) return;
      copy["spec"] = { ...(copy["spec"] as object), replicas };
      copy.metadata.generation = (copy.metadata.generation ?? 0) + 1;
    }) as unknown as ReplicaSet | undefined;
    if (changed === undefined) return false;
    if (rollout.newSet?.metadata?.uid === changed.metadata?.uid) rollout.newSet = changed;
    rollout.oldSets = rollout.oldSets.map((set) => (set.metadata?.uid === changed.metadata?.uid ? changed : set));
    if (before === replicas) return false;
    const name = replicaSet.metadata?.name ?? "";
    this.#tellScaling(rollout, before < replicas ? "up" : "down", name, before, replicas);
    return true;
  }

  #tellScaling({ object }: Rollout, direction: "up" | "down", name: string, from: number, to: number): void {
    const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
    this.#events.write(object, { type: "Normal", reason: "ScalingReplicaSet", action: "", message });
  }

  #forgetOldWhenComplete(rollout: Rollout): void {
    const deployment = asDeployment(rollout.object);
    const status = countReplicas(deployment, rollout.newSet, rollout.oldSets, this.#now());
    if (isComplete(deployment, status)) this.#forgetOld(rollout);
  }

  #forgetOld(rollout: Rollout): void {
    for (const set of replicaSetsToForget(asDeployment(rollout.object), rollout.oldSets)) {
      const current = currentOf(this.#services, replicaSets, set as ApiObject);
      if (current !== undefined) deleteObject(this.#services, targetOf(replicaSets, current));
    }
  }

  #writePlainStatus({ object, newSet, oldSets }: Rollout): undefined {
    const status = countReplicas(asDeployment(object), newSet, oldSets, this.#now());
    writeStatus(this.#services, deployments, object, status);
    return undefined;
  }

  #writeRolloutStatus({ object, newSet, oldSets }: Rollout): number | undefined {
    const now = this.#now();
    const status = rolloutStatus(asDeployment(object), newSet, oldSets, now);
    const written = writeStatus(this.#services, deployments, object, status);
    if (written === undefined) return undefined;
    const leftMs = deadlineInMs(asDeployment(written), status, now.ms);
    // A second more, so that the deadline has passed for certain when it is looked at.
    return leftMs === undefined ? undefined : Math.max(0, leftMs) + 1000;
  }
}
