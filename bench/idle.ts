// What a node costs at rest: node --conditions=@wherry/source bench/idle.ts [embedded|kube-apiserver] [PODS] [SECONDS]
//
// Needs the bundle (`npm run build`), and KUBEBUILDER_ASSETS for the real control plane, where the kubelet is alone in its process.
// Memory of a process is what it holds alone, with its page tables; the binary's pages are shared by all of them.
import { setTimeout as delay } from "node:timers/promises";
import { resources } from "@wherry/client";
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import { benchPod, deletePods } from "./lib/bench-pods.ts";
import { emptyNodeMemory } from "./lib/empty-node.ts";
import { isRunning, PodWatch } from "./lib/pod-watch.ts";
import { findProcesses, processCpuMs, processMemory } from "./lib/processes.ts";
import { printFigures } from "./lib/statistics.ts";

const kind = controlPlaneKind(process.argv[2]);
const pods = Number(process.argv[3] ?? 100);
const seconds = Number(process.argv[4] ?? 60);
const settleMs = 10_000;

await using cluster = await startBenchCluster(kind);
await using watch = new PodWatch(cluster.client);
await watch.ready;
const baseline = { name: "empty Node process", value: await emptyNodeMemory() };

await delay(settleMs);
const empty = processMemory(cluster.kubeletPid);
const before = new Set(findProcesses("wherry-host"));
const names = Array.from({ length: pods }, (_, index) => `idle-${index}`);
for (const name of names) {
  const pod = benchPod(cluster, name, { image: cluster.images.idle, scheduled: kind === "embedded" });
  await cluster.client.create(resources.pods, pod, { namespace: "default" });
  await watch.until((seen) => isRunning(seen.get(name)), `${name} running`);
}
await delay(settleMs);
const hosts = findProcesses("wherry-host").filter((pid) => !before.has(pid));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const memory = hosts.map(processMemory);
const cpuMs = () => [cluster.kubeletPid, ...hosts].map(processCpuMs).reduce((sum, value) => sum + value, 0);
const cpuBefore = cpuMs();
await delay(seconds * 1000);
const share = ((cpuMs() - cpuBefore) / (seconds * 1000)) * 100;
const full = processMemory(cluster.kubeletPid);

const node = kind === "embedded" ? "control plane and kubelet" : "kubelet";
printFigures(`At rest, ${kind}, ${hosts.length} hosts of ${pods} pods`, [
  {
    name: "idle pod, private and page tables, mean",
    value: mean(memory.map(({ privateMib }) => privateMib)),
    unit: "MiB",
    baseline,
    target: "<= 11 MiB",
  },
  {
    name: "idle pod, proportional share, mean",
    value: mean(memory.map(({ proportionalMib }) => proportionalMib)),
    unit: "MiB",
  },
  {
    name: `${node}, no pods, RSS`,
    value: empty.residentMib,
    unit: "MiB",
    ...(kind === "kube-apiserver" && { target: "<= 90 MiB" }),
  },
  { name: `${node}, ${pods} pods, RSS`, value: full.residentMib, unit: "MiB" },
  {
    name: `${node} and ${pods} idle pods, share of a core over ${seconds} s`,
    value: share,
    unit: "%",
    target: "<= 0.5 %",
  },
]);
await deletePods(cluster.client, watch, names);
