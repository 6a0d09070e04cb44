// What a pod's life costs: node --conditions=@wherry/source bench/lifecycle.ts [kube-apiserver|embedded] [PODS] [SECONDS]
//
// Needs the bundle (`npm run build`), and KUBEBUILDER_ASSETS for the real control plane, which is the default. Writes are counted as
// versions of the pod that a watch sees: with spec.nodeName given nobody but the kubelet writes it. PODS then idle for SECONDS. The
// time from a watch event to the runtime call is taken on a second node, in this process, with as many pods; on the real control
// plane only.
import { resources } from "@wherry/client";
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import { benchPod, deletePods } from "./lib/bench-pods.ts";
import { isRunning, PodWatch } from "./lib/pod-watch.ts";
import { processCpuMs, processMemory } from "./lib/processes.ts";
import { pause, settle } from "./lib/settle.ts";
import { type Figure, printFigures } from "./lib/statistics.ts";
import { measureSyncLatency } from "./lib/sync-latency.ts";

const kind = controlPlaneKind(process.argv[2] ?? "kube-apiserver");
const count = Number(process.argv[3] ?? 500);
const seconds = Number(process.argv[4] ?? 60);
const samples = 20;

await using cluster = await startBenchCluster(kind);
await using watch = new PodWatch(cluster.client);
await watch.ready;
const succeeded = (name: string) => watch.pods.get(name)?.status?.phase === "Succeeded";
const figures: Figure[] = [];

const toRunning: number[] = [];
const toFinish: number[] = [];
for (let index = 0; index < samples; index++) {
  const [idle, job] = [`idle-${index}`, `job-${index}`];
  await cluster.client.create(resources.pods, benchPod(cluster, idle, { image: cluster.images.idle }));
  await watch.until((pods) => isRunning(pods.get(idle)), idle);
  toRunning.push(watch.versions(idle) - 1);
  await cluster.client.create(
    resources.pods,
    benchPod(cluster, job, { image: cluster.images.job, restartPolicy: "Never" }),
  );
  await watch.until(() => succeeded(job), job);
  toFinish.push(watch.versions(job) - 1);
  await deletePods(cluster.client, watch, [idle, job]);
}
const most = (values: readonly number[]) => Math.max(...values);
figures.push(
  {
    name: `writes of a pod's status until Running, most of ${samples}`,
    value: most(toRunning),
    unit: "",
    target: "<= 3",
  },
  {
    name: `writes of a job pod's status until Succeeded, most of ${samples}`,
    value: most(toFinish),
    unit: "",
    target: "<= 4",
  },
);

const names = Array.from({ length: count }, (_, index) => `crowd-${index}`);
const burstMs = performance.now();
for (const name of names)
  await cluster.client.create(resources.pods, benchPod(cluster, name, { image: cluster.images.idle }));
await watch.until((pods) => names.every((name) => isRunning(pods.get(name))), `${count} pods running`);
const rate = count / ((performance.now() - burstMs) / 1000);
await settle();
const pids = [cluster.kubeletPid, ...cluster.hostPids()];
const before = pids.map(processCpuMs);
const startMs = performance.now();
await pause(seconds * 1000);
const elapsedMs = performance.now() - startMs;
const used = pids.map((pid, index) => ((processCpuMs(pid) - (before[index] ?? 0)) / elapsedMs) * 100);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
figures.push(
  { name: `pods/s, ${count} made one after the other`, value: rate, unit: "pods/s" },
  { name: `CPU of kubelet and hosts with ${count} idle pods`, value: sum(used), unit: "% of a core", target: "<= 5 %" },
  { name: "of it, hosts", value: sum(used.slice(1)), unit: "% of a core" },
  {
    name: `resident memory of the kubelet with ${count} pods`,
    value: processMemory(cluster.kubeletPid).residentMib,
    unit: "MiB",
    target: "<= 300 MiB",
  },
);
await deletePods(cluster.client, watch, names);
if (kind === "kube-apiserver") figures.push(...(await measureSyncLatency(cluster, count, 100)));
printFigures(`A pod's life, ${kind}`, figures);
