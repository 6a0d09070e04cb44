import type { LabelSelector, PodTemplateSpec } from "@wherry/kubernetes";
import type { Cell, Column, SubresourceDefinition } from "../resource-definition.ts";

export const ageColumn: Column = { name: "Age", description: "Time since the object was created." };

/** What `-o wide` adds for kinds with a pod template. */
export const templateColumns: readonly Column[] = [
  { name: "Containers", description: "Names of the containers of the template.", priority: 1 },
  { name: "Images", description: "Images of the containers of the template.", priority: 1 },
];

export const selectorColumn: Column = { name: "Selector", description: "Labels of the pods.", priority: 1 };

export function templateCells(template: PodTemplateSpec | undefined): readonly Cell[] {
  const containers = template?.spec?.containers ?? [];
  return [
    containers.map((container) => container.name).join(","),
    containers.map((container) => container.image ?? "").join(","),
  ];
}

/** A label selector as one line, `<none>` for one without requirements. */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    if (operator === "Exists") parts.push(key);
    else if (operator === "DoesNotExist") parts.push(`!${key}`);
    else parts.push(`${key} ${operator === "In" ? "in" : "notin"} (${[...values].sort().join(",")})`);
  }
  return parts.sort().join(",") || "<none>";
}

/** The status subresource of a kind. */
export function statusSubresource(kind: string): SubresourceDefinition {
  return { name: "status", kind, verbs: ["get", "patch", "update"], handling: { kind: "status" } };
}

/** The scale subresource of kinds with `spec.replicas`. */
export const scaleSubresource: SubresourceDefinition = {
  name: "scale",
  kind: "Scale",
  group: "autoscaling",
  version: "v1",
  verbs: ["get", "patch", "update"],
  handling: { kind: "scale" },
};
