import { checkNonNegative, type ReplicaSet } from "@wherry/kubernetes";
import type { ResourceDefinition } from "../resource-definition.ts";
import { validateSelectorAndTemplate } from "./pod-template.ts";
import { defineWorkload } from "./workload-resource.ts";

export const replicaSets: ResourceDefinition = defineWorkload<ReplicaSet>({
  group: "apps",
  kind: "ReplicaSet",
  shortNames: ["rs"],
  scales: true,
  setDefaults(spec) {
    spec.replicas ??= 1;
  },
  initialStatus: () => ({ replicas: 0 }),
  validate: (spec) => [
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateSelectorAndTemplate(spec.selector, spec.template, "replicaSet"),
  ],
  selectableFields: ({ status }) => ({ "status.replicas": String(status?.replicas ?? 0) }),
  columns: [
    { name: "Desired", type: "integer", description: "Pods wanted.", cell: ({ spec }) => spec?.replicas ?? 0 },
    { name: "Current", type: "integer", description: "Pods there are.", cell: ({ status }) => status?.replicas ?? 0 },
    {
      name: "Ready",
      type: "integer",
      description: "Pods that are ready.",
      cell: ({ status }) => status?.readyReplicas ?? 0,
    },
  ],
});
