import { labelKeyProblem, labelValueProblem, type Taint } from "@wherry/kubernetes";
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
const taintEffects: ReadonlySet<string> = new Set(["NoSchedule", "PreferNoSchedule", "NoExecute"]);

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
    const keyProblem = labelKeyProblem(key);
    if (keyProblem !== undefined)
      throw new NodeError("LabelInvalid", `Cannot label the node with key "${key}": ${keyProblem}`);
    const valueProblem = labelValueProblem(value);
    if (valueProblem !== undefined)
      throw new NodeError("LabelInvalid", `Cannot label the node with ${key}="${value}": ${valueProblem}`);
    if (!nodeMaySet(key))
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
    const problem =
      labelKeyProblem(key) ??
      labelValueProblem(value ?? "") ??
      (taintEffects.has(effect) ? undefined : "the effect must be NoSchedule, PreferNoSchedule or NoExecute") ??
      (seen.has(`${key}:${effect}`) ? "key and effect are given twice" : undefined);
    if (problem !== undefined)
      throw new NodeError("TaintInvalid", `Cannot taint the node with "${key}=${value ?? ""}:${effect}": ${problem}`);
    seen.add(`${key}:${effect}`);
  }
}

function nodeMaySet(key: string): boolean {
  const prefix = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  const within = (domain: string) => prefix === domain || prefix.endsWith(`.${domain}`);
  if (!within("kubernetes.io") && !within("k8s.io")) return true;
  if (allowedKubernetesLabels.has(key)) return true;
  return allowedKubernetesPrefixes.some(within);
}
