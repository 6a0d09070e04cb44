import { jsonEquals, type StatefulSet, type StatefulSetSpec } from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import {
  checkNonNegative,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";
import { setTemplateDefaults, validateSelectorAndTemplate } from "./pod-template.ts";
import { ageColumn, scaleSubresource, statusSubresource, templateCells, templateColumns } from "./workload-columns.ts";

function setStatefulSetDefaults({ spec }: StatefulSet): void {
  if (spec === undefined) return;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  setTemplateDefaults(spec.template);
}

function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (spec === undefined) return [required("spec")];
  const { updateStrategy = {} } = spec;
  const errors = [
    ...checkSupported("spec.podManagementPolicy", spec.podManagementPolicy, ["OrderedReady", "Parallel"]),
    ...checkSupported("spec.updateStrategy.type", updateStrategy.type, ["RollingUpdate", "OnDelete"]),
    ...checkNonNegative("spec.updateStrategy.rollingUpdate.partition", updateStrategy.rollingUpdate?.partition),
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...checkNonNegative("spec.ordinals.start", spec.ordinals?.start),
    ...validateSelectorAndTemplate(spec.selector, spec.template, "statefulset"),
  ];
  if (updateStrategy.type === "OnDelete" && updateStrategy.rollingUpdate !== undefined) {
    errors.push(
      invalidValue(
        "spec.updateStrategy.rollingUpdate",
        updateStrategy.rollingUpdate,
        "only allowed for updateStrategy 'RollingUpdate'",
      ),
    );
  }
  if (updateStrategy.rollingUpdate?.maxUnavailable !== undefined) {
    errors.push(
      forbiddenValue(
        "spec.updateStrategy.rollingUpdate.maxUnavailable",
        "this control plane updates one pod at a time; leave the field out",
      ),
    );
  }
  if ((spec.volumeClaimTemplates?.length ?? 0) > 0) {
    errors.push(
      forbiddenValue(
        "spec.volumeClaimTemplates",
        "this control plane has no persistent volumes; use an emptyDir or hostPath volume in the template",
      ),
    );
  }
  return errors;
}

const mutable: readonly (keyof StatefulSetSpec)[] = [
  "replicas",
  "template",
  "updateStrategy",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
  "ordinals",
  "revisionHistoryLimit",
];

function validateStatefulSetUpdate({ spec }: StatefulSet, old: StatefulSet): FieldError[] {
  const rest = (from: StatefulSetSpec | undefined) =>
    Object.fromEntries(Object.entries(from ?? {}).filter(([field]) => !(mutable as readonly string[]).includes(field)));
  if (jsonEquals(rest(spec), rest(old.spec))) return [];
  return [
    forbiddenValue(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}

export const statefulSets: ResourceDefinition = defineResource<StatefulSet>({
  group: "apps",
  version: "v1",
  resource: "statefulsets",
  singular: "statefulset",
  kind: "StatefulSet",
  shortNames: ["sts"],
  categories: ["all"],
  namespaced: true,
  schema: "apps/v1.StatefulSet",
  strategy: {
    setDefaults: setStatefulSetDefaults,
    prepareForCreate(statefulSet) {
      statefulSet.status = { replicas: 0, availableReplicas: 0 };
    },
    prepareForUpdate(statefulSet, old) {
      statefulSet.status = old.status;
    },
    validate: validateStatefulSet,
    validateUpdate: validateStatefulSetUpdate,
    tracksGeneration: true,
  },
  printer: {
    columns: [{ name: "Ready", description: "Pods that are ready, of those wanted." }, ageColumn, ...templateColumns],
    cells: ({ metadata, spec, status }, nowMs) => [
      `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      ageOf(metadata?.creationTimestamp, nowMs),
      ...templateCells(spec?.template),
    ],
  },
  subresources: [scaleSubresource, statusSubresource("StatefulSet")],
});
