import {
  type DeleteOptions,
  type Pod,
  type PodSpec,
  qosClass,
  setPodDefaults,
  validatePod,
  validatePodCreate,
} from "@wherry/kubernetes";
import type { Grace, ResourceStrategy } from "../resource-definition.ts";
import { admitPod, admitTolerations } from "./pod-admission.ts";
import { validatePodStatusUpdate, validatePodUpdate } from "./pod-update-validation.ts";

/** How long a pod may take to end: what the delete asks for, else its own grace; nothing when no kubelet has it. */
function podGrace(pod: Pod, options: DeleteOptions): Grace {
  const phase = pod.status?.phase;
  if (!pod.spec?.nodeName || phase === "Failed" || phase === "Succeeded") return { kind: "graceful", seconds: 0 };
  const seconds = options.gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
  return { kind: "graceful", seconds: seconds < 0 ? 1 : seconds };
}

function prepareForCreate(pod: Pod): void {
  const spec = pod.spec as PodSpec;
  pod.status = { phase: "Pending", qosClass: qosClass(spec) };
  if ((spec.schedulingGates?.length ?? 0) > 0) {
    pod.status.conditions = [
      {
        type: "PodScheduled",
        status: "False",
        reason: "SchedulingGated",
        message: "Scheduling is blocked due to non-empty scheduling gates",
      },
    ];
  }
}

function prepareForUpdate(pod: Pod, old: Pod): void {
  pod.status = old.status;
  const spec = pod.spec as PodSpec;
  admitTolerations(spec);
  // Debug containers change through their own subresource only.
  if (old.spec?.ephemeralContainers === undefined) delete spec.ephemeralContainers;
  else spec.ephemeralContainers = old.spec.ephemeralContainers;
}

function prepareForStatusUpdate(pod: Pod, old: Pod): void {
  const owners = old.metadata?.ownerReferences;
  if (pod.metadata !== undefined) {
    if (owners === undefined) delete pod.metadata.ownerReferences;
    else pod.metadata.ownerReferences = owners;
  }
  if (pod.status === undefined) return;
  pod.status.qosClass ??= old.status?.qosClass;
  for (const condition of pod.status.conditions ?? []) condition.lastProbeTime ??= undefined;
}

function selectableFields(pod: Pod): Record<string, string> {
  return {
    "spec.nodeName": pod.spec?.nodeName ?? "",
    "spec.restartPolicy": pod.spec?.restartPolicy ?? "",
    "spec.schedulerName": pod.spec?.schedulerName ?? "",
    "spec.serviceAccountName": pod.spec?.serviceAccountName ?? "",
    "spec.hostNetwork": String(pod.spec?.hostNetwork ?? false),
    "status.phase": pod.status?.phase ?? "",
    "status.podIP": pod.status?.podIP ?? "",
    "status.nominatedNodeName": pod.status?.nominatedNodeName ?? "",
  };
}

/** Pods as upstream's registry treats them. */
export const podStrategy: ResourceStrategy<Pod> = {
  setDefaults: setPodDefaults,
  admit: admitPod,
  prepareForCreate,
  prepareForUpdate,
  prepareForStatusUpdate,
  validate: validatePod,
  validateCreate: validatePodCreate,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  grace: podGrace,
  selectableFields,
  tracksGeneration: true,
};
