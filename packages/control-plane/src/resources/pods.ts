import type { Pod } from "@wherry/kubernetes";
import { ephemeralContainersStrategy } from "./pods/ephemeral-containers.ts";
import { podPrinter } from "./pods/pod-printer.ts";
import { resizeStrategy } from "./pods/pod-resize.ts";
import { podStrategy } from "./pods/pod-strategy.ts";
import { defineResource, type ResourceDefinition, type ResourceStrategy } from "./resource-definition.ts";

export const pods: ResourceDefinition = defineResource<Pod>({
  group: "",
  version: "v1",
  resource: "pods",
  singular: "pod",
  kind: "Pod",
  shortNames: ["po"],
  categories: ["all"],
  namespaced: true,
  schema: "core/v1.Pod",
  strategy: podStrategy,
  printer: podPrinter,
  subresources: [
    { name: "attach", kind: "PodAttachOptions", verbs: ["create", "get"], handling: { kind: "connect" } },
    { name: "binding", kind: "Binding", verbs: ["create"], handling: { kind: "create", schema: "core/v1.Binding" } },
    {
      name: "ephemeralcontainers",
      kind: "Pod",
      verbs: ["get", "patch", "update"],
      handling: { kind: "update", strategy: ephemeralContainersStrategy as ResourceStrategy<never> },
    },
    {
      name: "eviction",
      kind: "Eviction",
      group: "policy",
      version: "v1",
      verbs: ["create"],
      handling: { kind: "create", schema: "policy/v1.Eviction" },
    },
    { name: "exec", kind: "PodExecOptions", verbs: ["create", "get"], handling: { kind: "connect" } },
    { name: "log", kind: "Pod", verbs: ["get"], handling: { kind: "connect" } },
    { name: "portforward", kind: "PodPortForwardOptions", verbs: ["create", "get"], handling: { kind: "connect" } },
    {
      name: "resize",
      kind: "Pod",
      verbs: ["get", "patch", "update"],
      handling: { kind: "update", strategy: resizeStrategy as ResourceStrategy<never> },
    },
    { name: "status", kind: "Pod", verbs: ["get", "patch", "update"], handling: { kind: "status" } },
  ],
});
