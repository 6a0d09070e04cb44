import type { Taint } from "@wherry/kubernetes";
import { NodeError } from "./errors.ts";

/** What kind of workload the node takes, as schedulers see it. */
export interface NodePlatform {
  /** Value of the label `kubernetes.io/os`. */
  readonly os: string;
  /** Value of the label `kubernetes.io/arch` and of `nodeInfo.architecture`. */
  readonly arch: string;
  /** Added at registration to those configured. */
  readonly taints: readonly Taint[];
}

/** Name of the architecture of WebAssembly nodes; the one Krustlet used, which published manifests select. */
export const wasmArchitecture = "wasm32-wasi";

/**
 * A WebAssembly node in a cluster of others: labels and taints keep away container pods, also DaemonSets that tolerate
 * every taint but select `kubernetes.io/os: linux`. Pods select `kubernetes.io/arch: wasm32-wasi` and tolerate both taints,
 * as they did with Krustlet.
 */
export const wasmClusterPlatform: NodePlatform = {
  os: "wasi",
  arch: wasmArchitecture,
  taints: [
    { key: "kubernetes.io/arch", value: wasmArchitecture, effect: "NoSchedule" },
    { key: "kubernetes.io/arch", value: wasmArchitecture, effect: "NoExecute" },
  ],
};

/** A WebAssembly node that is the only kind there is: no taint, so that a plain pod is scheduled. */
export const wasmStandalonePlatform: NodePlatform = { os: "linux", arch: wasmArchitecture, taints: [] };

const allowedKubernetesLabels: ReadonlySet<string> = new Set([
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);
const allowedKubernetesPrefixes = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const namePattern = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefixPattern = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The labels every node carries, with their beta twins. */
export function defaultNodeLabels(nodeName: string, platform: NodePlatform): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": platform.arch,
    "beta.kubernetes.io/os": platform.os,
    "kubernetes.io/arch": platform.arch,
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": platform.os,
  };
}

/**
 * Checks labels a user gives to the node: their syntax, and that the NodeRestriction admission plug-in will let a kubelet
 * set them on itself. Throws `NodeError` of code `LabelInvalid` naming the first offender.
 */
export function validateNodeLabels(labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    const [name, prefix] = key.split("/").reverse();
    const parts = key.split("/").length;
    if (parts > 2 || !namePattern.test(name ?? "") || (parts === 2 && !prefixPattern.test(prefix ?? "")))
      throw new NodeError(
        "LabelInvalid",
        `Cannot label the node with key "${key}": a key is a name of at most 63 letters, digits, "-", "_" and ".", optionally after a DNS subdomain and "/"`,
      );
    if (value !== "" && !namePattern.test(value))
      throw new NodeError(
        "LabelInvalid",
        `Cannot label the node with ${key}="${value}": a value is empty or at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit`,
      );
    if (!nodeMaySet(key, prefix ?? ""))
      throw new NodeError(
        "LabelInvalid",
        `Cannot label the node with key "${key}": in the kubernetes.io and k8s.io namespaces a node may only set keys below ` +
          `${allowedKubernetesPrefixes.join(" and ")}, and ${[...allowedKubernetesLabels].join(", ")}`,
      );
  }
}

/** Checks taints to register with; throws `NodeError` of code `TaintInvalid`. */
export function validateTaints(taints: readonly Taint[]): void {
  const seen = new Set<string>();
  for (const { key, value, effect } of taints) {
    const text = `${key}=${value ?? ""}:${effect}`;
    const [name, prefix] = key.split("/").reverse();
    if (!namePattern.test(name ?? "") || (prefix !== undefined && !prefixPattern.test(prefix)))
      throw new NodeError("TaintInvalid", `Cannot taint the node with "${text}": "${key}" is not a qualified name`);
    if (value !== undefined && value !== "" && !namePattern.test(value))
      throw new NodeError(
        "TaintInvalid",
        `Cannot taint the node with "${text}": "${value}" is not a valid label value`,
      );
    if (!["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
      throw new NodeError(
        "TaintInvalid",
        `Cannot taint the node with "${text}": the effect must be NoSchedule, PreferNoSchedule or NoExecute`,
      );
    if (seen.has(`${key}:${effect}`))
      throw new NodeError("TaintInvalid", `Cannot taint the node with "${text}": key and effect are given twice`);
    seen.add(`${key}:${effect}`);
  }
}

function nodeMaySet(key: string, prefix: string): boolean {
  const within = (domain: string) => prefix === domain || prefix.endsWith(`.${domain}`);
  if (!within("kubernetes.io") && !within("k8s.io")) return true;
  if (allowedKubernetesLabels.has(key)) return true;
  return allowedKubernetesPrefixes.some(within);
}
