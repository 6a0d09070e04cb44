// What idle pods cost: node --conditions=@wherry/source bench/idle.ts [kube-apiserver|embedded] [PODS] [SECONDS]
//
// Needs the bundle (`npm run build`), and KUBEBUILDER_ASSETS for the real control plane, which is the default: there the kubelet is a
// process of its own.
import { spawn } from "node:child_process";
import { resources } from "@wherry/client";
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import { benchPod, deletePods } from "./lib/bench-pods.ts";
import { isRunning, PodWatch } from "./lib/pod-watch.ts";
import { processCpuMs, processMemory } from "./lib/processes.ts";
import { pause, settle } from "./lib/settle.ts";
import { type Figure, printFigures } from "./lib/statistics.ts";

const kind = controlPlaneKind(process.argv[2] ?? "kube-apiserver");
const count = Number(process.argv[3] ?? 100);
const seconds = Number(process.argv[4] ?? 60);

await using cluster = await startBenchCluster(kind);
await using watch = new PodWatch(cluster.client);
await watch.ready;
const command = kind === "embedded" ? "wherry up" : "wherry kubelet";
const figures: Figure[] = [];

const empty = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1e9)"], { stdio: "ignore" });
await settle();
const baseline = { name: "empty Node process", value: processMemory(empty.pid ?? 0).privateMib };
const baselineRss = { name: "empty Node process", value: processMemory(empty.pid ?? 0).residentMib };
empty.kill("SIGKILL");
rss("without pods");
await cpu("without pods");

const names = Array.from({ length: count }, (_, index) => `idle-${index}`);
for (const name of names)
  await cluster.client.create(resources.pods, benchPod(cluster, name, { image: cluster.images.idle }));
await watch.until((pods) => names.every((name) => isRunning(pods.get(name))), `${count} pods running`);
await settle();
const memory = cluster.hostPids().map(processMemory);
const mean = (of: (value: (typeof memory)[number]) => number) =>
  memory.reduce((sum, value) => sum + of(value), 0) / memory.length;
figures.push(
  {
    name: `memory of an idle pod, private and page tables, mean of ${memory.length}`,
    value: mean((value) => value.privateMib),
    unit: "MiB",
    baseline,
    target: "<= 11 MiB",
  },
  {
    name: "memory of an idle pod with its share of what processes share",
    value: mean((value) => value.proportionalMib),
    unit: "MiB",
  },
);
rss(`with ${count} idle pods`);
await cpu(`with ${count} idle pods`);
printFigures(`Idle, ${kind}`, figures);
await deletePods(cluster.client, watch, names);

function rss(state: string): void {
  const target = kind === "kube-apiserver" ? { target: "<= 90 MiB" } : {};
  const { residentMib } = processMemory(cluster.kubeletPid);
  figures.push({
    name: `resident memory of \`${command}\` ${state}`,
    value: residentMib,
    unit: "MiB",
    baseline: baselineRss,
    ...target,
  });
}

/** Of the kubelet and of all hosts, in per cent of one core. */
async function cpu(state: string): Promise<void> {
  const pids = [cluster.kubeletPid, ...cluster.hostPids()];
  const used = () => pids.map(processCpuMs);
  const before = used();
  const startMs = performance.now();
  await pause(seconds * 1000);
  const after = used();
  const elapsedMs = performance.now() - startMs;
  const percent = (from: number) =>
    (after.slice(from).reduce((sum, value, index) => sum + value - (before[index + from] ?? 0), 0) / elapsedMs) * 100;
  figures.push({
    name: `CPU of \`${command}\` and hosts ${state}, ${seconds} s`,
    value: percent(0),
    unit: "% of a core",
    target: "<= 0.5 %",
  });
  if (pids.length > 1) figures.push({ name: "of it, hosts", value: percent(1), unit: "% of a core" });
}
