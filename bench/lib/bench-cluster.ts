import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import { kubeBuilderAssets, startKubeApiServer } from "../../packages/testkit/src/control-planes/kube-apiserver.ts";
import { eventually, freePort } from "../../packages/testkit/src/processes/peer-process.ts";
import { writeGuest } from "./guest-modules.ts";
import { startModuleRegistry } from "./module-registry.ts";
import { startWherry } from "./wherry-process.ts";

export type ControlPlaneKind = "embedded" | "kube-apiserver";

/** A node of Wherry with its control plane, started for one benchmark. */
export interface BenchCluster extends AsyncDisposable {
  readonly kind: ControlPlaneKind;
  readonly client: KubernetesClient;
  readonly nodeName: string;
  /** The process that holds the kubelet; in the embedded default also the control plane. */
  readonly kubeletPid: number;
  readonly images: { readonly idle: string; readonly job: string };
  readonly directory: string;
  /** Path of a kubeconfig with all rights. */
  readonly kubeconfig: string;
  /** The processes that the node has given to pods. */
  hostPids(): number[];
}

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
  const registry = cleanup.use(await startModuleRegistry());
  const images = { idle: await publish("idle"), job: await publish("job") };
  const start = kind === "embedded" ? startEmbedded : startReal;
  const { kubeconfig, kubeletPid, rootDirectory } = await start(directory, cleanup);
  // A lane has no rate limit: what is measured is the node.
  const root = createClient(await loadClusterConfig({ paths: [kubeconfig] }));
  cleanup.defer(() => root.close());
  const client = root.withLane("bench");
  await eventually("the node becoming ready", async () => {
    const node = await client.get(resources.nodes, nodeName);
    return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  });
  const owned = cleanup.move();
  const dispose = () => owned.disposeAsync();
  const hostPids = () => readHostPids(join(rootDirectory, "engine/sandboxes"));
  return {
    kind,
    client,
    nodeName,
    kubeletPid,
    images,
    directory,
    kubeconfig,
    hostPids,
    [Symbol.asyncDispose]: dispose,
  };

  async function publish(name: "idle" | "job"): Promise<string> {
    const path = join(directory, `${name}.wasm`);
    await writeGuest(name, path);
    return registry.add(name, await readFile(path));
  }
}

/** From the records by which the engine finds the processes of its guests again. */
function readHostPids(directory: string): number[] {
  return globSync("*/guests/*/process.json", { cwd: directory }).flatMap((path) => {
    try {
      const { pid } = JSON.parse(readFileSync(join(directory, path), "utf8")) as { pid: number };
      return existsSync(`/proc/${pid}`) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

interface Started {
  /** The kubelet's. */
  readonly rootDirectory: string;
  readonly kubeconfig: string;
  readonly kubeletPid: number;
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
  return { kubeconfig, kubeletPid: process.pid, rootDirectory: join(directory, "state") };
}

async function startReal(directory: string, cleanup: AsyncDisposableStack): Promise<Started> {
  const assets = kubeBuilderAssets();
  if ("skip" in assets) throw new Error(`Cannot start a real control plane: ${assets.skip}`);
  const plane = cleanup.use(
    await startKubeApiServer(assets.directory, { directory, nodeNames: [nodeName], controllers: true }),
  );
  const configuration = join(directory, "kubelet.json");
  await writeFile(
    configuration,
    JSON.stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      port: await freePort(),
      healthzPort: 0,
      maxPods: 500,
      podLogsDir: join(directory, "logs"),
      authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
    }),
  );
  const args = ["kubelet", "--kubeconfig", await plane.nodeKubeconfig(nodeName), "--config", configuration];
  args.push("--hostname-override", nodeName, "--root-dir", join(directory, "root"));
  const { process } = await startWherry(args, "Node is registered", join(directory, "wherry.log"));
  // Its pods outlive a kubelet, so the benchmark deletes them before this.
  cleanup.use(process);
  return { kubeconfig: plane.adminKubeconfig, kubeletPid: process.pid, rootDirectory: join(directory, "root") };
}
