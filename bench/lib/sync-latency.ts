import { createReflector, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { type BenchCluster, furtherNode } from "./bench-cluster.ts";
import { benchPod, deletePods } from "./bench-pods.ts";
import { emptyNodeMs } from "./empty-node.ts";
import { startObservedNode } from "./observed-node.ts";
import { isRunning, PodWatch } from "./pod-watch.ts";
import { pause, settle } from "./settle.ts";
import { type Figure, percentile } from "./statistics.ts";

const betweenSamplesMs = 200;

/**
 * How long a node with `crowd` pods takes from the watch event of a pod to its first runtime call, and from that of a deletion to the
 * stop of its container; each of `samples` pods alone, so that nothing but the crowd is in their way.
 */
export async function measureSyncLatency(cluster: BenchCluster, crowd: number, samples: number): Promise<Figure[]> {
  const seen = new Map<string, number>();
  const [starts, stops]: [number[], number[]] = [[], []];
  const tokens = new Map<string, number>();
  const ownParts: number[] = [];
  const note = (into: number[], key: string, timeMs: number) => {
    const since = seen.get(key);
    // The kubelet's own watch may have been told a moment before this one.
    into.push(since === undefined ? 0 : timeMs - since);
  };
  let measuring = false;
  await using _node = await startObservedNode(cluster, furtherNode, {
    tokenAnswered: (uid, tookMs) => tokens.set(uid, tookMs),
    runtimeCall(call, uid, timeMs) {
      if (!measuring) return;
      if (call === "stopContainer") note(stops, `${uid} deleted`, timeMs);
      else {
        note(starts, uid, timeMs);
        ownParts.push((starts.at(-1) ?? 0) - (tokens.get(uid) ?? 0));
      }
    },
  });
  await using events = watchEvents(cluster, (pod, timeMs) => {
    const uid = pod.metadata?.uid ?? "";
    const key = pod.metadata?.deletionTimestamp === undefined ? uid : `${uid} deleted`;
    if (!seen.has(key)) seen.set(key, timeMs);
  });
  await events.ready;
  await using watch = new PodWatch(cluster.client);
  await watch.ready;
  const target = { nodeName: furtherNode };
  const create = async (name: string) => {
    await cluster.client.create(resources.pods, benchPod(target, name, { image: cluster.images.idle }));
  };
  const names = Array.from({ length: crowd }, (_, index) => `bystander-${index}`);
  for (const name of names) await create(name);
  await watch.until((pods) => names.every((name) => isRunning(pods.get(name))), `${crowd} pods running`);
  await settle();
  const baseline = { name: "empty Node process", value: await emptyNodeMs() };
  measuring = true;
  for (let index = 0; index < samples; index++) {
    const name = `sample-${index}`;
    await create(name);
    await watch.until((pods) => isRunning(pods.get(name)), name);
    await deletePods(cluster.client, watch, [name]);
    // What it leaves, such as the process that takes its process's place in the pool, is in the way of none that is alone.
    await pause(betweenSamplesMs);
  }
  measuring = false;
  await deletePods(cluster.client, watch, names);
  const figure = (what: string, values: readonly number[]): Figure[] => [
    {
      name: `${what}, p50 of ${values.length}, with ${crowd} pods`,
      value: percentile(values, 0.5),
      unit: "ms",
      baseline,
    },
    { name: `${what}, p99`, value: percentile(values, 0.99), unit: "ms", baseline, target: "<= 20 ms" },
  ];
  const own: Figure[] = [
    {
      name: "of it, all but the API server's answer with a token, p50",
      value: percentile(ownParts, 0.5),
      unit: "ms",
      baseline,
    },
    { name: "p99", value: percentile(ownParts, 0.99), unit: "ms", baseline },
  ];
  return [
    ...figure("watch event to runtime call", starts),
    ...own,
    ...figure("watch event of a deletion to the stop", stops),
  ];
}

/** A watch of this process, told of every version of a pod when it comes. */
function watchEvents(cluster: BenchCluster, onPod: (pod: Pod, timeMs: number) => void) {
  const stop = new AbortController();
  const reflector = createReflector(cluster.client, resources.pods, {
    fieldSelector: `spec.nodeName=${furtherNode}`,
  });
  reflector.onChange(({ type, object }) => {
    if (type !== "deleted") onPod(object, performance.now());
  });
  const running = reflector.run(stop.signal);
  return {
    ready: reflector.ready,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
