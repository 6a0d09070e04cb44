import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@wherry/base";
import { createClient, isNotFound, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod, PodCondition } from "@wherry/kubernetes";
import { FakeRuntime } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeBuilderAssets, startKubeApiServer } from "../../../testkit/src/control-planes/kube-apiserver.ts";
import type { TestControlPlane } from "../../../testkit/src/control-planes/test-control-plane.ts";
import { freePort } from "../../../testkit/src/processes/free-port.ts";
import { eventually } from "../../../testkit/src/processes/peer-process.ts";
import { createKubelet, createStandardProvider, loadConfiguration, resolveNodeAddresses } from "../../src/index.ts";
import { wasmStandalonePlatform } from "../../src/node/node-labels.ts";
import { podOf } from "../support/kubelet-harness.ts";

const assets = kubeBuilderAssets();
if ("skip" in assets) console.log(`pods.peer.test.ts is skipped: ${assets.skip}`);

const nodeName = "pod-peer";
const namespace = "default";

describe.skipIf("skip" in assets)("pods of a kubelet with its own credentials on a real kube-apiserver", () => {
  const runtime = new FakeRuntime({
    clock: systemClock,
    script: ({ name, attempt }) => {
      if (name === "once") return { exitAfterMs: 50, exitCode: 3 };
      return name === "prepare" && attempt === 0 ? { exitAfterMs: 50 } : undefined;
    },
  });
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;
  let client: KubernetesClient;
  let abort: AbortController;
  let running: Promise<void>;

  beforeAll(async () => {
    if ("skip" in assets) return;
    runtime.images.present.add("app:v1");
    directory = await mkdtemp(join(tmpdir(), "wherry-pods-"));
    plane = await startKubeApiServer(assets.directory, { directory, nodeNames: [nodeName] });
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }));
    client = createClient(await loadClusterConfig({ paths: [await plane.nodeKubeconfig(nodeName)] }));
    const account = { metadata: { name: "default", namespace } };
    await eventually(
      "the default namespace",
      () =>
        admin.create(resources.serviceAccounts, account).then(
          () => true,
          () => false,
        ),
      30_000,
    );
    await startKubelet();
  });

  afterAll(async () => {
    if ("skip" in assets) return;
    await stopKubelet();
    await client?.close();
    await admin?.close();
    await plane?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function startKubelet(): Promise<void> {
    const { configuration } = await loadConfiguration({
      base: {
        address: "127.0.0.1",
        port: await freePort(),
        healthzPort: 0,
        podLogsDir: join(directory, "logs"),
        authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
      },
    });
    const kubelet = createKubelet({
      client,
      nodeName,
      configuration,
      provider: (services) => createStandardProvider({ ...services, runtime }),
      rootDirectory: join(directory, "root"),
      certDirectory: join(directory, "pki"),
      addresses: resolveNodeAddresses({ nodeName, nodeIp: "127.0.0.1", allowLoopback: true }),
      platform: wasmStandalonePlatform,
      logger: silentLogger,
    });
    abort = new AbortController();
    running = kubelet.run(abort.signal);
    await Promise.race([running, kubelet.ready]);
  }

  async function stopKubelet(): Promise<void> {
    abort?.abort();
    await running;
  }

  function create(pod: Pod): Promise<Pod> {
    const { name } = pod.metadata ?? {};
    return admin.create(resources.pods, {
      metadata: { name, namespace },
      spec: { containers: [], ...pod.spec, nodeName, automountServiceAccountToken: false },
    });
  }

  const get = (name: string) => admin.get(resources.pods, name, { namespace });

  async function until(name: string, what: string, holds: (pod: Pod) => boolean): Promise<Pod> {
    await eventually(`${name} ${what}`, async () => holds(await get(name)), 20_000);
    return get(name);
  }

  const gone = (name: string) =>
    eventually(
      `${name} is gone`,
      () =>
        get(name).then(
          () => false,
          (error: unknown) => isNotFound(error),
        ),
      20_000,
    );

  const condition = (pod: Pod, type: string): PodCondition | undefined =>
    pod.status?.conditions?.find((candidate) => candidate.type === type);

  test("a pod runs, its status is accepted whole, and it is removed at its delete", async () => {
    await create(podOf("web"));
    const pod = await until("web", "runs", ({ status }) => status?.phase === "Running");
    expect(pod.status).toMatchObject({
      podIP: "127.0.0.1",
      podIPs: [{ ip: "127.0.0.1" }],
      hostIPs: [{ ip: "127.0.0.1" }],
      qosClass: "BestEffort",
      observedGeneration: pod.metadata?.generation,
      containerStatuses: [{ name: "main", ready: true, started: true, restartCount: 0 }],
    });
    expect(condition(pod, "Ready")).toMatchObject({ status: "True", observedGeneration: pod.metadata?.generation });
    expect(condition(pod, "Ready")?.reason).toBeUndefined();
    await admin.delete(resources.pods, "web", { namespace });
    await gone("web");
    await eventually("its sandbox goes", async () => runtime.sandboxes.size === 0);
  });

  test("a pod that fails is Failed with its exit code, and stays", async () => {
    await create(podOf("job", { restartPolicy: "Never" }, { name: "once" }));
    const pod = await until("job", "fails", ({ status }) => status?.phase === "Failed");
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    expect(condition(pod, "Ready")).toMatchObject({ status: "False", reason: "PodFailed" });
  });

  test("a readiness gate set by somebody else opens Ready, and its condition is kept", async () => {
    const gate = "example.com/gate";
    await create(podOf("gated", { readinessGates: [{ conditionType: gate }] }));
    const closed = await until("gated", "runs", ({ status }) => status?.phase === "Running");
    expect(condition(closed, "Ready")).toMatchObject({ status: "False", reason: "ReadinessGatesNotReady" });
    const patch = { status: { conditions: [{ type: gate, status: "True" }] } };
    await admin.patch(resources.pods, "gated", patch, { namespace, type: "strategic", subresource: "status" });
    const open = await until("gated", "is ready", (pod) => condition(pod, "Ready")?.status === "True");
    expect(condition(open, "Ready")?.reason).toBeUndefined();
    expect(condition(open, gate)?.status).toBe("True");
  });

  test("a pod survives a restart of the kubelet without a write, and of the API server", async () => {
    const made = await create(podOf("steady"));
    const before = await until("steady", "runs", ({ status }) => status?.phase === "Running");
    await stopKubelet();
    await startKubelet();
    await plane.restart();
    await create(podOf("later"));
    await until("later", "runs", ({ status }) => status?.phase === "Running");
    const after = await get("steady");
    expect(after.metadata).toMatchObject({
      uid: made.metadata?.uid,
      resourceVersion: before.metadata?.resourceVersion,
    });
  });

  test("a pod recreated under its name after a forced delete is another pod", async () => {
    await create(podOf("twin"));
    await until("twin", "runs", ({ status }) => status?.phase === "Running");
    await admin.delete(resources.pods, "twin", { namespace, gracePeriodSeconds: 0 });
    const again = await create(podOf("twin"));
    const pod = await until("twin", "runs", ({ status }) => status?.phase === "Running");
    expect(pod.metadata?.uid).toBe(again.metadata?.uid);
    await eventually("one sandbox", async () => {
      const uids = [...runtime.sandboxes.values()]
        .map(({ config }) => config.metadata)
        .filter(({ name }) => name === "twin");
      return uids.length === 1;
    });
  });

  test("a pod is not ready while its init container runs again in a new sandbox, of which the API server takes no status", async () => {
    const prepare = { name: "prepare", image: "app:v1", imagePullPolicy: "IfNotPresent" };
    const made = await create(podOf("again", { restartPolicy: "OnFailure", initContainers: [prepare] }));
    const before = await until("again", "is ready", (pod) => condition(pod, "Ready")?.status === "True");
    const [ended] = before.status?.initContainerStatuses ?? [];
    for (const [id, { config }] of runtime.sandboxes)
      if (config.metadata.uid === made.metadata?.uid) runtime.breakSandbox(id);
    const after = await until("again", "is not ready", (pod) => condition(pod, "Ready")?.status === "False");
    expect(after.status?.initContainerStatuses).toEqual([ended]);
    await eventually("prepare runs again", async () => runtime.find("again", "prepare").state === "running");
    const status = {
      initContainerStatuses: [{ ...ended, state: { running: { startedAt: made.metadata?.creationTimestamp } } }],
    };
    const patch = { status };
    await expect(
      admin.patch(resources.pods, "again", patch, { namespace, type: "strategic", subresource: "status" }),
    ).rejects.toThrow(/may not be transitioned to non-terminated state/);
    await admin.delete(resources.pods, "again", { namespace, gracePeriodSeconds: 0 });
  });

  test("a refused pod is Failed with the reason, and can be deleted", async () => {
    await create(podOf("probed", {}, { livenessProbe: { exec: { command: ["true"] } } }));
    const pod = await until("probed", "fails", ({ status }) => status?.phase === "Failed");
    expect(pod.status?.reason).toBe("UnsupportedField");
    await admin.delete(resources.pods, "probed", { namespace });
    await gone("probed");
  });
});
