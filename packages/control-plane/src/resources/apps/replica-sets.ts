import type { ReplicaSet } from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import { checkNonNegative, required } from "../../validation/field-error.ts";
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

export const replicaSets: ResourceDefinition = defineResource<ReplicaSet>({
  group: "apps",
  version: "v1",
  resource: "replicasets",
  singular: "replicaset",
  kind: "ReplicaSet",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  schema: "apps/v1.ReplicaSet",
  strategy: {
    setDefaults({ spec }) {
      if (spec === undefined) return;
      spec.replicas ??= 1;
      setTemplateDefaults(spec.template);
    },
    prepareForCreate(replicaSet) {
      replicaSet.status = { replicas: 0 };
    },
    prepareForUpdate(replicaSet, old) {
      replicaSet.status = old.status;
    },
    validate: ({ spec }) =>
      spec === undefined
        ? [required("spec")]
        : [
            ...checkNonNegative("spec.replicas", spec.replicas),
            ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
            ...validateSelectorAndTemplate(spec.selector, spec.template, "replicaSet"),
          ],
    validateUpdate: ({ spec }, old) => validateImmutable(spec?.selector, old.spec?.selector, "spec.selector"),
    selectableFields: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "Desired", type: "integer", description: "Pods wanted." },
      { name: "Current", type: "integer", description: "Pods there are." },
      { name: "Ready", type: "integer", description: "Pods that are ready." },
      ageColumn,
      ...templateColumns,
      selectorColumn,
    ],
    cells: ({ metadata, spec, status }, nowMs) => [
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      status?.readyReplicas ?? 0,
      ageOf(metadata?.creationTimestamp, nowMs),
      ...templateCells(spec?.template),
      selectorText(spec?.selector),
    ],
  },
  subresources: [scaleSubresource, statusSubresource("ReplicaSet")],
});
