import {
  checkNonNegative,
  checkSupported,
  type DaemonSet,
  type DaemonSetSpec,
  type DaemonSetStatus,
  type FieldError,
  invalidValue,
  isZeroIntOrPercent,
  jsonEquals,
  requiredValue,
  validateAtMostWhole,
  validateIntOrPercent,
} from "@wherry/kubernetes";
import type { ResourceDefinition } from "../resource-definition.ts";
import { validateSelectorAndTemplate } from "./pod-template.ts";
import { selectorText } from "./workload-columns.ts";
import { defineWorkload, type WorkloadColumn } from "./workload-resource.ts";

function setDefaults(spec: DaemonSetSpec): void {
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= "RollingUpdate";
  if (spec.updateStrategy.type === "RollingUpdate") {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

function validateStrategy({ updateStrategy = {} }: DaemonSetSpec): FieldError[] {
  const { type, rollingUpdate } = updateStrategy;
  if (type !== "RollingUpdate") return checkSupported("spec.updateStrategy.type", type, ["OnDelete", "RollingUpdate"]);
  const path = "spec.updateStrategy.rollingUpdate";
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  const errors = [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateAtMostWhole(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
    ...validateAtMostWhole(maxSurge, `${path}.maxSurge`),
  ];
  if (!isZeroIntOrPercent(maxUnavailable) && !isZeroIntOrPercent(maxSurge)) {
    errors.push(invalidValue(`${path}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (isZeroIntOrPercent(maxUnavailable) && isZeroIntOrPercent(maxSurge)) {
    errors.push(requiredValue(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

/** Counts the templates there have been, for clients from before revisions. */
export const templateGenerationAnnotation = "deprecated.daemonset.template.generation";

function setTemplateGeneration(daemonSet: DaemonSet, generation: string): void {
  const { metadata } = daemonSet;
  if (metadata === undefined) return;
  metadata.annotations = { ...metadata.annotations, [templateGenerationAnnotation]: generation };
}

function generationAfter({ spec }: DaemonSet, old: DaemonSet): string {
  const before = Number(old.metadata?.annotations?.[templateGenerationAnnotation] ?? 1);
  return String(jsonEquals(spec?.template, old.spec?.template) ? before : before + 1);
}

function count(name: string, description: string, field: keyof DaemonSetStatus): WorkloadColumn<DaemonSet> {
  return { name, type: "integer", description, cell: ({ status }) => Number(status?.[field] ?? 0) };
}

export const daemonSets: ResourceDefinition = defineWorkload<DaemonSet>({
  group: "apps",
  kind: "DaemonSet",
  shortNames: ["ds"],
  setDefaults,
  initialStatus: () => ({
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  }),
  prepareForCreate: (_spec, daemonSet) => setTemplateGeneration(daemonSet, "1"),
  prepareForUpdate: (daemonSet, old) => setTemplateGeneration(daemonSet, generationAfter(daemonSet, old)),
  validate: (spec) => [
    ...validateSelectorAndTemplate(spec.selector, spec.template, "daemonset"),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...checkNonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...validateStrategy(spec),
  ],
  columns: [
    count("Desired", "Nodes that should run the pod.", "desiredNumberScheduled"),
    count("Current", "Nodes of those that have it.", "currentNumberScheduled"),
    count("Ready", "Nodes of those where it is ready.", "numberReady"),
    count("Up-to-date", "Nodes of those that have it from the present template.", "updatedNumberScheduled"),
    count("Available", "Nodes of those where it has been ready for long enough.", "numberAvailable"),
    {
      name: "Node Selector",
      description: "Labels of the nodes that should run the pod.",
      cell: ({ spec }) => selectorText({ matchLabels: spec?.template?.spec?.nodeSelector ?? {} }),
    },
  ],
});
