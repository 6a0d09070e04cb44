import {
  dnsLabelProblem,
  type FieldError,
  forbiddenValue,
  invalidValue,
  jsonEquals,
  type PriorityClass,
  type RuntimeClass,
  requiredValue,
  validateLabels,
} from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { defineResource, type ResourceDefinition } from "./resource-definition.ts";

function validateRuntimeClass(runtimeClass: RuntimeClass): FieldError[] {
  if (!runtimeClass.handler) return [requiredValue("handler")];
  const problem = dnsLabelProblem(runtimeClass.handler);
  return [
    ...(problem === undefined ? [] : [invalidValue("handler", runtimeClass.handler, problem)]),
    ...validateLabels(runtimeClass.scheduling?.nodeSelector, "scheduling.nodeSelector"),
  ];
}

export const runtimeClasses: ResourceDefinition = defineResource<RuntimeClass>({
  group: "node.k8s.io",
  version: "v1",
  resource: "runtimeclasses",
  singular: "runtimeclass",
  kind: "RuntimeClass",
  namespaced: false,
  schema: "node/v1.RuntimeClass",
  strategy: {
    validate: validateRuntimeClass,
    validateUpdate: (runtimeClass, old) =>
      runtimeClass.handler === old.handler ? [] : [invalidValue("handler", runtimeClass.handler, "field is immutable")],
    allowUnconditionalUpdate: false,
  },
  printer: {
    columns: [
      { name: "Handler", description: "Name the node's runtime knows the class by." },
      { name: "Age", description: "Time since the class was created." },
    ],
    cells: (runtimeClass, nowMs) => [runtimeClass.handler, ageOf(runtimeClass.metadata?.creationTimestamp, nowMs)],
  },
});

const largestUserPriority = 1_000_000_000;

export const priorityClasses: ResourceDefinition = defineResource<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  resource: "priorityclasses",
  singular: "priorityclass",
  kind: "PriorityClass",
  shortNames: ["pc"],
  namespaced: false,
  schema: "scheduling/v1.PriorityClass",
  strategy: {
    setDefaults(priorityClass) {
      priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
      priorityClass.value ??= 0;
    },
    validate: ({ metadata, value = 0 }) => [
      ...(value > largestUserPriority
        ? [forbiddenValue("value", `maximum allowed value of a user defined priority is ${largestUserPriority}`)]
        : []),
      ...(metadata?.name?.startsWith("system-")
        ? [
            forbiddenValue(
              "metadata.name",
              "priority class names with 'system-' prefix are reserved for system use only",
            ),
          ]
        : []),
    ],
    validateUpdate: (priorityClass, old) =>
      (["value", "preemptionPolicy"] as const).flatMap((field) =>
        jsonEquals(priorityClass[field], old[field]) ? [] : [forbiddenValue(field, "may not be changed in an update.")],
      ),
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "Value", type: "integer", description: "Priority that pods of this class get." },
      { name: "Global-Default", type: "boolean", description: "Whether pods without a class get this one." },
      { name: "Age", description: "Time since the class was created." },
      { name: "PreemptionPolicy", description: "Whether pods of this class may displace others." },
    ],
    cells: (priorityClass, nowMs) => [
      priorityClass.value ?? 0,
      priorityClass.globalDefault ?? false,
      ageOf(priorityClass.metadata?.creationTimestamp, nowMs),
      priorityClass.preemptionPolicy ?? "",
    ],
  },
});
