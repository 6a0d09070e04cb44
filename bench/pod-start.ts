// Time until pods run: node --conditions=@wherry/source bench/pod-start.ts [embedded|kube-apiserver] [PODS] [BURST]
//
// Needs the bundle (`npm run build`), and KUBEBUILDER_ASSETS for the real control plane. From the POST of a pod until a watch in
// this process shows it running; the image is on the node, the token of the service account is mounted.
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import type { BenchPodOptions } from "./lib/bench-pods.ts";
import { emptyNodeMs } from "./lib/empty-node.ts";
import { timeBurst, timeSerially } from "./lib/pod-times.ts";
import { isRunning, isSucceeded, PodWatch } from "./lib/pod-watch.ts";
import { processCpuMs } from "./lib/processes.ts";
import { type Figure, percentile, printFigures } from "./lib/statistics.ts";

const kind = controlPlaneKind(process.argv[2]);
const serialPods = Number(process.argv[3] ?? 200);
const burstPods = Number(process.argv[4] ?? 200);

await using cluster = await startBenchCluster(kind);
await using watch = new PodWatch(cluster.client);
await watch.ready;
const { client, images, nodeName } = cluster;
const target = { client, watch, nodeName };
const baseline = { name: "empty Node process", value: await emptyNodeMs() };

await timeSerially(target, "warm", 3, { image: images.idle }, isRunning);
await timeSerially(target, "warm-job", 3, { image: images.job, restartPolicy: "Never" }, isSucceeded);
const targetMs = kind === "embedded" ? 20 : 30;
const figures: Figure[] = [];
for (const scheduled of kind === "embedded" ? [true] : [false, true]) {
  const how = scheduled ? "by the scheduler" : "spec.nodeName given";
  const isTarget = scheduled === (kind === "embedded");
  const timesMs = await timeSerially(
    target,
    `pod-${scheduled}`,
    serialPods,
    { image: images.idle, scheduled },
    isRunning,
  );
  const [p50, p99] = [percentile(timesMs, 0.5), percentile(timesMs, 0.99)];
  figures.push(
    {
      name: `applied to Running, p50 of ${serialPods}, ${how}`,
      value: p50,
      unit: "ms",
      baseline,
      ...(isTarget && { target: `<= ${targetMs} ms` }),
    },
    {
      name: `p99, ${how}`,
      value: p99,
      unit: "ms",
      baseline: { name: "p50", value: p50 },
      ...(isTarget && { target: "<= 3 x p50" }),
    },
  );
}
const scheduled = kind === "embedded";
const jobsMs = await timeSerially(
  target,
  "job",
  Math.ceil(serialPods / 2),
  { image: images.job, restartPolicy: "Never", scheduled },
  isSucceeded,
);
figures.push({
  name: "job pod to Succeeded, p50",
  value: percentile(jobsMs, 0.5),
  unit: "ms",
  baseline,
  target: "<= 50 ms",
});
figures.push({ name: "job pod to Succeeded, p99", value: percentile(jobsMs, 0.99), unit: "ms", baseline });
if (burstPods > 0) figures.push(...(await burst(burstPods)));
printFigures(
  `Pod start, ${kind}, ${scheduled ? "by the scheduler" : "spec.nodeName given where nothing is said"}`,
  figures,
);

/** All pods at once, and what they cost the node. */
async function burst(count: number): Promise<Figure[]> {
  const cpuBeforeMs = processCpuMs(cluster.kubeletPid);
  const pod: BenchPodOptions = { image: images.idle, scheduled };
  let nodeCpuMs = 0;
  let hostsCpuMs = 0;
  const rates = await timeBurst(target, count, pod, () => {
    nodeCpuMs = processCpuMs(cluster.kubeletPid) - cpuBeforeMs;
    hostsCpuMs = cluster.hostPids().reduce((sum, pid) => sum + processCpuMs(pid), 0);
  });
  const nodesPerSecond = { name: "empty Node processes, one after the other", value: 1000 / baseline.value };
  return [
    {
      name: `burst of ${count}: pods/s until all run`,
      value: rates.running,
      unit: "pods/s",
      baseline: nodesPerSecond,
      target: ">= 50",
    },
    {
      name: `burst: CPU of \`wherry ${kind === "embedded" ? "up" : "kubelet"}\` for a pod`,
      value: nodeCpuMs / count,
      unit: "ms",
    },
    { name: "burst: CPU of a pod's host process until then", value: hostsCpuMs / count, unit: "ms", baseline },
    { name: "burst: pods/s accepted by the API server", value: rates.created, unit: "pods/s" },
    { name: "burst: pods/s deleted", value: rates.deleted, unit: "pods/s" },
  ];
}
