import type { Taint } from "@wherry/kubernetes";
import type { NodeDetails } from "../provider/node-details.ts";
import type { MachineFacts } from "./machine-facts.ts";
import type { NodeAgentOptions } from "./node-agent-options.ts";
import { defaultNodeLabels, type NodePlatform } from "./node-labels.ts";

/** What the Node object is created with, and kept to afterwards where a kubelet may. */
export interface NodeTemplate {
  readonly name: string;
  /** Default and user labels; wins over labels of the same key on an existing node. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Set at creation only: an existing node's taints belong to the cluster's administrator. */
  readonly taints: readonly Taint[];
  readonly providerId?: string | undefined;
}

/** The platform in effect: the configured one, else what the provider says, else the machine's. */
export function nodePlatform(
  configured: NodePlatform | undefined,
  details: NodeDetails | undefined,
  facts: MachineFacts | undefined,
): NodePlatform {
  if (configured !== undefined) return configured;
  return {
    arch: details?.architecture ?? facts?.architecture ?? "",
    os: details?.operatingSystem ?? "linux",
    taints: details?.taints ?? [],
  };
}

/** Configured labels win over the provider's, the default ones over both. */
export function nodeTemplate(
  options: Pick<NodeAgentOptions, "nodeName" | "labels" | "taints" | "annotations" | "providerId">,
  platform: NodePlatform,
  details: NodeDetails | undefined,
): NodeTemplate {
  const { nodeName, labels, taints, annotations, providerId } = options;
  return {
    name: nodeName,
    labels: { ...details?.labels, ...labels, ...defaultNodeLabels(nodeName, platform) },
    annotations: annotations ?? {},
    taints: mergeTaints(platform.taints, taints ?? []),
    providerId,
  };
}

/** Both, a later taint of the same key and effect replacing an earlier one. */
function mergeTaints(first: readonly Taint[], second: readonly Taint[]): Taint[] {
  const merged = new Map([...first, ...second].map((taint) => [`${taint.key}:${taint.effect}`, taint]));
  return [...merged.values()];
}
