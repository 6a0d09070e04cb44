import { type Clock, errorMessage, type Logger } from "@wherry/base";
import { isPodReady, matchesLabelSelector, type Pod, type ReplicaSet, type ReplicaSetStatus } from "@wherry/kubernetes";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { pods } from "../../resources/pods.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { withCondition, withoutCondition } from "../kit/conditions.ts";
import type { Controller } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { controllerOf } from "../kit/ownership.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isActive, isAvailable, isTerminating, nextAvailableInMs } from "../kit/pod-state.ts";
import { podsToDelete } from "../kit/pods-to-delete.ts";

/** Pods that one pass creates or deletes at most; the next goes on. */
const burst = 500;

type Failure = { readonly reason: "FailedCreate" | "FailedDelete"; readonly error: unknown };

/** Keeps as many pods of a ReplicaSet as it asks for, and its status true. */
export class ReplicaSetController implements Controller {
  readonly name = "replicaset";
  readonly definition: ResourceDefinition = replicaSets;
  readonly owned: readonly ResourceDefinition[] = [pods];
  readonly #clock: Clock;
  readonly #sets: Objects<ReplicaSet>;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#sets = new Objects(services, replicaSets);
    this.#pods = new PodControl(services, new EventWriter(services, "replicaset-controller", logger));
  }

  sync(key: string): number | undefined {
    const set = this.#sets.get(key);
    if (set === undefined) return undefined;
    const { spec, metadata } = set;
    const claimed = this.#pods.objects.claim(set, spec?.selector);
    const failure = metadata.deletionTimestamp === undefined ? this.#manage(set, claimed) : undefined;
    const after = claimed.length === 0 && (spec?.replicas ?? 0) === 0 ? [] : this.#pods.objects.controlledBy(set);
    const nowMs = this.#clock.now();
    const status = replicaSetStatus(set, after, nowMs);
    const conditions =
      failure === undefined
        ? withoutCondition(status.conditions, "ReplicaFailure")
        : withCondition(status.conditions, {
            type: "ReplicaFailure",
            status: "True",
            reason: failure.reason,
            message: errorMessage(failure.error),
            lastTransitionTime: timestamp(this.#clock),
          });
    this.#sets.writeStatus(set, { ...status, conditions });
    if (failure !== undefined) throw failure.error;
    return nextAvailableInMs(after.filter(isActive), spec?.minReadySeconds ?? 0, nowMs);
  }

  /** Creates or deletes pods until there are as many as wanted; gives why it could not. */
  #manage(set: Stored<ReplicaSet>, claimed: readonly Pod[]): Failure | undefined {
    const { template, replicas = 0 } = set.spec ?? {};
    const active = claimed.filter(isActive);
    const missing = replicas - active.length;
    if (missing > 0) {
      if (template === undefined) return undefined;
      // One after the other: the first refusal tells as much as many would.
      for (let count = Math.min(missing, burst); count > 0; count--) {
        try {
          this.#pods.create(set, template);
        } catch (error) {
          return { reason: "FailedCreate", error };
        }
      }
      return undefined;
    }
    for (const pod of podsToDelete(active, this.#related(set), Math.min(-missing, burst))) {
      try {
        this.#pods.delete(set, pod);
      } catch (error) {
        return { reason: "FailedDelete", error };
      }
    }
    return undefined;
  }

  /** Active pods of all ReplicaSets that share this one's controller. */
  #related({ metadata }: Stored<ReplicaSet>): Pod[] {
    const controller = controllerOf(metadata)?.uid;
    const isRelated = (other: Stored<ReplicaSet>) => controllerOf(other.metadata)?.uid === controller;
    const family = controller === undefined ? [] : this.#sets.list(metadata.namespace).filter(isRelated);
    const uids = new Set([metadata.uid, ...family.map((other) => other.metadata.uid)]);
    return this.#pods.objects
      .list(metadata.namespace)
      .filter((pod) => uids.has(controllerOf(pod.metadata)?.uid ?? "") && isActive(pod));
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
    fullyLabeledReplicas: active.filter((pod) => matchesLabelSelector(templateLabels, pod.metadata?.labels)).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isAvailable(pod, spec?.minReadySeconds ?? 0, nowMs)).length,
    terminatingReplicas: owned.filter(isTerminating).length,
    observedGeneration: metadata?.generation,
    conditions: status?.conditions,
  };
}
