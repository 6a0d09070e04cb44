// The Go kubelet with containerd and `wherry kubelet`, one after the other at the same kube-apiserver:
//     node --conditions=@wherry/source bench/versus-go-kubelet.ts [PODS] [BURST]
//
// Needs root, the bundle (`npm run build`), KUBEBUILDER_ASSETS for the control plane, and the reference's programs: WHERRY_GO_KUBELET,
// WHERRY_CONTAINERD (its shim and ctr beside it, or WHERRY_CTR), WHERRY_RUNC, WHERRY_BUSYBOX (static) and WHERRY_CNI_BIN, a directory with
// the plugins bridge, host-local and loopback; each but the last is also looked for in PATH.
//
// The image is on the node, the token of the service account is mounted, spec.nodeName is given. Of the Go kubelet a pod is a busybox that
// sleeps (a job: that prints a line), of Wherry a guest that does the same. Memory that the kernel holds for a pod, such as network
// namespaces and cgroups, is in no figure.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, loadClusterConfig } from "@wherry/client";
import { kubeBuilderAssets, startKubeApiServer } from "../packages/testkit/src/control-planes/kube-apiserver.ts";
import { startGoKubeletNode } from "../packages/testkit/src/nodes/go-kubelet-node.ts";
import { findGoKubeletPeers } from "../packages/testkit/src/nodes/go-kubelet-peers.ts";
import { untilNodeReady } from "../packages/testkit/src/nodes/until-node-ready.ts";
import { type Comparison, printComparisons } from "./lib/comparison.ts";
import { type BenchImages, publishGuests } from "./lib/guest-images.ts";
import { timeBurst, timeSerially } from "./lib/pod-times.ts";
import { isRunning, isSucceeded, PodWatch } from "./lib/pod-watch.ts";
import { type ProcessMemory, processMemory } from "./lib/processes.ts";
import { settle } from "./lib/settle.ts";
import { percentile } from "./lib/statistics.ts";
import { readHostPids, startWherryKubelet } from "./lib/wherry-kubelet.ts";

const assets = kubeBuilderAssets();
const peers = findGoKubeletPeers();
const serialPods = Number(process.argv[2] ?? 100);
const burstPods = Number(process.argv[3] ?? 50);
const maxPods = 500;
const goNode = "go-node";
const wherryNode = "wherry-node";

if ("skip" in assets) fail(assets.skip);
if ("skip" in peers) fail(peers.skip);

await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "wherry-bench-"));
cleanup.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
const plane = cleanup.use(
  await startKubeApiServer(assets.directory, { directory, nodeNames: [goNode, wherryNode], controllers: true }),
);
const root = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }));
cleanup.defer(() => root.close());
// A lane has no rate limit: what is measured is the node.
const client = root.withLane("bench");
const watch = cleanup.use(new PodWatch(client));
await watch.ready;

const go = await measureGoKubelet();
const wherry = await measureWherry();
print(wherry, go);

/** A node at rest and what its pods run. */
interface MeasuredNode {
  readonly name: string;
  readonly images: BenchImages;
  readonly kubeletPid: number;
  /** Of the container runtime, where the kubelet is none itself. */
  readonly runtimePid?: number;
  podPids(): number[];
}

interface NodeFigures {
  readonly startP50Ms: number;
  readonly startP99Ms: number;
  readonly jobP50Ms: number;
  readonly burstPerSecond: number;
  readonly kubeletMib: number;
  readonly runtimeMib: number | undefined;
  readonly busyKubeletMib: number;
  readonly busyRuntimeMib: number | undefined;
  readonly podPrivateMib: number;
  readonly podProportionalMib: number;
}

async function measureGoKubelet(): Promise<NodeFigures> {
  if ("skip" in peers) return fail(peers.skip);
  const images = { idle: "reference.test/idle:v1", job: "reference.test/job:v1" };
  await using node = await startGoKubeletNode({
    peers,
    plane,
    directory,
    name: goNode,
    images: [
      { reference: images.idle, entrypoint: ["/bin/busybox", "sleep", "1000000000"] },
      { reference: images.job, entrypoint: ["/bin/busybox", "echo", "done"] },
    ],
    configuration: { maxPods },
  });
  const { name, kubeletPid, containerdPid: runtimePid } = node;
  return await measure({ name, images, kubeletPid, runtimePid, podPids: () => node.podPids() });
}

async function measureWherry(): Promise<NodeFigures> {
  await using owned = new AsyncDisposableStack();
  const images = await publishGuests(directory, owned);
  const { kubeletPid, rootDirectory } = owned.use(await startWherryKubelet(directory, plane, wherryNode));
  await untilNodeReady(client, wherryNode);
  return await measure({ name: wherryNode, images, kubeletPid, podPids: () => readHostPids(rootDirectory) });
}

async function measure({ name, images, kubeletPid, runtimePid, podPids }: MeasuredNode): Promise<NodeFigures> {
  const target = { client, watch, nodeName: name };
  const idle = { image: images.idle };
  const job = { image: images.job, restartPolicy: "Never" } as const;
  const resident = (pid: number | undefined) => (pid === undefined ? undefined : processMemory(pid).residentMib);
  await settle();
  const atRest = { kubelet: processMemory(kubeletPid).residentMib, runtime: resident(runtimePid) };
  await timeSerially(target, "warm", 3, idle, isRunning);
  await timeSerially(target, "warm-job", 3, job, isSucceeded);
  const startsMs = await timeSerially(target, "pod", serialPods, idle, isRunning);
  const jobsMs = await timeSerially(target, "job", Math.ceil(serialPods / 2), job, isSucceeded);
  let memory: readonly ProcessMemory[] = [];
  let busy = atRest;
  const rates = await timeBurst(target, burstPods, idle, async () => {
    await settle();
    memory = podPids().map(processMemory);
    busy = { kubelet: processMemory(kubeletPid).residentMib, runtime: resident(runtimePid) };
  });
  const perPod = (of: (value: ProcessMemory) => number) =>
    memory.reduce((sum, value) => sum + of(value), 0) / burstPods;
  return {
    startP50Ms: percentile(startsMs, 0.5),
    startP99Ms: percentile(startsMs, 0.99),
    jobP50Ms: percentile(jobsMs, 0.5),
    burstPerSecond: rates.running,
    kubeletMib: atRest.kubelet,
    runtimeMib: atRest.runtime,
    busyKubeletMib: busy.kubelet,
    busyRuntimeMib: busy.runtime,
    podPrivateMib: perPod(({ privateMib }) => privateMib),
    podProportionalMib: perPod(({ proportionalMib }) => proportionalMib),
  };
}

function print(measured: NodeFigures, reference: NodeFigures): void {
  const row = (name: string, unit: string, of: (figures: NodeFigures) => number | undefined): Comparison => ({
    name,
    unit,
    measured: of(measured),
    reference: of(reference),
  });
  printComparisons(
    "Against the Go kubelet with containerd, one kube-apiserver",
    { measured: "Wherry", reference: "Go kubelet" },
    [
      row(`applied to Running, p50 of ${serialPods}`, "ms", ({ startP50Ms }) => startP50Ms),
      row("applied to Running, p99", "ms", ({ startP99Ms }) => startP99Ms),
      row(`job pod to Succeeded, p50 of ${Math.ceil(serialPods / 2)}`, "ms", ({ jobP50Ms }) => jobP50Ms),
      row(`burst of ${burstPods} until all run`, "pods/s", ({ burstPerSecond }) => burstPerSecond),
      row("resident memory of the kubelet without pods", "MiB", ({ kubeletMib }) => kubeletMib),
      row("of containerd beside it", "MiB", ({ runtimeMib }) => runtimeMib),
      row("of both", "MiB", ({ kubeletMib, runtimeMib = 0 }) => kubeletMib + runtimeMib),
      row(
        `of both with ${burstPods} idle pods`,
        "MiB",
        ({ busyKubeletMib, busyRuntimeMib = 0 }) => busyKubeletMib + busyRuntimeMib,
      ),
      row(
        "memory of an idle pod, private and page tables of all its processes",
        "MiB",
        ({ podPrivateMib }) => podPrivateMib,
      ),
      row("with their share of what processes share", "MiB", ({ podProportionalMib }) => podProportionalMib),
    ],
  );
}

function fail(reason: string): never {
  console.error(`Cannot compare with the Go kubelet: ${reason}`);
  process.exit(1);
}
