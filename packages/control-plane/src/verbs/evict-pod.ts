import {
  type DeleteOptions,
  isPodReady,
  isPodTerminal,
  matchesLabelSelector,
  type Pod,
  type PodCondition,
  type PodDisruptionBudget,
} from "@wherry/kubernetes";
import { ApiError, forbidden, internalError, tooManyRequests } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { podDisruptionBudgets } from "../resources/policy/pod-disruption-budgets.ts";
import { storageName } from "../resources/resource-definition.ts";
import { deleteObject } from "./delete-object.ts";
import { readObject, writeUpdate } from "./update-object.ts";
import { type ObjectTarget, shallowCopy, timestamp, type VerbServices, type WriteOptions } from "./verb-services.ts";

const refusalText = "Cannot evict pod as it would violate the pod's disruption budget.";
const maxDisruptedPods = 2000;
const busyRetrySeconds = 10;

/**
 * Deletes a pod if its disruption budget allows it, and takes the disruption from the budget.
 *
 * Throws ApiError: 429 when the budget is used up, 500 when several budgets select the pod, besides what deletes throw.
 */
export function evictPod(
  services: VerbServices,
  target: ObjectTarget,
  deleteOptions: DeleteOptions = {},
  options: WriteOptions = {},
): void {
  const { object } = readObject(services, target);
  const pod = object as Pod;
  const dryRun = options.dryRun || (deleteOptions.dryRun?.length ?? 0) > 0;
  const write = { ...options, dryRun };
  const remove = () => void deleteObject(services, target, deleteOptions, write);
  // A pod that serves nobody, or goes anyway, is no loss.
  const isNoLoss = isPodTerminal(pod) || pod.status?.phase === "Pending";
  if (isNoLoss || pod.metadata?.deletionTimestamp !== undefined) {
    remove();
    return;
  }
  const budgets = services.store
    .list(storageName(podDisruptionBudgets), target.namespace)
    .map((record) => record.object)
    .filter((budget) => matchesLabelSelector((budget as PodDisruptionBudget).spec?.selector, pod.metadata?.labels));
  if (budgets.length > 1) {
    throw internalError(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  }
  const [budget] = budgets;
  if (budget !== undefined && !mayGoUnhealthy(pod, budget as PodDisruptionBudget)) {
    takeDisruption(services, budget, target.name, write);
  }
  if (!dryRun) markEvicted(services, target, object);
  remove();
}

/** Whether a pod that is not ready may go without being counted. */
function mayGoUnhealthy(pod: Pod, { spec, status }: PodDisruptionBudget): boolean {
  if (isPodReady(pod)) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function takeDisruption(services: VerbServices, budget: ApiObject, podName: string, options: WriteOptions): void {
  const { metadata, status = {} } = budget as PodDisruptionBudget;
  const name = metadata?.name ?? "";
  if ((status.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`, busyRetrySeconds);
  }
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {} } = status;
  if (disruptionsAllowed < 0) throw forbidden(podDisruptionBudgets, name, "pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    throw forbidden(
      podDisruptionBudgets,
      name,
      "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
    );
  }
  if (disruptionsAllowed === 0) {
    throw refusal(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  }
  const changed = shallowCopy(budget);
  changed["status"] = {
    ...status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [podName]: timestamp(services.clock) },
  };
  const target = { definition: podDisruptionBudgets, namespace: metadata?.namespace ?? "", name };
  writeUpdate(services, target, changed, options);
}

function refusal(message: string, retryAfterSeconds = 0): ApiError {
  const { httpCode, reason, details } = tooManyRequests(refusalText, retryAfterSeconds);
  return new ApiError(httpCode, reason, refusalText, {
    retryable: true,
    details: {
      ...(retryAfterSeconds === 0 ? {} : details),
      causes: [{ reason: "DisruptionBudget", message }],
    },
  });
}

/** Tells those who look at the pod why it goes. */
function markEvicted(services: VerbServices, target: ObjectTarget, object: ApiObject): void {
  const { status } = object as Pod;
  const condition: PodCondition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: timestamp(services.clock),
    ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
  };
  const marked = shallowCopy(object);
  const others = (status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  marked["status"] = { ...status, conditions: [...others, condition] };
  writeUpdate(services, target, marked, {});
}
