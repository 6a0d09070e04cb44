import type { Deployment, DeploymentSpec } from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import {
  checkNonNegative,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { isNone, validateAtMostWhole, validateIntOrPercent } from "../../validation/int-or-percent.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";
import { setTemplateDefaults, validateImmutable, validateSelectorAndTemplate } from "./pod-template.ts";
import {
  ageColumn,
  scaleSubresource,
  selectorColumn,
  selectorText,
  statusSubresource,
  templateCells,
  templateColumns,
} from "./workload-columns.ts";

function setDeploymentDefaults({ spec }: Deployment): void {
  if (spec === undefined) return;
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
  setTemplateDefaults(spec.template);
}

function validateDeployment({ spec }: Deployment): FieldError[] {
  if (spec === undefined) return [required("spec")];
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
    ...(isNone(maxUnavailable) && isNone(maxSurge)
      ? [invalidValue(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0")]
      : []),
    ...validateAtMostWhole(maxUnavailable, `${path}.maxUnavailable`),
  ];
}

export const deployments: ResourceDefinition = defineResource<Deployment>({
  group: "apps",
  version: "v1",
  resource: "deployments",
  singular: "deployment",
  kind: "Deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  namespaced: true,
  schema: "apps/v1.Deployment",
  strategy: {
    setDefaults: setDeploymentDefaults,
    prepareForCreate(deployment) {
      deployment.status = {};
    },
    prepareForUpdate(deployment, old) {
      deployment.status = old.status;
    },
    validate: validateDeployment,
    validateUpdate: ({ spec }, old) => validateImmutable(spec?.selector, old.spec?.selector, "spec.selector"),
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "Ready", description: "Pods that are ready, of those wanted." },
      { name: "Up-to-date", type: "integer", description: "Pods of the present template." },
      { name: "Available", type: "integer", description: "Pods that have been ready for long enough." },
      ageColumn,
      ...templateColumns,
      selectorColumn,
    ],
    cells: ({ metadata, spec, status = {} }, nowMs) => [
      `${status.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      ageOf(metadata?.creationTimestamp, nowMs),
      ...templateCells(spec?.template),
      selectorText(spec?.selector),
    ],
  },
  subresources: [scaleSubresource, statusSubresource("Deployment")],
});
