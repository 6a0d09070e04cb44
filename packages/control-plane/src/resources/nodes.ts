import {
  type FieldError,
  forbiddenValue,
  invalidValue,
  jsonEquals,
  type Node,
  requiredValue,
  type Taint,
  unsupportedValue,
} from "@wherry/kubernetes";
import { ageOf } from "../tables/age.ts";
import { type Cell, type Column, defineResource, type ResourceDefinition } from "./resource-definition.ts";

const rolePrefix = "node-role.kubernetes.io/";

const columns: readonly Column[] = [
  { name: "Status", description: "Whether the node is ready and takes new pods." },
  { name: "Roles", description: "Roles given by labels." },
  { name: "Age", description: "Time since the node was registered." },
  { name: "Version", description: "Version of the node's kubelet." },
  { name: "Internal-IP", description: "First internal address.", priority: 1 },
  { name: "External-IP", description: "First external address.", priority: 1 },
  { name: "OS-Image", description: "Operating system the node reports.", priority: 1 },
  { name: "Kernel-Version", description: "Kernel the node reports.", priority: 1 },
  { name: "Container-Runtime", description: "Container runtime and its version.", priority: 1 },
];

function cells(node: Node, nowMs: number): readonly Cell[] {
  const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
  const states = [ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"];
  if (node.spec?.unschedulable) states.push("SchedulingDisabled");
  const roles = Object.entries(node.metadata?.labels ?? {})
    .flatMap(([key, value]) => {
      if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) return [key.slice(rolePrefix.length)];
      return key === "kubernetes.io/role" && value !== "" ? [value] : [];
    })
    .sort();
  const address = (type: string) => node.status?.addresses?.find((item) => item.type === type)?.address ?? "<none>";
  const info = node.status?.nodeInfo;
  return [
    states.join(","),
    [...new Set(roles)].join(",") || "<none>",
    ageOf(node.metadata?.creationTimestamp, nowMs),
    info?.kubeletVersion ?? "",
    address("InternalIP"),
    address("ExternalIP"),
    info?.osImage || "<unknown>",
    info?.kernelVersion || "<unknown>",
    info?.containerRuntimeVersion || "<unknown>",
  ];
}

const effects: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

function validateTaints(taints: readonly Taint[], path: string): FieldError[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!taint.key) errors.push(requiredValue(`${at}.key`));
    if (!taint.effect) errors.push(requiredValue(`${at}.effect`));
    else if (!effects.includes(taint.effect)) errors.push(unsupportedValue(`${at}.effect`, taint.effect, effects));
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) {
      errors.push({
        reason: "FieldValueDuplicate",
        message: "Duplicate value: taints must be unique by key and effect pair",
        field: at,
      });
    }
    seen.add(identity);
    return errors;
  });
}

function validateUpdate(node: Node, old: Node): readonly FieldError[] {
  const errors: FieldError[] = [];
  const before = old.spec?.podCIDR;
  if (before && node.spec?.podCIDR !== before) {
    errors.push(forbiddenValue("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  const providerId = old.spec?.providerID;
  if (providerId && node.spec?.providerID !== providerId) {
    errors.push(forbiddenValue("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  return errors;
}

export const nodes: ResourceDefinition = defineResource<Node>({
  group: "",
  version: "v1",
  resource: "nodes",
  singular: "node",
  kind: "Node",
  shortNames: ["no"],
  namespaced: false,
  schema: "core/v1.Node",
  strategy: {
    setDefaults(node) {
      node.spec ??= {};
      node.status ??= {};
      node.status.allocatable ??= node.status.capacity;
    },
    validate: (node) => validateTaints(node.spec?.taints ?? [], "spec.taints"),
    prepareForUpdate(node, old) {
      node.status = old.status;
    },
    validateUpdate,
    validateStatusUpdate(node) {
      const types = (node.status?.conditions ?? []).map((condition) => condition.type);
      const repeated = types.find((type, index) => types.indexOf(type) !== index);
      return repeated === undefined || jsonEquals(types, [])
        ? []
        : [invalidValue("status.conditions", repeated, "each condition type may appear once")];
    },
    selectableFields: (node) => ({ "spec.unschedulable": String(node.spec?.unschedulable ?? false) }),
  },
  printer: { columns, cells },
  subresources: [
    {
      name: "proxy",
      kind: "NodeProxyOptions",
      verbs: ["create", "delete", "get", "patch", "update"],
      handling: { kind: "connect" },
    },
    { name: "status", kind: "Node", verbs: ["get", "patch", "update"], handling: { kind: "status" } },
  ],
});
