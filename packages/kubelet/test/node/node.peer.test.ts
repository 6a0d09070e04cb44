import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { silentLogger, systemClock } from "@wherry/base";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Node, Pod } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeBuilderAssets, startKubeApiServer } from "../../../testkit/src/control-planes/kube-apiserver.ts";
import type { TestControlPlane } from "../../../testkit/src/control-planes/test-control-plane.ts";
import { eventually } from "../../../testkit/src/processes/peer-process.ts";
import { ApiEventRecorder } from "../../src/events/api-event-recorder.ts";
import { createEventSink } from "../../src/events/event-sink.ts";
import { createNodeApi } from "../../src/node/client-node-api.ts";
import { readMachineFacts } from "../../src/node/machine-facts.ts";
import { NodeAgent } from "../../src/node/node-agent.ts";
import type { NodeApi } from "../../src/node/node-api.ts";
import { wasmClusterPlatform } from "../../src/node/node-labels.ts";
import { certificateAuthenticator, firstOf, tokenAuthenticator } from "../../src/server/authenticator.ts";
import { webhookAuthorizer } from "../../src/server/authorizer.ts";
import { pingCheck } from "../../src/server/health-checks.ts";
import { kubeletRoutes } from "../../src/server/kubelet-routes.ts";
import { KubeletServer } from "../../src/server/kubelet-server.ts";
import { createRequestPipeline } from "../../src/server/request-pipeline.ts";
import { selfSignedCertificate } from "../../src/server/serving-certificate.ts";
import { createTokenReviewer } from "../../src/server/token-review.ts";

const run = promisify(execFile);
const assets = kubeBuilderAssets();
if ("skip" in assets) console.log(`node.peer.test.ts is skipped: ${assets.skip}`);

const logLine = (text: string) => `${new Date().toISOString()} stdout F ${text}\n`;

describe.skipIf("skip" in assets)("a node with its own credentials on a real kube-apiserver", () => {
  const nodeName = "peer-node";
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;
  let client: KubernetesClient;
  let server: KubeletServer;
  let agent: NodeAgent;
  let events: ApiEventRecorder;
  let nodeReads = 0;
  let statusPatches = 0;
  const container = { running: true, ended: Promise.withResolvers<void>() };

  function createAgent(instanceId: string): NodeAgent {
    const api = createNodeApi(client, nodeName);
    const counting: NodeApi = {
      ...api,
      getNode: (options) => {
        nodeReads++;
        return api.getNode(options);
      },
      patchNodeStatus: (patch, options) => {
        statusPatches++;
        return api.patchNodeStatus(patch, options);
      },
    };
    return new NodeAgent({
      nodeName,
      instanceId,
      api: counting,
      provider: {
        nodeDetails: async () => ({
          architecture: "wasm32-wasi",
          runtimeVersion: "wherry://0.1.0",
          runtimeHandlers: [{ name: "wherry", features: { recursiveReadOnlyMounts: false, userNamespaces: false } }],
        }),
      },
      events,
      platform: wasmClusterPlatform,
      labels: { "node.kubernetes.io/instance-type": "test", "example.com/rack": "7" },
      machineFacts: () => readMachineFacts({ rootDirectory: directory, fallbackId: instanceId }),
      addresses: () => [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: nodeName },
      ],
      resources: {
        maxPods: 110,
        podsPerCore: 0,
        reserved: { cpuMillis: 0, memoryBytes: 0, storageBytes: 0 },
        evictionHard: { nodefsAvailable: { kind: "fraction", fraction: 0.1 } },
      },
      declaredFeatures: [],
      kubeletPort: () => server.port,
      statusUpdateEveryMs: 500,
      statusReportEveryMs: 300_000,
      statusMaxImages: 50,
      leaseDurationSeconds: 4,
      clock: systemClock,
      logger: silentLogger,
      random: Math.random,
    });
  }

  const kubectl = async (...args: string[]): Promise<string> => {
    if ("skip" in assets) throw new Error("no kubectl");
    const { stdout } = await run(join(assets.directory, "kubectl"), ["--kubeconfig", plane.adminKubeconfig, ...args]);
    return stdout;
  };
  const node = (): Promise<Node> => admin.get(resources.nodes, nodeName);

  beforeAll(async () => {
    if ("skip" in assets) return;
    directory = await mkdtemp(join(tmpdir(), "wherry-node-peer-"));
    plane = await startKubeApiServer(assets.directory, { directory, nodeNames: [nodeName], controllers: true });
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    client = createClient(await loadClusterConfig({ paths: [await plane.nodeKubeconfig(nodeName)] }));
    events = new ApiEventRecorder({
      sink: createEventSink(client),
      host: nodeName,
      perSecond: 50,
      burst: 100,
      clock: systemClock,
      logger: silentLogger,
    });
    const path = join(directory, "0.log");
    await writeFile(path, logLine("hello") + logLine("world"));
    const serving = await selfSignedCertificate({ directory, nodeName, addresses: ["127.0.0.1"], nowMs: Date.now() });
    server = new KubeletServer({
      address: "127.0.0.1",
      port: 0,
      tls: { ...serving, clientCertificateAuthority: await readFile(plane.kubeletClientCaPath, "utf8") },
      handle: createRequestPipeline({
        routes: kubeletRoutes({
          pods: { list: () => [] },
          logs: {
            containerLog: async () => ({
              containerId: "c",
              path,
              isRunning: () => container.running,
              ended: () => container.ended.promise,
            }),
          },
          healthChecks: [pingCheck],
          configuration: () => ({ maxPods: 110 }),
          debugging: true,
          clock: systemClock,
          logger: silentLogger,
        }),
        authenticate: firstOf([
          certificateAuthenticator(() => Date.now()),
          tokenAuthenticator(createTokenReviewer({ client, cacheTtlMs: 120_000, clock: systemClock })),
        ]),
        authorize: webhookAuthorizer({ client, nodeName, allowTtlMs: 300_000, denyTtlMs: 30_000, clock: systemClock }),
        logger: silentLogger,
      }),
      logger: silentLogger,
    });
    await server.listen();
    agent = createAgent("first");
    running.push(server.run(stop.signal), events.run(stop.signal), agent.run(stop.signal));
    await agent.registered;
  });

  afterAll(async () => {
    stop.abort();
    await Promise.allSettled(running);
    await client?.close();
    await admin?.close();
    await plane?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  test("NodeAgent registers a node that NodeRestriction accepts and that is Ready", async () => {
    const { metadata, spec, status } = await node();
    expect(metadata?.labels).toMatchObject({ "kubernetes.io/arch": "wasm32-wasi", "example.com/rack": "7" });
    expect(spec?.taints).toContainEqual({ key: "kubernetes.io/arch", value: "wasm32-wasi", effect: "NoExecute" });
    expect(status?.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      "MemoryPressure=False",
      "DiskPressure=False",
      "PIDPressure=False",
      "Ready=True",
    ]);
    expect(status?.runtimeHandlers).toHaveLength(1);
    expect(agent.nodeUid).toBe(metadata?.uid);
  });

  test("NodeAgent does not write a status that the API server stored in its own form", async () => {
    const [reads, patches] = [nodeReads, statusPatches];
    await eventually("some updates", async () => nodeReads >= reads + 6, 20_000);
    expect(statusPatches - patches).toBeLessThanOrEqual(1);
  });

  test("NodeAgent holds a lease that the node owns", async () => {
    await eventually("the lease", async () => {
      const lease = await admin.get(resources.leases, nodeName, { namespace: "kube-node-lease" });
      return lease.metadata?.ownerReferences?.[0]?.uid === (await node()).metadata?.uid;
    });
    const text = await kubectl("describe", "node", nodeName);
    expect(text).toMatch(/HolderIdentity: +peer-node/);
    expect(text).toMatch(/Starting +\S+ +kubelet/);
  });

  test("NodeAgent refuses a second kubelet of the same name, and lets the same one start again", async () => {
    await expect(createAgent("second").run(AbortSignal.timeout(20_000))).rejects.toMatchObject({ code: "NameInUse" });
    const again = new AbortController();
    const same = createAgent("first");
    const ran = same.run(again.signal);
    await same.registered;
    again.abort();
    await ran;
  });

  test("NodeAgent registers anew after the node was deleted", async () => {
    const { uid } = (await node()).metadata ?? {};
    await admin.delete(resources.nodes, nodeName);
    await eventually("a new node", async () => (await node()).metadata?.uid !== uid, 15_000);
  });

  test("KubeletServer answers the API server: logs, and following until the container ends", async () => {
    const pod: Pod = {
      metadata: { name: "web", namespace: "default" },
      spec: { nodeName, containers: [{ name: "main", image: "x" }], automountServiceAccountToken: false },
    };
    await admin.create(resources.pods, pod);
    expect(await kubectl("logs", "web", "--tail=1")).toBe("world\n");
    const followed = kubectl("logs", "web", "-f");
    await appendFile(join(directory, "0.log"), logLine("more"));
    container.running = false;
    container.ended.resolve();
    expect(await followed).toBe("hello\nworld\nmore\n");
  });
});
