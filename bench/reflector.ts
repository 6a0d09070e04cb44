// Whether heartbeats suffer from a busy API: node --conditions=@wherry/source bench/reflector.ts [embedded|kube-apiserver] [OBJECTS]
//     [EVENTS_PER_SECOND] [SECONDS] [OBJECT_BYTES]
//
// One process follows many config maps, which another changes, and renews a lease beside it, as the kubelet does. The lease is late by
// the time between a write of it and the one before, less the interval.
import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import {
  createClient,
  createReflector,
  type KubernetesClient,
  LeaseKeeper,
  loadClusterConfig,
  resources,
} from "@wherry/client";
import { controlPlaneKind, startBenchCluster } from "./lib/bench-cluster.ts";
import { type Figure, percentile, printFigures } from "./lib/statistics.ts";

const namespace = "default";
const leaseName = "bench-reflector";
/** A tenth of the kubelet's, for more writes to judge by. */
const renewIntervalMs = 1_000;

if (process.argv[2] === "writer") await write(process.argv.slice(3));
else await measure();

async function measure(): Promise<void> {
  const kind = controlPlaneKind(process.argv[2]);
  const objects = Number(process.argv[3] ?? 10_000);
  const eventsPerSecond = Number(process.argv[4] ?? 1_000);
  const seconds = Number(process.argv[5] ?? 60);
  // 2000 is what pods with a status have at least; 10,000 of them are more than a server keeps unread for one watcher.
  const objectBytes = Number(process.argv[6] ?? 500);
  await using cluster = await startBenchCluster(kind);
  await runWriter(cluster.kubeconfig, ["create", String(objects), String(objectBytes)]);

  const client = createClient(await loadClusterConfig({ paths: [cluster.kubeconfig] }));
  const stop = new AbortController();
  const lease = leaseTimes(client, stop.signal);
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const listStartMs = performance.now();
  const reflector = createReflector(client, resources.configMaps, { namespace });
  let events = 0;
  const running = reflector.run(stop.signal);
  await reflector.ready;
  const listMs = performance.now() - listStartMs;
  reflector.onChange(() => void events++);
  const listed = events;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await runWriter(cluster.kubeconfig, ["change", String(objects), String(eventsPerSecond), String(seconds)]);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const rate = ((events - listed) * 1000) / elapsedMs;
  stop.abort();
  await running;
  const lateMs = await lease;
  await client.close();
  const interval = { name: "interval", value: renewIntervalMs };
  const figures: Figure[] = [
    { name: `${listed} objects of ${objectBytes} bytes listed`, value: listMs, unit: "ms" },
    {
      name: `events followed, ${Math.round(elapsedMs / 1000)} s`,
      value: rate,
      unit: "/s",
      target: `>= ${eventsPerSecond} offered`,
    },
    { name: "CPU of the process that follows", value: (user + system) / 10 / elapsedMs, unit: "% of a core" },
    {
      name: `worst lateness of ${lateMs.length} renewals`,
      value: Math.max(...lateMs),
      unit: "ms",
      baseline: interval,
      target: "never late: less than the 10 s of a kubelet's interval",
    },
    { name: "p50 of their lateness", value: percentile(lateMs, 0.5), unit: "ms" },
    { name: "worst delay of the event loop", value: loop.max / 1e6, unit: "ms" },
  ];
  printFigures(`Reflector and lease, ${kind}`, figures);
}

/** Renews a lease until `signal` aborts; answers how late each write was answered. */
async function leaseTimes(client: KubernetesClient, signal: AbortSignal): Promise<number[]> {
  const lane = client.withLane("heartbeat");
  const answeredMs: number[] = [];
  const timed = new Proxy(lane, {
    get(target, name: keyof KubernetesClient) {
      if (name !== "replace" && name !== "create") return target[name].bind(target);
      return async (...call: Parameters<KubernetesClient["replace"]>) => {
        const answer = await target[name](...call);
        answeredMs.push(performance.now());
        return answer;
      };
    },
  });
  const keeper = new LeaseKeeper({
    client: timed,
    name: leaseName,
    namespace,
    holderIdentity: "bench",
    renewIntervalMs,
    random: () => 0,
  });
  await keeper.run(signal);
  return answeredMs.slice(1).map((time, index) => Math.max(0, time - (answeredMs[index] ?? 0) - renewIntervalMs));
}

async function runWriter(kubeconfig: string, task: readonly string[]): Promise<void> {
  const child = fork(import.meta.filename, ["writer", kubeconfig, ...task]);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`The writer ended with code ${code}`);
}

/** The other process: `create COUNT OBJECT_BYTES` or `change COUNT PER_SECOND SECONDS`. */
async function write([kubeconfig = "", task, ...numbers]: readonly string[]): Promise<void> {
  const [count = 0, ...rest] = numbers.map(Number);
  const client = createClient(await loadClusterConfig({ paths: [kubeconfig] })).withLane("writer");
  const nameOf = (index: number) => `object-${index % count}`;
  if (task === "create") {
    const [objectBytes = 0] = rest;
    await inParallel(count, (index) =>
      client.create(resources.configMaps, {
        metadata: { name: nameOf(index), namespace },
        data: { text: "x".repeat(objectBytes) },
      }),
    );
  } else {
    const [perSecond = 0, seconds = 0] = rest;
    const startMs = performance.now();
    await inParallel(perSecond * seconds, async (index) => {
      const dueMs = startMs + (index * 1000) / perSecond - performance.now();
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
      await client.patch(
        resources.configMaps,
        nameOf(index),
        { data: { count: String(index) } },
        { namespace, type: "merge" },
      );
    });
  }
  process.exit(0);
}

async function inParallel(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}
