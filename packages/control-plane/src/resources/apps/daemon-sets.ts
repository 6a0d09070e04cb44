import type { DaemonSet, DaemonSetSpec } from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import {
  checkNonNegative,
  checkSupported,
  type FieldError,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { isNone, validateAtMostWhole, validateIntOrPercent } from "../../validation/int-or-percent.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";
import { setTemplateDefaults, validateImmutable, validateSelectorAndTemplate } from "./pod-template.ts";
import {
  ageColumn,
  selectorColumn,
  selectorText,
  statusSubresource,
  templateCells,
  templateColumns,
} from "./workload-columns.ts";

function setDaemonSetDefaults({ spec }: DaemonSet): void {
  if (spec === undefined) return;
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
  setTemplateDefaults(spec.template);
}

function validateStrategy({ updateStrategy = {} }: DaemonSetSpec): FieldError[] {
  const { type, rollingUpdate } = updateStrategy;
  if (type !== "RollingUpdate") return checkSupported("spec.updateStrategy.type", type, ["RollingUpdate", "OnDelete"]);
  const path = "spec.updateStrategy.rollingUpdate";
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateAtMostWhole(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
    ...validateAtMostWhole(maxSurge, `${path}.maxSurge`),
  ];
  if (!isNone(maxUnavailable) && !isNone(maxSurge)) {
    errors.push(invalidValue(`${path}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (isNone(maxUnavailable) && isNone(maxSurge)) {
    errors.push(required(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

export const daemonSets: ResourceDefinition = defineResource<DaemonSet>({
  group: "apps",
  version: "v1",
  resource: "daemonsets",
  singular: "daemonset",
  kind: "DaemonSet",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  schema: "apps/v1.DaemonSet",
  strategy: {
    setDefaults: setDaemonSetDefaults,
    prepareForCreate(daemonSet) {
      daemonSet.status = {
        currentNumberScheduled: 0,
        desiredNumberScheduled: 0,
        numberMisscheduled: 0,
        numberReady: 0,
      };
    },
    prepareForUpdate(daemonSet, old) {
      daemonSet.status = old.status;
    },
    validate: ({ spec }) =>
      spec === undefined
        ? [required("spec")]
        : [
            ...validateSelectorAndTemplate(spec.selector, spec.template, "daemonset"),
            ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
            ...checkNonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
            ...validateStrategy(spec),
          ],
    validateUpdate: ({ spec }, old) => validateImmutable(spec?.selector, old.spec?.selector, "spec.selector"),
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "Desired", type: "integer", description: "Nodes that should run the pod." },
      { name: "Current", type: "integer", description: "Nodes of those that have it." },
      { name: "Ready", type: "integer", description: "Nodes of those where it is ready." },
      { name: "Up-to-date", type: "integer", description: "Nodes of those that have it from the present template." },
      { name: "Available", type: "integer", description: "Nodes of those where it has been ready for long enough." },
      { name: "Node Selector", description: "Labels of the nodes that should run the pod." },
      ageColumn,
      ...templateColumns,
      selectorColumn,
    ],
    cells: ({ metadata, spec, status }, nowMs) => [
      status?.desiredNumberScheduled ?? 0,
      status?.currentNumberScheduled ?? 0,
      status?.numberReady ?? 0,
      status?.updatedNumberScheduled ?? 0,
      status?.numberAvailable ?? 0,
      selectorText({ matchLabels: spec?.template?.spec?.nodeSelector ?? {} }),
      ageOf(metadata?.creationTimestamp, nowMs),
      ...templateCells(spec?.template),
      selectorText(spec?.selector),
    ],
  },
  subresources: [statusSubresource("DaemonSet")],
});
