import {
  checkNonNegative,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  jsonEquals,
  type StatefulSet,
  type StatefulSetSpec,
} from "@wherry/kubernetes";
import type { ResourceDefinition } from "../resource-definition.ts";
import { validateSelectorAndTemplate } from "./pod-template.ts";
import { defineWorkload } from "./workload-resource.ts";

function setDefaults(spec: StatefulSetSpec): void {
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
}

function validate(spec: StatefulSetSpec): FieldError[] {
  const { updateStrategy = {} } = spec;
  const errors = [
    ...checkSupported("spec.podManagementPolicy", spec.podManagementPolicy, ["OrderedReady", "Parallel"]),
    ...checkSupported("spec.updateStrategy.type", updateStrategy.type, ["OnDelete", "RollingUpdate"]),
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

function validateUpdate({ spec }: StatefulSet, old: StatefulSet): FieldError[] {
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

export const statefulSets: ResourceDefinition = defineWorkload<StatefulSet>({
  group: "apps",
  kind: "StatefulSet",
  shortNames: ["sts"],
  scales: true,
  setDefaults,
  initialStatus: () => ({ replicas: 0, availableReplicas: 0 }),
  validate,
  validateUpdate,
  columns: [
    {
      name: "Ready",
      description: "Pods that are ready, of those wanted.",
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    },
  ],
  showsSelector: false,
});
