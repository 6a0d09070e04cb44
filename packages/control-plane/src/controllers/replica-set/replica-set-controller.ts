import { errorMessage, type Logger } from "@wherry/base";
import { isPodReady, type Pod, type ReplicaSet, type ReplicaSetStatus } from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { pods } from "../../resources/pods.ts";
import { storageName } from "../../resources/resource-definition.ts";
import { selects } from "../../validation/label-selector.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { withCondition, withoutCondition } from "../kit/conditions.ts";
import { runController } from "../kit/controller.ts";
import { claimObjects, controllerOf, ownersOf } from "../kit/ownership.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isActive, isAvailable, isTerminating, nextAvailableInMs } from "../kit/pod-state.ts";
import { podsToDelete } from "../kit/pods-to-delete.ts";
import { writeStatus } from "../kit/status-writer.ts";

/** Pods that one pass creates or deletes at most; the next goes on. */
const burst = 500;

/** Keeps as many pods of a ReplicaSet as it asks for, and its status true. */
export class ReplicaSetController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#pods = new PodControl(services, new EventWriter(services, "replicaset-controller", logger));
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "replicaset",
        services: this.#services,
        logger: this.#logger,
        definition: replicaSets,
        watches: [{ definition: pods, keysOf: (record) => ownersOf(this.#services, replicaSets, record) }],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  #sync(key: string): number | undefined {
    const object = this.#services.store.get(storageName(replicaSets), key)?.object;
    if (object === undefined) return undefined;
    const { spec } = object as unknown as ReplicaSet;
    const claimed = claimObjects(this.#services, pods, object, spec?.selector);
    let failure: { reason: string; error: unknown } | undefined;
    if (object.metadata.deletionTimestamp === undefined) failure = this.#manage(object, claimed);
    const after = claimed.length === 0 && (spec?.replicas ?? 0) === 0 ? [] : this.#owned(object);
    const nowMs = this.#services.clock.now();
    const status = replicaSetStatus(object as unknown as ReplicaSet, after, nowMs);
    const conditions =
      failure === undefined
        ? withoutCondition(status.conditions, "ReplicaFailure")
        : withCondition(status.conditions, {
            type: "ReplicaFailure",
            status: "True",
            reason: failure.reason,
            message: errorMessage(failure.error),
            lastTransitionTime: timestamp(this.#services.clock),
          });
    writeStatus(this.#services, replicaSets, object, { ...status, conditions });
    if (failure !== undefined) throw failure.error;
    return nextAvailableInMs(after.filter(isActive), spec?.minReadySeconds ?? 0, nowMs);
  }

  #owned(object: ApiObject): Pod[] {
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .filter((record) => controllerOf(record.object.metadata)?.uid === object.metadata.uid)
      .map((record) => record.object as Pod);
  }

  /** Creates or deletes pods until there are as many as wanted; gives why it could not. */
  #manage(object: ApiObject, claimed: readonly ApiObject[]): { reason: string; error: unknown } | undefined {
    const { spec } = object as unknown as ReplicaSet;
    const active = claimed.filter((pod) => isActive(pod as Pod));
    const missing = (spec?.replicas ?? 0) - active.length;
    if (missing > 0) {
      const template = spec?.template;
      if (template === undefined) return undefined;
      // One after the other: the first refusal tells as much as many would.
      for (let count = Math.min(missing, burst); count > 0; count--) {
        try {
          this.#pods.create(object, template);
        } catch (error) {
          return { reason: "FailedCreate", error };
        }
      }
      return undefined;
    }
    const surplus = podsToDelete(active as Pod[], this.#related(object), Math.min(-missing, burst));
    for (const pod of surplus) {
      try {
        this.#pods.delete(object, pod as ApiObject);
      } catch (error) {
        return { reason: "FailedDelete", error };
      }
    }
    return undefined;
  }

  /** Active pods of all ReplicaSets that share this one's controller. */
  #related(object: ApiObject): Pod[] {
    const controller = controllerOf(object.metadata)?.uid;
    const family = this.#services.store
      .list(storageName(replicaSets), object.metadata.namespace)
      .map((record) => record.object.metadata)
      .filter((metadata) => controller !== undefined && controllerOf(metadata)?.uid === controller);
    const uids = new Set([object.metadata.uid, ...family.map((metadata) => metadata.uid)]);
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .filter((record) => uids.has(controllerOf(record.object.metadata)?.uid ?? ""))
      .map((record) => record.object as Pod)
      .filter(isActive);
  }
}

/** What a ReplicaSet with these pods reports, its conditions as they were. */
export function replicaSetStatus(
  { metadata, spec, status }: ReplicaSet,
  owned: readonly Pod[],
  nowMs: number,
): ReplicaSetStatus {
  const active = owned.filter(isActive);
  const templateLabels = { matchLabels: spec?.template?.metadata?.labels ?? {} };
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => selects(templateLabels, pod.metadata?.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, spec?.minReadySeconds ?? 0, nowMs)).length,
    terminatingReplicas: owned.filter(isTerminating).length,
    observedGeneration: metadata?.generation,
    conditions: status?.conditions,
  };
}
