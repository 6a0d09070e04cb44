import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import {
  findGoKubeletPeers,
  type GoKubeletNode,
  KubernetesObserver,
  kubeBuilderAssets,
  skipReason,
  startGoKubeletNode,
  startKubeApiServer,
  type TestControlPlane,
} from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const assets = kubeBuilderAssets();
const peers = findGoKubeletPeers();
const skip = skipReason(
  "the Go kubelet's node",
  "skip" in assets ? assets.skip : undefined,
  "skip" in peers ? peers.skip : undefined,
);
const image = { reference: "reference.test/shell:v1", entrypoint: ["/bin/sh", "-c"] };
const nodeName = "go-node";
const kernelSettings = () =>
  ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map((name) =>
    readFileSync(`/proc/sys/${name}`, "utf8"),
  );

describe.skipIf(skip !== undefined)("startGoKubeletNode()", () => {
  const owned = new AsyncDisposableStack();
  const settingsBefore = kernelSettings();
  let plane: TestControlPlane;
  let node: GoKubeletNode;
  let client: KubernetesClient;
  let observer: KubernetesObserver;

  beforeAll(async () => {
    if ("skip" in assets || "skip" in peers) return;
    const directory = await mkdtemp(join(tmpdir(), "wherry-test-"));
    owned.defer(() => rm(directory, { recursive: true, force: true }));
    plane = owned.use(
      await startKubeApiServer(assets.directory, { directory, nodeNames: [nodeName], controllers: true }),
    );
    node = owned.use(await startGoKubeletNode({ peers, plane, directory, name: nodeName, images: [image] }));
    client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    owned.defer(() => client.close());
    observer = new KubernetesObserver(client, "default");
    const stop = new AbortController();
    const observing = observer.run(stop.signal);
    owned.defer(async () => {
      stop.abort();
      await observing.catch(() => undefined);
    });
    await observer.ready();
  });
  afterAll(() => owned.disposeAsync());

  test("runs a pod to its end and keeps its log", async () => {
    const { metadata } = await client.create(resources.pods, pod("job", 'echo "on $(hostname)"'));
    await observer.untilPhase("job", "Succeeded", 60_000);
    const log = join(node.podLogsDirectory, `default_job_${metadata?.uid}`, "main/0.log");
    expect(await readFile(log, "utf8")).toContain("stdout F on job");
  });

  test("its pods outlive the kubelet", async () => {
    await client.create(resources.pods, pod("service", "sleep 1000000"));
    const before = await observer.untilPhase("service", "Running", 60_000);
    const pids = podPrograms(node);
    expect([...pids.keys()]).toEqual(expect.arrayContaining(["/bin/busybox sleep 1000000000", "sleep 1000000"]));
    expect([...pids.keys()].some((command) => command.includes("containerd-shim-runc-v2"))).toBe(true);
    await node.restartKubelet("SIGKILL");
    expect(podPrograms(node).get("sleep 1000000")).toBe(pids.get("sleep 1000000"));
    expect(observer.pod("service")?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
  });

  test("its end leaves no process, network, cgroup or mount, and the kernel as it was", async () => {
    const pids = [node.kubeletPid, node.containerdPid, ...node.podPids()];
    const bridge = bridgeOf(node.address);
    const cgroups = ["", ...readdirSync("/sys/fs/cgroup")].map((entry) => join("/sys/fs/cgroup", entry, bridge));
    expect(cgroups.some((path) => existsSync(path))).toBe(true);
    await node[Symbol.asyncDispose]();
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(networkInterfaces()[bridge]).toBeUndefined();
    expect(cgroups.filter((path) => existsSync(path))).toEqual([]);
    expect(await readFile("/proc/self/mountinfo", "utf8")).not.toContain(nodeName);
    expect(kernelSettings()).toEqual(settingsBefore);
  });
});

/** The processes of the node's pods by their command lines; one that is just ending has none. */
function podPrograms(node: GoKubeletNode): Map<string, number> {
  const command = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    } catch {
      return "";
    }
  };
  return new Map(node.podPids().map((pid) => [command(pid), pid]));
}

function bridgeOf(address: string): string {
  const entry = Object.entries(networkInterfaces()).find(([, list]) => list?.some((one) => one.address === address));
  return entry?.[0] ?? "none";
}

function pod(name: string, script: string): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      nodeName,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: image.reference, args: [script] }],
    },
  };
}
