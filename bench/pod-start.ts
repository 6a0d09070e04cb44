// Time until pods run: node --conditions=@wherry/source bench/pod-start.ts [embedded|kube-apiserver] [PODS] [BURST]
//
// Needs the bundle (`npm run build`), and KUBEBUILDER_ASSETS for the real control plane. From the POST of a pod until a watch in
// this process shows it running; the image is on the node, the token of the service account is mounted.
import { resources } from "@wherry/client";
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import { benchPod, deletePods } from "./lib/bench-pods.ts";
import { emptyNodeMs } from "./lib/empty-node.ts";
import { isRunning, PodWatch } from "./lib/pod-watch.ts";
import { processCpuMs } from "./lib/processes.ts";
import { type Figure, percentile, printFigures } from "./lib/statistics.ts";

const kind = controlPlaneKind(process.argv[2]);
const serialPods = Number(process.argv[3] ?? 200);
const burstPods = Number(process.argv[4] ?? 200);

/** Between pods, so that each finds the node at rest, with its pool of processes filled up again. */
const pauseMs = 300;

await using cluster = await startBenchCluster(kind);
await using watch = new PodWatch(cluster.client);
await watch.ready;
const { images } = cluster;
const baseline = { name: "empty Node process", value: await emptyNodeMs() };

const started = (name: string) => isRunning(watch.pods.get(name));
const succeeded = (name: string) => watch.pods.get(name)?.status?.phase === "Succeeded";

await serial("warm", 3, { image: images.idle }, started);
await serial("warm-job", 3, { image: images.job, restartPolicy: "Never" }, succeeded);
const targetMs = kind === "embedded" ? 20 : 30;
const figures: Figure[] = [];
for (const scheduled of kind === "embedded" ? [true] : [false, true]) {
  const how = scheduled ? "by the scheduler" : "spec.nodeName given";
  const target = scheduled === (kind === "embedded");
  const timesMs = await serial(`pod-${scheduled}`, serialPods, { image: images.idle, scheduled }, started);
  const [p50, p99] = [percentile(timesMs, 0.5), percentile(timesMs, 0.99)];
  figures.push(
    {
      name: `applied to Running, p50 of ${serialPods}, ${how}`,
      value: p50,
      unit: "ms",
      baseline,
      ...(target && { target: `<= ${targetMs} ms` }),
    },
    {
      name: `p99, ${how}`,
      value: p99,
      unit: "ms",
      baseline: { name: "p50", value: p50 },
      ...(target && { target: "<= 3 x p50" }),
    },
  );
}
const scheduled = kind === "embedded";
const jobsMs = await serial(
  "job",
  Math.ceil(serialPods / 2),
  { image: images.job, restartPolicy: "Never", scheduled },
  succeeded,
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

type PodKind = Parameters<typeof benchPod>[2];

/** One pod after the other; each is deleted before the next. */
async function serial(
  prefix: string,
  count: number,
  options: PodKind,
  done: (name: string) => boolean,
): Promise<number[]> {
  const timesMs: number[] = [];
  for (let index = 0; index < count; index++) {
    const name = `${prefix}-${index}`;
    const startMs = performance.now();
    await cluster.client.create(resources.pods, benchPod(cluster, name, options));
    timesMs.push((await watch.until(() => done(name), `pod ${name}`)) - startMs);
    await deletePods(cluster.client, watch, [name]);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return timesMs;
}

/** All pods at once, as a deployment would make them. */
async function burst(count: number): Promise<Figure[]> {
  const names = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const pending = [...names];
  const cpuBeforeMs = processCpuMs(cluster.kubeletPid);
  const startMs = performance.now();
  const create = async () => {
    for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
      await cluster.client.create(resources.pods, benchPod(cluster, name, { image: images.idle, scheduled }));
    }
  };
  const allRunning = watch.until(() => names.every(started), `${count} pods running`);
  await Promise.all(Array.from({ length: 16 }, create));
  const createdMs = performance.now();
  const runningMs = await allRunning;
  const nodeCpuMs = processCpuMs(cluster.kubeletPid) - cpuBeforeMs;
  const hostsCpuMs = cluster.hostPids().reduce((sum, pid) => sum + processCpuMs(pid), 0);
  const deleteMs = performance.now();
  await deletePods(cluster.client, watch, names);
  const perSecond = (fromMs: number, toMs: number) => count / ((toMs - fromMs) / 1000);
  const nodesPerSecond = { name: "empty Node processes, one after the other", value: 1000 / baseline.value };
  return [
    {
      name: `burst of ${count}: pods/s until all run`,
      value: perSecond(startMs, runningMs),
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
    { name: "burst: pods/s accepted by the API server", value: perSecond(startMs, createdMs), unit: "pods/s" },
    { name: "burst: pods/s deleted", value: perSecond(deleteMs, performance.now()), unit: "pods/s" },
  ];
}
