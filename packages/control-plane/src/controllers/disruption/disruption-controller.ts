import type { Logger } from "@wherry/base";
import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "@wherry/kubernetes";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { deployments } from "../../resources/apps/deployments.ts";
import { replicaSets } from "../../resources/apps/replica-sets.ts";
import { statefulSets } from "../../resources/apps/stateful-sets.ts";
import { pods } from "../../resources/pods.ts";
import { podDisruptionBudgets } from "../../resources/policy/pod-disruption-budgets.ts";
import { type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { selects } from "../../validation/label-selector.ts";
import { timestamp, type VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { findCondition, withCondition } from "../kit/conditions.ts";
import { runController, shortestWait } from "../kit/controller.ts";
import { controllerOf } from "../kit/ownership.ts";
import { writeStatus } from "../kit/status-writer.ts";
import {
  confirmationMs,
  countHealthy,
  expectationOf,
  needsScale,
  unconfirmedEvictions,
} from "./allowed-disruptions.ts";

const conditionType = "DisruptionAllowed";
const scaled: readonly ResourceDefinition[] = [deployments, replicaSets, statefulSets];

interface Scaled {
  readonly spec?: { readonly replicas?: number };
}

/** Keeps in the status of every PodDisruptionBudget how many of its pods may be evicted. */
export class DisruptionController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, "controllermanager", logger);
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "disruption",
        services: this.#services,
        logger: this.#logger,
        definition: podDisruptionBudgets,
        watches: [
          { definition: pods, keysOf: (record) => this.#budgetsOfPod(record) },
          ...scaled.map((definition) => ({
            definition,
            keysOf: ({ object }: StoredRecord) => this.#budgets(object.metadata.namespace).map(({ key }) => key),
          })),
        ],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  #budgets(namespace: string | undefined): readonly StoredRecord[] {
    return this.#services.store.list(storageName(podDisruptionBudgets), namespace);
  }

  #budgetsOfPod({ object, previous }: StoredRecord): string[] {
    const budgets = this.#budgets(object.metadata.namespace);
    if (budgets.length === 0) return [];
    const labels = [object.metadata.labels, previous?.object.metadata.labels];
    return budgets
      .filter((budget) => labels.some((set) => selects((budget.object as PodDisruptionBudget).spec?.selector, set)))
      .map(({ key }) => key);
  }

  #sync(key: string): number | undefined {
    const object = this.#services.store.get(storageName(podDisruptionBudgets), key)?.object;
    if (object === undefined) return undefined;
    const budget = object as PodDisruptionBudget;
    const selected = this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .map((record) => record.object as Pod)
      .filter((pod) => selects(budget.spec?.selector, pod.metadata?.labels));
    const scale = needsScale(budget.spec ?? {}) ? this.#scaleOf(selected) : 0;
    if (typeof scale === "string") return this.#fail(object, scale);
    const nowMs = this.#services.clock.now();
    const { expectedPods, desiredHealthy } = expectationOf(budget.spec ?? {}, selected.length, scale);
    const disruptedPods = unconfirmedEvictions(budget.status?.disruptedPods, selected, nowMs);
    const currentHealthy = countHealthy(selected, disruptedPods);
    const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const counts = { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed };
    const waits = Object.values(disruptedPods).map((since) => Date.parse(since) + confirmationMs - nowMs);
    const isAllowed = disruptionsAllowed > 0;
    this.#write(object, { ...counts, disruptedPods }, isAllowed ? "SufficientPods" : "InsufficientPods", "");
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
      sizes.set(found.metadata.uid ?? "", (found as Scaled).spec?.replicas ?? 0);
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** The outermost object with a size that controls a pod. */
  #workloadOf(
    namespace: string,
    { kind, name, uid }: { kind: string; name: string; uid: string },
  ): ApiObject | undefined {
    const definition = scaled.find((item) => item.kind === kind);
    if (definition === undefined) return undefined;
    const object = this.#services.store.get(storageName(definition), storageKey(namespace, name))?.object;
    if (object?.metadata.uid !== uid) return undefined;
    const owner = controllerOf(object.metadata);
    return (owner && this.#workloadOf(namespace, owner)) ?? object;
  }

  #fail(object: ApiObject, message: string): undefined {
    const { status = {} } = object as PodDisruptionBudget;
    const isKnown = findCondition(status.conditions, conditionType)?.message === message;
    if (!isKnown) {
      const reason = "CalculateExpectedPodCountFailed";
      const text = `Failed to calculate the number of expected pods: ${message}`;
      this.#events.write(object, { type: "Warning", reason, action: "", message: text });
    }
    this.#write(object, { ...status, disruptionsAllowed: 0 }, "SyncFailed", message);
    return undefined;
  }

  #write(object: ApiObject, counts: PodDisruptionBudgetStatus, reason: string, message: string): void {
    const { metadata, status } = object as PodDisruptionBudget;
    const condition: Condition = {
      type: conditionType,
      status: reason === "SufficientPods" ? "True" : "False",
      reason,
      message,
      observedGeneration: metadata?.generation,
      lastTransitionTime: timestamp(this.#services.clock),
    };
    const conditions = withCondition(status?.conditions, condition).map((item) =>
      item.type === conditionType ? { ...item, message, observedGeneration: metadata?.generation } : item,
    );
    const { disruptedPods, ...rest } = counts;
    writeStatus(this.#services, podDisruptionBudgets, object, {
      ...rest,
      ...(Object.keys(disruptedPods ?? {}).length === 0 ? {} : { disruptedPods }),
      conditions,
      observedGeneration: metadata?.generation,
    });
  }
}
