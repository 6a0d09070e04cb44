import { type KubernetesClient, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { type BenchPodOptions, benchPod, deletePods } from "./bench-pods.ts";
import { isRunning, type PodWatch } from "./pod-watch.ts";

/** Where pods are made, and how what becomes of them is seen. */
export interface PodTimesOptions {
  readonly client: KubernetesClient;
  readonly watch: PodWatch;
  readonly nodeName: string;
}

/** Between pods, so that each finds the node at rest, with its pool of processes filled up again. */
const pauseMs = 300;

/** Milliseconds from the POST of a pod until the watch shows it as `done`; one after the other, each deleted before the next. */
export async function timeSerially(
  { client, watch, nodeName }: PodTimesOptions,
  prefix: string,
  count: number,
  pod: BenchPodOptions,
  done: (pod: Pod | undefined) => boolean,
): Promise<number[]> {
  const timesMs: number[] = [];
  for (let index = 0; index < count; index++) {
    const name = `${prefix}-${index}`;
    const startMs = performance.now();
    await client.create(resources.pods, benchPod({ nodeName }, name, pod));
    timesMs.push((await watch.until((pods) => done(pods.get(name)), `pod ${name}`)) - startMs);
    await deletePods(client, watch, [name]);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return timesMs;
}

/** Pods per second: taken by the API server, running, and gone again. */
export interface BurstRates {
  readonly created: number;
  readonly running: number;
  readonly deleted: number;
}

/** Makes all pods at once, as a deployment would; they are deleted when all have run and `whileRunning` has resolved. */
export async function timeBurst(
  { client, watch, nodeName }: PodTimesOptions,
  count: number,
  pod: BenchPodOptions,
  whileRunning: () => Promise<void> | void,
): Promise<BurstRates> {
  const names = Array.from({ length: count }, (_, index) => `burst-${index}`);
  const pending = [...names];
  const startMs = performance.now();
  const create = async () => {
    for (let name = pending.shift(); name !== undefined; name = pending.shift())
      await client.create(resources.pods, benchPod({ nodeName }, name, pod));
  };
  const allRunning = watch.until((pods) => names.every((name) => isRunning(pods.get(name))), `${count} pods running`);
  await Promise.all(Array.from({ length: 16 }, create));
  const createdMs = performance.now();
  const runningMs = await allRunning;
  await whileRunning();
  const deleteMs = performance.now();
  await deletePods(client, watch, names);
  const perSecond = (fromMs: number, toMs: number) => count / ((toMs - fromMs) / 1000);
  return {
    created: perSecond(startMs, createdMs),
    running: perSecond(startMs, runningMs),
    deleted: perSecond(deleteMs, performance.now()),
  };
}
