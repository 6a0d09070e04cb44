import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { createClient, loadClusterConfig } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import type { TestControlPlane } from "../control-planes/test-control-plane.ts";
import { type BusyboxImage, writeBusyboxArchive } from "../images/busybox-archive.ts";
import { freePort } from "../processes/free-port.ts";
import { eventually } from "../processes/peer-process.ts";
import { type EnclosedProcess, ProcessEnclosure } from "../processes/process-enclosure.ts";
import { descendantPids } from "../processes/process-tree.ts";
import { CgroupTree } from "./cgroup-tree.ts";
import { type GoKubeletFiles, writeGoKubeletFiles } from "./go-kubelet-files.ts";
import type { GoKubeletPeers } from "./go-kubelet-peers.ts";
import { createNodeBridge } from "./node-bridge.ts";
import { untilNodeReady } from "./until-node-ready.ts";

export interface GoKubeletNodeOptions {
  readonly peers: GoKubeletPeers;
  /** Directory for the node's state and logs, made by the caller and removed after. */
  readonly directory: string;
  readonly plane: TestControlPlane;
  readonly name: string;
  /** What pods can run: nothing is pulled. */
  readonly images?: readonly BusyboxImage[];
  /** Merged over the KubeletConfiguration. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** Further flags of the kubelet. */
  readonly flags?: readonly string[];
}

/** The reference: a node of the upstream project, with containerd and runc beneath. */
export interface GoKubeletNode extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly kubeletPid: number;
  readonly containerdPid: number;
  /** The kubelet's `--root-dir`. */
  readonly rootDirectory: string;
  /** Where the kubelet writes the logs of containers. */
  readonly podLogsDirectory: string;
  /** Where a volume of a pod is, named as `kubernetes.io~empty-dir/NAME`. What is in memory cannot be seen from outside the node. */
  volumePath(pod: Pod, volume: string): string;
  /** The processes of pods: shims, sandboxes and containers. */
  podPids(): number[];
  /** Ends the kubelet, while pods go on, lets `whileAway` do what it wants, and starts it again. */
  restartKubelet(signal?: NodeJS.Signals, whileAway?: () => Promise<void>): Promise<void>;
  /** Runs `ctr` in containerd's namespace of Kubernetes and answers what it printed. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Ends the node and its pods, and removes what they made of mounts, cgroups and networks. */
  [Symbol.asyncDispose](): Promise<void>;
}

const pauseImage: BusyboxImage = {
  reference: "reference.test/pause:v1",
  entrypoint: ["/bin/busybox", "sleep", "1000000000"],
};

/** What kubelet and containerd use without asking where; each node sees directories of its own there. */
const fixedPaths = ["/run", "/var/lib", "/var/log"];

/** What a kubelet sets for all of a machine; each node sees and sets copies. */
const kernelSettings = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
].map((name) => `/proc/sys/${name}`);

/**
 * Starts the Go kubelet with containerd and resolves when the node is ready. Logs are `containerd.log` and `kubelet.log` in the directory.
 *
 * Any number of them, and a kubelet of the machine, can run beside each other.
 */
export async function startGoKubeletNode(options: GoKubeletNodeOptions): Promise<GoKubeletNode> {
  await using owned = new AsyncDisposableStack();
  const { peers, plane, name } = options;
  const directory = join(options.directory, name);
  refuseHiddenPaths(directory, peers);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const bridge = owned.use(await createNodeBridge());
  const cgroup = owned.use(await CgroupTree.create(bridge.name));
  const healthzPort = await freePort();
  const files = await writeGoKubeletFiles({
    directory,
    peers,
    bridge,
    cgroup: cgroup.path,
    pauseImage: pauseImage.reference,
    clientCaPath: plane.kubeletClientCaPath,
    port: await freePort(),
    healthzPort,
    configuration: options.configuration ?? {},
  });
  const binds = await makeBinds(directory);
  const enclosure = owned.use(await ProcessEnclosure.start({ name: `node "${name}"`, directory, binds }));
  const ctr = (...args: readonly string[]) =>
    enclosure.run(peers.ctr, ["--address", files.containerdSocket, "--namespace", "k8s.io", ...args]);
  const containerd = await startContainerd(enclosure, peers, directory, files);
  await eventually(
    `containerd's answer (log: ${join(directory, "containerd.log")})`,
    () => ctr("version").then(() => true),
    undefined,
    containerd.ended,
  );
  const archive = join(directory, "images.tar");
  await writeBusyboxArchive(archive, peers.busybox, [pauseImage, ...(options.images ?? [])]);
  await ctr("images", "import", archive);
  const startKubelet = () => launchKubelet(enclosure, options, directory, files, bridge.address);
  let kubelet = await startKubelet();
  const ready = () => untilReady(plane, name, kubelet, healthzPort, join(directory, "kubelet.log"));
  await ready();
  const resources = owned.move();
  return {
    name,
    address: bridge.address,
    get kubeletPid() {
      return kubelet.pid;
    },
    containerdPid: containerd.pid,
    rootDirectory: files.kubeletRoot,
    podLogsDirectory: join(directory, "logs"),
    volumePath: (pod, volume) => join(files.kubeletRoot, "pods", pod.metadata?.uid ?? "", "volumes", volume),
    // Shims outlive the containerd that started them, whether or not it is their parent.
    podPids: () => [...enclosure.orphanPids(), ...descendantPids(containerd.pid)],
    async restartKubelet(signal, whileAway) {
      await kubelet.stop(signal);
      await whileAway?.();
      kubelet = await startKubelet();
      await ready();
    },
    ctr,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function startContainerd(
  enclosure: ProcessEnclosure,
  peers: GoKubeletPeers,
  directory: string,
  files: GoKubeletFiles,
): Promise<EnclosedProcess> {
  return enclosure.start({
    command: peers.containerd,
    args: ["--config", files.containerdConfig],
    logPath: join(directory, "containerd.log"),
    env: { PATH: [dirname(peers.containerd), process.env["PATH"] ?? ""].join(delimiter) },
  });
}

async function launchKubelet(
  enclosure: ProcessEnclosure,
  { peers, plane, name, flags = [] }: GoKubeletNodeOptions,
  directory: string,
  files: GoKubeletFiles,
  address: string,
): Promise<EnclosedProcess> {
  return enclosure.start({
    command: peers.kubelet,
    args: [
      `--kubeconfig=${await plane.nodeKubeconfig(name)}`,
      `--config=${files.kubeletConfig}`,
      `--root-dir=${files.kubeletRoot}`,
      `--cert-dir=${join(files.kubeletRoot, "pki")}`,
      `--hostname-override=${name}`,
      `--node-ip=${address}`,
      ...flags,
    ],
    logPath: join(directory, "kubelet.log"),
  });
}

async function untilReady(
  plane: TestControlPlane,
  name: string,
  kubelet: EnclosedProcess,
  healthzPort: number,
  logPath: string,
): Promise<void> {
  const client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }));
  const isHealthy = async () => (await fetch(`http://127.0.0.1:${healthzPort}/healthz`)).ok;
  try {
    // After a restart the node has not ceased to be ready.
    await eventually("the kubelet being healthy", isHealthy, undefined, kubelet.ended);
    await untilNodeReady(client, name, kubelet.ended);
  } catch (error) {
    const log = await readFile(logPath, "utf8").catch(() => "");
    throw new Error(`Cannot start a Go kubelet as node "${name}"; end of its log:\n${log.slice(-2_000)}`, {
      cause: error,
    });
  } finally {
    await client.close();
  }
}

function refuseHiddenPaths(directory: string, peers: GoKubeletPeers): void {
  const used = [directory, peers.kubelet, peers.containerd, peers.ctr, peers.runc, peers.cniPlugins];
  for (const path of used) {
    const hidden = fixedPaths.find((fixed) => path.startsWith(`${fixed}/`));
    if (hidden !== undefined)
      throw new Error(
        `Cannot use "${path}" for a Go kubelet: the node has a directory of its own in place of ${hidden}`,
      );
  }
}

async function makeBinds(directory: string): Promise<{ readonly source: string; readonly target: string }[]> {
  const machine = join(directory, "machine");
  const own = (target: string) => ({ source: join(machine, target), target });
  const paths = fixedPaths.map(own);
  for (const { source } of paths) await mkdir(source, { recursive: true });
  const settings = kernelSettings.filter((path) => existsSync(path)).map(own);
  for (const { source, target } of settings) {
    await mkdir(dirname(source), { recursive: true });
    // The kernel gives such files no size, so that a copy of the file would be empty.
    await writeFile(source, await readFile(target));
  }
  return [...paths, ...settings];
}
