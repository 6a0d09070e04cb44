import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type KubernetesClient, loadClusterConfig } from "@wherry/client";
import { kubeBuilderAssets, startKubeApiServer } from "../../packages/testkit/src/control-planes/kube-apiserver.ts";
import { untilNodeReady } from "../../packages/testkit/src/nodes/until-node-ready.ts";
import { freePort } from "../../packages/testkit/src/processes/free-port.ts";
import { type BenchImages, publishGuests } from "./guest-images.ts";
import { readHostPids, startWherryKubelet } from "./wherry-kubelet.ts";
import { startWherry } from "./wherry-process.ts";

export type ControlPlaneKind = "embedded" | "kube-apiserver";

/** A node of Wherry with its control plane, started for one benchmark. */
export interface BenchCluster extends AsyncDisposable {
  readonly kind: ControlPlaneKind;
  readonly client: KubernetesClient;
  readonly nodeName: string;
  /** The process that holds the kubelet; in the embedded default also the control plane. */
  readonly kubeletPid: number;
  readonly images: BenchImages;
  readonly directory: string;
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** The processes that the node has given to pods. */
  hostPids(): number[];
  /** Path of the kubeconfig of a further node, which must be `furtherNode`. Only on a real control plane. */
  nodeKubeconfig(nodeName: string): Promise<string>;
}

/** The node that a benchmark may start beside the one of the cluster. */
export const furtherNode = "bench-node-2";

const nodeName = "bench-node";

export function controlPlaneKind(argument: string | undefined): ControlPlaneKind {
  if (argument === undefined || argument === "embedded") return "embedded";
  if (argument === "kube-apiserver") return argument;
  throw new Error(`Cannot run against "${argument}": give embedded or kube-apiserver`);
}

/** Starts a control plane, a node and a registry with the guests of the benchmarks. */
export async function startBenchCluster(kind: ControlPlaneKind): Promise<BenchCluster> {
  await using cleanup = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "wherry-bench-"));
  if (process.env["WHERRY_BENCH_KEEP"] === undefined)
    cleanup.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const images = await publishGuests(directory, cleanup);
  const start = kind === "embedded" ? startEmbedded : startReal;
  const { kubeconfig, kubeletPid, rootDirectory, nodeKubeconfig } = await start(directory, cleanup);
  // A lane has no rate limit: what is measured is the node.
  const root = createClient(await loadClusterConfig({ paths: [kubeconfig] }));
  cleanup.defer(() => root.close());
  const client = root.withLane("bench");
  await untilNodeReady(client, nodeName);
  const owned = cleanup.move();
  const dispose = () => owned.disposeAsync();
  const hostPids = () => readHostPids(rootDirectory);
  return {
    kind,
    client,
    nodeName,
    kubeletPid,
    images,
    directory,
    kubeconfig,
    hostPids,
    nodeKubeconfig,
    [Symbol.asyncDispose]: dispose,
  };
}

interface Started {
  /** The kubelet's. */
  readonly rootDirectory: string;
  readonly kubeconfig: string;
  readonly kubeletPid: number;
  nodeKubeconfig(nodeName: string): Promise<string>;
}

async function startEmbedded(directory: string, cleanup: AsyncDisposableStack): Promise<Started> {
  const args = ["up", "--state-dir", join(directory, "state"), "--port", "0", "--registry-port", "0"];
  args.push("--kubelet-port", String(await freePort()), "--hostname-override", nodeName, "--max-pods", "500");
  const { process, readyLine } = await startWherry(
    [...args, "--output", "json"],
    '"kubeconfig"',
    join(directory, "wherry.log"),
  );
  cleanup.use(process);
  const { kubeconfig } = JSON.parse(readyLine) as { readonly kubeconfig: string };
  const nodeKubeconfig = () => Promise.reject(new Error("The embedded default has one node"));
  return { kubeconfig, kubeletPid: process.pid, rootDirectory: join(directory, "state"), nodeKubeconfig };
}

async function startReal(directory: string, cleanup: AsyncDisposableStack): Promise<Started> {
  const assets = kubeBuilderAssets();
  if ("skip" in assets) throw new Error(`Cannot start a real control plane: ${assets.skip}`);
  const plane = cleanup.use(
    await startKubeApiServer(assets.directory, { directory, nodeNames: [nodeName, furtherNode], controllers: true }),
  );
  const { kubeletPid, rootDirectory } = cleanup.use(await startWherryKubelet(directory, plane, nodeName));
  const nodeKubeconfig = (name: string) => plane.nodeKubeconfig(name);
  return { kubeconfig: plane.adminKubeconfig, kubeletPid, rootDirectory, nodeKubeconfig };
}
