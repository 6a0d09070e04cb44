import { type Binding, invalidValue, type Pod, type PodCondition, requiredValue } from "@wherry/kubernetes";
import { conflict, invalid } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { readObject, writeUpdate } from "./update-object.ts";
import { type ObjectTarget, shallowCopy, timestamp, type VerbServices, type WriteOptions } from "./verb-services.ts";

const bindingKind = { group: "", kind: "Binding" } as const;

/** Assigns a pod to a node; throws ApiError: 404, 409 when the pod has a node or is being deleted, 422. */
export function bindPod(
  services: VerbServices,
  target: ObjectTarget,
  binding: Binding,
  options: WriteOptions = {},
): void {
  const { definition, name } = target;
  const nodeName = binding.target?.name;
  if (!nodeName) throw invalid(bindingKind, name, [requiredValue("target.name")]);
  const targetKind = binding.target.kind;
  if (targetKind && targetKind !== "Node") {
    throw invalid(bindingKind, name, [invalidValue("target.kind", targetKind, "must be Node")]);
  }
  const { object: old } = readObject(services, target);
  const { spec: oldSpec, status: oldStatus, metadata } = old as unknown as Pod;
  const refuse = (problem: string) => conflict({ group: definition.group, resource: "pods/binding" }, name, problem);
  const { uid } = binding.metadata ?? {};
  if (uid && uid !== metadata?.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata?.uid}`);
  }
  if (metadata?.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (oldSpec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${oldSpec.nodeName}"`);
  if ((oldSpec?.schedulingGates?.length ?? 0) > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const pod = shallowCopy(old);
  const { labels, annotations } = binding.metadata ?? {};
  if (labels !== undefined) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  if (annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  pod["spec"] = { ...oldSpec, nodeName };
  const condition = scheduledCondition(services, old);
  const others = (oldStatus?.conditions ?? []).filter((item) => item.type !== "PodScheduled");
  pod["status"] = { ...oldStatus, conditions: [...others, condition] };
  writeUpdate(services, target, pod, options);
}

function scheduledCondition(services: VerbServices, pod: ApiObject): PodCondition {
  const { generation } = pod.metadata;
  return {
    type: "PodScheduled",
    status: "True",
    lastTransitionTime: timestamp(services.clock),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
