import { FakeClock, silentLogger } from "@wherry/base";
import type { Lease, Node } from "@wherry/kubernetes";
import { afterEach, describe, expect, test } from "vitest";
import type { MachineFacts } from "../../src/node/machine-facts.ts";
import { instanceAnnotation } from "../../src/node/name-claim.ts";
import { NodeAgent } from "../../src/node/node-agent.ts";
import type { NodeAgentOptions } from "../../src/node/node-agent-options.ts";
import { wasmClusterPlatform, wasmStandalonePlatform } from "../../src/node/node-labels.ts";
import type { EventContent } from "../../src/ports/event-recorder.ts";
import type { HealthTerm } from "../../src/provider/node-details.ts";
import { apiError, FakeNodeApi } from "./fake-node-api.ts";

const facts: MachineFacts = {
  machineId: "m",
  systemUuid: "s",
  bootId: "boot-1",
  kernelVersion: "6.1",
  osImage: "Debian",
  operatingSystem: "linux",
  architecture: "amd64",
  cpuCount: 2,
  memoryBytes: 4 * 2 ** 30,
  swapBytes: 0,
  storageBytes: 100 * 2 ** 30,
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Bench {
  readonly api: FakeNodeApi;
  readonly clock: FakeClock;
  readonly events: EventContent[];
  readonly agent: NodeAgent;
  readonly machine: { facts: MachineFacts };
  readonly provider: { terms: HealthTerm[] };
  readonly ran: Promise<void>;
}

/** Starts an agent; it is stopped after the test. */
function start(
  overrides: Partial<NodeAgentOptions> = {},
  api: FakeNodeApi = new FakeNodeApi(),
  clock = new FakeClock(),
): Bench {
  const events: EventContent[] = [];
  const machine = { facts };
  const provider = { terms: [] as HealthTerm[] };
  const agent = new NodeAgent({
    nodeName: "n1",
    instanceId: "ours",
    api,
    provider: {
      nodeDetails: async () => ({ architecture: "wasm32-wasi", runtimeVersion: "wherry://0.1.0" }),
      health: async () => provider.terms,
    },
    events: { event: (_subject, content) => void events.push(content) },
    machineFacts: async () => machine.facts,
    addresses: () => [
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "InternalIP", address: "fd00::1" },
      { type: "Hostname", address: "n1" },
    ],
    resources: {
      maxPods: 110,
      podsPerCore: 0,
      reserved: { cpuMillis: 100, memoryBytes: 2 ** 30, storageBytes: 0 },
      evictionHard: {
        memoryAvailable: { kind: "bytes", bytes: 100 * 2 ** 20 },
        nodefsAvailable: { kind: "fraction", fraction: 0.1 },
      },
    },
    kubeletPort: () => 10250,
    statusUpdateEveryMs: 10_000,
    statusReportEveryMs: 300_000,
    statusMaxImages: 50,
    leaseDurationSeconds: 40,
    clock,
    logger: silentLogger,
    random: () => 0,
    ...overrides,
  });
  const stop = new AbortController();
  const ran = agent.run(stop.signal);
  ran.catch(() => undefined);
  stops.push(async () => {
    stop.abort();
    await ran.catch(() => undefined);
  });
  return { api, clock, events, agent, machine, provider, ran };
}

const condition = (node: Node | undefined, type: string) =>
  node?.status?.conditions?.find((candidate) => candidate.type === type);

describe("NodeAgent", () => {
  test("NodeAgent registers a ready node with labels, taints, capacity, endpoint and conditions in order", async () => {
    const { api, clock, agent } = start({ platform: wasmClusterPlatform, labels: { "example.com/rack": "7" } });
    await clock.advance(0);
    await agent.registered;
    expect(api.node?.metadata?.labels).toEqual({
      "beta.kubernetes.io/arch": "wasm32-wasi",
      "beta.kubernetes.io/os": "wasi",
      "example.com/rack": "7",
      "kubernetes.io/arch": "wasm32-wasi",
      "kubernetes.io/hostname": "n1",
      "kubernetes.io/os": "wasi",
    });
    expect(api.node?.metadata?.annotations).toEqual({
      "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    });
    expect(api.node?.spec?.taints?.map(({ effect }) => effect)).toEqual(["NoSchedule", "NoExecute"]);
    const status = api.node?.status;
    expect(status?.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      "MemoryPressure=False",
      "DiskPressure=False",
      "PIDPressure=False",
      "Ready=True",
    ]);
    expect(status?.capacity).toEqual({ cpu: "2", memory: "4Gi", pods: "110", "ephemeral-storage": "100Gi" });
    expect(status?.allocatable).toEqual({
      cpu: "1900m",
      memory: "2972Mi",
      pods: "110",
      "ephemeral-storage": "96636764160",
    });
    expect(status?.daemonEndpoints?.kubeletEndpoint?.Port).toBe(10250);
    expect(status?.nodeInfo?.containerRuntimeVersion).toBe("wherry://0.1.0");
    expect(agent.nodeUid).toBe("uid-1");
    expect(agent.hostIps).toEqual(["10.0.0.1", "fd00::1"]);
  });

  test("NodeAgent shows no local storage where that is no resource of the node", async () => {
    const reserved = { cpuMillis: 0, memoryBytes: 0, storageBytes: 0 };
    const resources = { maxPods: 110, podsPerCore: 0, reserved, evictionHard: {}, localStorage: false };
    const { api, clock, agent } = start({ resources });
    await clock.advance(0);
    await agent.registered;
    for (const amounts of [api.node?.status?.capacity, api.node?.status?.allocatable])
      expect(Object.keys(amounts ?? {})).toEqual(["cpu", "memory", "pods"]);
  });

  test("NodeAgent leaves a standalone node without taints", async () => {
    const { api, clock } = start({ platform: wasmStandalonePlatform });
    await clock.advance(0);
    expect(api.node?.spec?.taints).toBeUndefined();
    expect(api.node?.metadata?.labels?.["kubernetes.io/os"]).toBe("linux");
  });

  test("NodeAgent tries to register again after 100, 200, 400 ms, at most 7 s", async () => {
    const api = new FakeNodeApi();
    const bench = start({}, api);
    // getLease and serverVersion pass, then the node cannot be read.
    api.failures.push(undefined, undefined, ...Array.from({ length: 9 }, () => apiError(403, "Forbidden")));
    const times: number[] = [];
    const begin = bench.clock.now();
    for (let elapsed = 0; elapsed < 40_000; elapsed += 100) {
      const before = api.count("getNode");
      await bench.clock.advance(elapsed === 0 ? 0 : 100);
      if (api.count("getNode") > before && times.length < 10) times.push(bench.clock.now() - begin);
    }
    expect(times.map((time, index) => time - (times[index - 1] ?? 0))).toEqual([
      0, 100, 200, 400, 800, 1600, 3200, 6400, 7000, 7000,
    ]);
  });

  test("NodeAgent reconciles labels of an existing node, but not its taints", async () => {
    const api = new FakeNodeApi();
    await api.createNode({ metadata: { name: "n1", labels: { "kubernetes.io/arch": "amd64", keep: "me" } } });
    const { clock } = start({ platform: wasmClusterPlatform }, api);
    await clock.advance(0);
    expect(api.node?.metadata?.labels).toMatchObject({ "kubernetes.io/arch": "wasm32-wasi", keep: "me" });
    expect(api.node?.spec?.taints).toBeUndefined();
  });

  test("NodeAgent writes an unchanged status every 5 minutes only", async () => {
    const { api, clock } = start();
    await clock.advance(0);
    const first = api.count("patchNodeStatus");
    await clock.advance(290_000);
    expect(api.count("patchNodeStatus")).toBe(first);
    await clock.advance(20_000);
    expect(api.count("patchNodeStatus")).toBe(first + 1);
    expect(Object.keys(api.statusPatches.at(-1)?.["status"] as object)).toEqual([
      "conditions",
      "$setElementOrder/conditions",
    ]);
  });

  test("NodeAgent becomes NotReady with all reasons when its health fails, and ready again, with events", async () => {
    const { api, clock, events, provider } = start();
    await clock.advance(0);
    const readySince = condition(api.node, "Ready")?.lastTransitionTime;
    provider.terms = [
      { name: "runtime", healthy: false, message: "runtime is broken" },
      { name: "network", healthy: true, message: "" },
      { name: "storage", healthy: false, message: "disk is on fire" },
    ];
    await clock.advance(6_000);
    expect(condition(api.node, "Ready")).toMatchObject({
      status: "False",
      reason: "KubeletNotReady",
      message: "[runtime is broken, disk is on fire]",
    });
    expect(condition(api.node, "Ready")?.lastTransitionTime).not.toBe(readySince);
    provider.terms = [];
    await clock.advance(6_000);
    expect(condition(api.node, "Ready")).toMatchObject({ status: "True", message: "kubelet is posting ready status" });
    expect(events.map(({ reason }) => reason)).toEqual(["Starting", "NodeNotReady", "NodeReady"]);
  });

  test("NodeAgent replaces the whole list of addresses, whose type is not unique", async () => {
    let addresses = [
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "InternalIP", address: "fd00::1" },
    ];
    const { api, clock } = start({ addresses: () => addresses });
    await clock.advance(0);
    addresses = [{ type: "InternalIP", address: "10.0.0.2" }];
    await clock.advance(10_000);
    expect(api.node?.status?.addresses).toEqual(addresses);
  });

  test("NodeAgent keeps conditions and fields of others", async () => {
    const api = new FakeNodeApi();
    const foreign = { type: "KernelDeadlock", status: "False", reason: "KernelHasNoDeadlock" };
    await api.createNode({
      metadata: { name: "n1" },
      status: { conditions: [foreign], volumesAttached: [{ name: "v", devicePath: "/dev/x" }] },
    });
    const { clock } = start({}, api);
    await clock.advance(0);
    expect(condition(api.node, "KernelDeadlock")).toMatchObject(foreign);
    expect(api.node?.status?.conditions?.at(-1)?.type).toBe("Ready");
    expect(api.node?.status?.volumesAttached).toHaveLength(1);
  });

  test("NodeAgent records one Rebooted event when the boot ID changed", async () => {
    const { api, clock, events, machine } = start();
    await clock.advance(0);
    machine.facts = { ...facts, bootId: "boot-2" };
    await clock.advance(30_000);
    expect(events.filter(({ reason }) => reason === "Rebooted")).toEqual([
      { type: "Warning", reason: "Rebooted", message: "Node n1 has been rebooted, boot id: boot-2" },
    ]);
    expect(api.node?.status?.nodeInfo?.bootID).toBe("boot-2");
  });

  test("NodeAgent registers anew when somebody deleted the node", async () => {
    const { api, clock, agent } = start();
    await clock.advance(0);
    api.node = undefined;
    await clock.advance(10_000);
    expect(api.node).toMatchObject({ metadata: { name: "n1", uid: "uid-2" } });
    expect(agent.nodeUid).toBe("uid-2");
    await clock.advance(10_000);
    expect(api.lease?.metadata?.ownerReferences).toMatchObject([{ kind: "Node", uid: "uid-2" }]);
  });

  test("NodeAgent knows labels and taints at once when somebody changes them", async () => {
    const { api, clock, agent } = start();
    await clock.advance(0);
    const taint = { key: "drain", effect: "NoExecute" };
    api.change({
      ...api.node,
      metadata: { ...api.node?.metadata, labels: { ...api.node?.metadata?.labels, disk: "fast" } },
      spec: { taints: [taint] },
    });
    expect(agent.labels["disk"]).toBe("fast");
    expect(agent.taints).toEqual([taint]);
  });

  test("NodeAgent registers a deleted node at once when it sees the deletion", async () => {
    const { api, clock, agent } = start();
    await clock.advance(0);
    api.change(undefined);
    await clock.advance(0);
    expect(agent.nodeUid).toBe("uid-2");
  });

  test("NodeAgent reports a version no newer than the API server's", async () => {
    const api = new FakeNodeApi();
    api.version = "v1.35.2+k3s1";
    const { clock } = start({}, api);
    await clock.advance(0);
    expect(api.node?.status?.nodeInfo?.kubeletVersion).toBe("v1.35.2");
  });

  test("NodeAgent sets devices of an earlier kubelet to 0", async () => {
    const api = new FakeNodeApi();
    await api.createNode({ metadata: { name: "n1" }, status: { capacity: { "example.com/gpu": "4" } } });
    const { clock } = start({}, api);
    await clock.advance(0);
    expect(api.node?.status?.capacity?.["example.com/gpu"]).toBe("0");
    expect(api.node?.status?.allocatable?.["example.com/gpu"]).toBe("0");
  });
});

describe("NodeAgent lease", () => {
  const leaseOf = (instance: string | undefined, renewedMs: number): Lease => ({
    metadata: {
      name: "n1",
      resourceVersion: "7",
      ...(instance !== undefined && { annotations: { [instanceAnnotation]: instance } }),
    },
    spec: { holderIdentity: "n1", leaseDurationSeconds: 40, renewTime: new Date(renewedMs).toISOString() },
  });

  test("NodeAgent lease is created with holder, owner and instance, and renewed every 10 s without reading", async () => {
    const { api, clock } = start();
    await clock.advance(0);
    expect(api.lease).toMatchObject({
      metadata: {
        name: "n1",
        namespace: "kube-node-lease",
        annotations: { [instanceAnnotation]: "ours" },
        ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n1", uid: "uid-1" }],
      },
      spec: { holderIdentity: "n1", leaseDurationSeconds: 40 },
    });
    const reads = api.count("getLease");
    const before = api.lease?.spec?.renewTime ?? "";
    await clock.advance(30_000);
    expect(api.count("replaceLease")).toBe(3);
    expect(api.count("getLease")).toBe(reads);
    expect(Date.parse(api.lease?.spec?.renewTime ?? "") - Date.parse(before)).toBe(30_000);
  });

  test("NodeAgent refuses to start while another kubelet renews the lease", async () => {
    const clock = new FakeClock();
    const api = new FakeNodeApi();
    api.lease = leaseOf("other", clock.now() - 1_000);
    const { ran, agent } = start({}, api, clock);
    await clock.advance(4_000);
    expect(api.node).toBeUndefined();
    api.lease = leaseOf("other", clock.now());
    await clock.advance(4_000);
    const refusal = { code: "NameInUse", message: expect.stringMatching(/node "n1".*other.*--hostname-override/) };
    await expect(ran).rejects.toMatchObject(refusal);
    await expect(agent.registered).rejects.toMatchObject(refusal);
  });

  test("NodeAgent takes over a lease that another kubelet left behind, once it has expired", async () => {
    const clock = new FakeClock();
    const api = new FakeNodeApi();
    api.lease = leaseOf(undefined, clock.now() - 10_000);
    start({}, api, clock);
    await clock.advance(29_000);
    expect(api.node).toBeUndefined();
    await clock.advance(3_000);
    expect(api.node).toBeDefined();
    expect(api.lease.metadata?.annotations?.[instanceAnnotation]).toBe("ours");
  });

  test("NodeAgent starts at once on its own lease, and on one long expired", async () => {
    for (const instance of ["ours", "other"]) {
      const clock = new FakeClock();
      const api = new FakeNodeApi();
      api.lease = leaseOf(instance, clock.now() - (instance === "ours" ? 1_000 : 41_000));
      start({}, api, clock);
      await clock.advance(0);
      expect(api.node).toBeDefined();
    }
  });

  test("NodeAgent stops when another kubelet took the lease over meanwhile", async () => {
    const { api, clock, ran } = start();
    await clock.advance(0);
    api.lease = leaseOf("other", clock.now() + 5_000);
    await clock.advance(11_000);
    await expect(ran).rejects.toMatchObject({ code: "NameInUse" });
  });

  test("NodeAgent stops when a kubelet that knows no instances renews the lease too", async () => {
    const { api, clock, ran } = start();
    await clock.advance(0);
    api.lease = { ...leaseOf("ours", clock.now() + 5_000) };
    await clock.advance(11_000);
    await expect(ran).rejects.toMatchObject({ code: "NameInUse" });
  });

  test("NodeAgent renews on top of a change by somebody who is no kubelet", async () => {
    const { api, clock } = start();
    await clock.advance(0);
    api.lease = { ...api.lease, metadata: { ...api.lease?.metadata, resourceVersion: "99", labels: { a: "b" } } };
    await clock.advance(11_000);
    expect(api.lease?.metadata?.labels).toEqual({ a: "b" });
    expect(Date.parse(api.lease?.spec?.renewTime ?? "")).toBe(clock.now() - 1_000);
  });
});
