import {
  checkSupported,
  type FieldError,
  invalidValue,
  type PodDisruptionBudget,
  validateAtMostWhole,
  validateIntOrPercent,
  validateLabelSelector,
} from "@wherry/kubernetes";
import { ageOf } from "../../tables/age.ts";
import { ageColumn, statusSubresource } from "../apps/workload-columns.ts";
import { defineResource, type ResourceDefinition } from "../resource-definition.ts";

function validateBudget({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  const { minAvailable, maxUnavailable, selector } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalidValue("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const [field, value] of [
    ["minAvailable", minAvailable],
    ["maxUnavailable", maxUnavailable],
  ] as const) {
    if (value === undefined) continue;
    errors.push(...validateIntOrPercent(value, `spec.${field}`), ...validateAtMostWhole(value, `spec.${field}`));
  }
  errors.push(
    ...validateLabelSelector(selector, "spec.selector"),
    ...checkSupported("spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, [
      "AlwaysAllow",
      "IfHealthyBudget",
    ]),
  );
  return errors;
}

export const podDisruptionBudgets: ResourceDefinition = defineResource<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  resource: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  kind: "PodDisruptionBudget",
  shortNames: ["pdb"],
  namespaced: true,
  schema: "policy/v1.PodDisruptionBudget",
  strategy: {
    prepareForCreate(budget) {
      budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
    },
    prepareForUpdate(budget, old) {
      budget.status = old.status;
    },
    validate: validateBudget,
    tracksGeneration: true,
  },
  printer: {
    columns: [
      { name: "Min Available", description: "Pods that must stay available." },
      { name: "Max Unavailable", description: "Pods that may be unavailable." },
      { name: "Allowed Disruptions", type: "integer", description: "Pods that may be evicted now." },
      ageColumn,
    ],
    cells: ({ metadata, spec, status }, nowMs) => [
      String(spec?.minAvailable ?? "N/A"),
      String(spec?.maxUnavailable ?? "N/A"),
      status?.disruptionsAllowed ?? 0,
      ageOf(metadata?.creationTimestamp, nowMs),
    ],
  },
  subresources: [statusSubresource("PodDisruptionBudget")],
});
