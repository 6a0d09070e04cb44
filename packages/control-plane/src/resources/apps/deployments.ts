import {
  checkNonNegative,
  checkSupported,
  type Deployment,
  type DeploymentSpec,
  type FieldError,
  forbiddenValue,
  invalidValue,
  isZeroIntOrPercent,
  validateAtMostWhole,
  validateIntOrPercent,
} from "@wherry/kubernetes";
import type { ResourceDefinition } from "../resource-definition.ts";
import { validateSelectorAndTemplate } from "./pod-template.ts";
import { defineWorkload } from "./workload-resource.ts";

function setDefaults(spec: DeploymentSpec): void {
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    spec.strategy.rollingUpdate.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validate(spec: DeploymentSpec): FieldError[] {
  const { minReadySeconds = 0, progressDeadlineSeconds: deadline } = spec;
  return [
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...validateSelectorAndTemplate(spec.selector, spec.template, "deployment"),
    ...validateStrategy(spec),
    ...checkNonNegative("spec.minReadySeconds", minReadySeconds),
    ...checkNonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...checkNonNegative("spec.progressDeadlineSeconds", deadline),
    ...(deadline !== undefined && deadline <= minReadySeconds
      ? [invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")]
      : []),
  ];
}

function validateStrategy({ strategy = {} }: DeploymentSpec): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const path = "spec.strategy.rollingUpdate";
  if (type === "Recreate") {
    return rollingUpdate === undefined
      ? []
      : [forbiddenValue(path, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== "RollingUpdate") return checkSupported("spec.strategy.type", type, ["Recreate", "RollingUpdate"]);
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  return [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
    ...(isZeroIntOrPercent(maxUnavailable) && isZeroIntOrPercent(maxSurge)
      ? [invalidValue(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")]
      : []),
    ...validateAtMostWhole(maxUnavailable, `${path}.maxUnavailable`),
  ];
}

export const deployments: ResourceDefinition = defineWorkload<Deployment>({
  group: "apps",
  kind: "Deployment",
  shortNames: ["deploy"],
  scales: true,
  setDefaults,
  initialStatus: () => ({}),
  validate,
  columns: [
    {
      name: "Ready",
      description: "Pods that are ready, of those wanted.",
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
    {
      name: "Up-to-date",
      description: "Pods of the present template.",
      cell: ({ status }) => status?.updatedReplicas ?? 0,
    },
    {
      name: "Available",
      description: "Pods that have been ready for long enough.",
      cell: ({ status }) => status?.availableReplicas ?? 0,
    },
  ],
});
