import type { Clock, Logger } from "@wherry/base";
import {
  type Condition,
  type Deployment,
  matchesLabelSelector,
  type Pod,
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  type ReplicaSet,
  type StatefulSet,
} from "@wherry/kubernetes";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { deployments } from "../../resources/apps/deployments.ts";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { statefulSets } from "../../resources/apps/stateful-sets.ts";
import { pods } from "../../resources/pods.ts";
import { podDisruptionBudgets } from "../../resources/policy/pod-disruption-budgets.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { findCondition, withCondition } from "../kit/conditions.ts";
import { type Controller, type ControllerWatch, shortestWait } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { controllerOf } from "../kit/ownership.ts";
import {
  confirmationMs,
  countHealthy,
  expectationOf,
  needsScale,
  unconfirmedEvictions,
} from "./allowed-disruptions.ts";

const conditionType = "DisruptionAllowed";
const scaled: readonly ResourceDefinition[] = [deployments, replicaSets, statefulSets];

type Scaled = Deployment | ReplicaSet | StatefulSet;

/** Keeps in the status of every PodDisruptionBudget how many of its pods may be evicted. */
export class DisruptionController implements Controller {
  readonly name = "disruption";
  readonly definition: ResourceDefinition = podDisruptionBudgets;
  readonly watches: readonly ControllerWatch[] = [
    { definition: pods, keysOf: (record) => this.#budgetsOfPod(record) },
    ...scaled.map((definition) => ({
      definition,
      keysOf: ({ object }: StoredRecord) => this.#budgets.list(object.metadata.namespace).map(keyOf),
    })),
  ];
  readonly #clock: Clock;
  readonly #budgets: Objects<PodDisruptionBudget>;
  readonly #pods: Objects<Pod>;
  readonly #workloads: readonly Objects<Scaled>[];
  readonly #events: EventWriter;

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#budgets = new Objects(services, podDisruptionBudgets);
    this.#pods = new Objects(services, pods);
    this.#workloads = scaled.map((definition) => new Objects(services, definition));
    this.#events = new EventWriter(services, "controllermanager", logger);
  }

  #budgetsOfPod({ object, previous }: StoredRecord): string[] {
    const labels = [object.metadata.labels, previous?.object.metadata.labels];
    return this.#budgets
      .list(object.metadata.namespace)
      .filter(({ spec }) => labels.some((set) => matchesLabelSelector(spec?.selector, set)))
      .map(keyOf);
  }

  sync(key: string): number | undefined {
    const budget = this.#budgets.get(key);
    if (budget === undefined) return undefined;
    const selected = this.#pods
      .list(budget.metadata.namespace)
      .filter((pod) => matchesLabelSelector(budget.spec?.selector, pod.metadata.labels));
    const scale = needsScale(budget.spec ?? {}) ? this.#scaleOf(selected) : 0;
    if (typeof scale === "string") return this.#fail(budget, scale);
    const nowMs = this.#clock.now();
    const { expectedPods, desiredHealthy } = expectationOf(budget.spec ?? {}, selected.length, scale);
    const disruptedPods = unconfirmedEvictions(budget.status?.disruptedPods, selected, nowMs);
    const currentHealthy = countHealthy(selected, disruptedPods);
    const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const counts = { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed };
    const waits = Object.values(disruptedPods).map((since) => Date.parse(since) + confirmationMs - nowMs);
    const isAllowed = disruptionsAllowed > 0;
    this.#write(budget, { ...counts, disruptedPods }, isAllowed ? "SufficientPods" : "InsufficientPods", "");
    return shortestWait(waits);
  }

  /** The sum of the sizes of the workloads that `selected` belong to, or why it cannot be told. */
  #scaleOf(selected: readonly Pod[]): number | string {
    const sizes = new Map<string, number>();
    for (const pod of selected) {
      const owner = controllerOf(pod.metadata);
      if (owner === undefined) continue;
      const found = this.#workloadOf(pod.metadata?.namespace ?? "", owner);
      if (found === undefined) return `found no controllers for pod "${pod.metadata?.name}"`;
      sizes.set(found.metadata.uid ?? "", found.spec?.replicas ?? 0);
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** The outermost object with a size that controls a pod. */
  #workloadOf(
    namespace: string,
    { kind, name, uid }: { kind: string; name: string; uid: string },
  ): Stored<Scaled> | undefined {
    const workloads = this.#workloads.find(({ definition }) => definition.kind === kind);
    const object = workloads?.get(storageKey(namespace, name));
    if (object?.metadata.uid !== uid) return undefined;
    const owner = controllerOf(object.metadata);
    return (owner && this.#workloadOf(namespace, owner)) ?? object;
  }

  #fail(budget: Stored<PodDisruptionBudget>, message: string): undefined {
    const { status = {} } = budget;
    const isKnown = findCondition(status.conditions, conditionType)?.message === message;
    if (!isKnown) {
      const reason = "CalculateExpectedPodCountFailed";
      const text = `Failed to calculate the number of expected pods: ${message}`;
      this.#events.write(budget, { type: "Warning", reason, message: text });
    }
    this.#write(budget, { ...status, disruptionsAllowed: 0 }, "SyncFailed", message);
    return undefined;
  }

  #write(
    budget: Stored<PodDisruptionBudget>,
    counts: PodDisruptionBudgetStatus,
    reason: string,
    message: string,
  ): void {
    const { metadata, status } = budget;
    const condition: Condition = {
      type: conditionType,
      status: reason === "SufficientPods" ? "True" : "False",
      reason,
      message,
      observedGeneration: metadata.generation,
      lastTransitionTime: timestamp(this.#clock),
    };
    const conditions = withCondition(status?.conditions, condition).map((item) =>
      item.type === conditionType ? { ...item, message, observedGeneration: metadata.generation } : item,
    );
    const { disruptedPods, ...rest } = counts;
    this.#budgets.writeStatus(budget, {
      ...rest,
      ...(Object.keys(disruptedPods ?? {}).length === 0 ? {} : { disruptedPods }),
      conditions,
      observedGeneration: metadata.generation,
    });
  }
}

function keyOf({ metadata }: ApiObject): string {
  return storageKey(metadata.namespace, metadata.name ?? "");
}
