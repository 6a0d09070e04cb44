import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, type LogEntry } from "@wherry/base";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import {
  eventually,
  KubernetesObserver,
  nodeAddress,
  startTestControlPlane,
  type TestControlPlane,
} from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubelet, loadConfiguration, resolveNodeAddresses, wasmStandalonePlatform } from "../../src/index.ts";
import { FaultyProvider, untilAbort } from "../support/faulty-provider.ts";

const nodeName = "node-1";
const namespace = "default";

/** Faulty in a way for each name of a pod. */
class FaultyByName extends FaultyProvider {
  override admit: FaultyProvider["admit"] = ({ metadata }) => {
    if (metadata?.name === "unadmitted") throw new Error("cannot think");
    return undefined;
  };
  override live: FaultyProvider["live"] = (pod, signal) => {
    if (pod.pod.metadata?.name === "failing") throw new Error("no heat");
    if (pod.pod.metadata?.name === "deaf")
      pod.onChange(() => {
        throw new Error("cannot hear");
      });
    pod.describe({ phase: "Running" });
    return untilAbort(signal);
  };
  activeLogs = (): never => {
    throw new Error("cannot write");
  };
}

describe("A kubelet with a provider that is faulty", () => {
  const entries: LogEntry[] = [];
  const stops = new AsyncDisposableStack();
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;
  let observer: KubernetesObserver;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-faulty-"));
    stops.defer(() => rm(directory, { recursive: true, force: true }));
    plane = stops.use(await startTestControlPlane({ directory, nodeNames: [nodeName], controllers: true }));
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }));
    stops.defer(() => admin.close());
    observer = new KubernetesObserver(admin, namespace);
    const abort = new AbortController();
    const observing = observer.run(abort.signal);
    stops.defer(async () => {
      abort.abort();
      await observing.catch(() => undefined);
    });
    await observer.ready();
  });
  afterAll(() => stops.disposeAsync());

  /** Begins a life of the kubelet; `ended` settles as its run does. */
  async function start(provider: FaultyProvider) {
    const address = nodeAddress();
    const { configuration } = await loadConfiguration({
      overrides: {
        address,
        port: 0,
        healthzPort: 0,
        authentication: { x509: { clientCAFile: plane.kubeletClientCaPath } },
        containerLogMonitorInterval: "3s",
        podLogsDir: join(directory, "logs"),
      },
    });
    const client = createClient(await loadClusterConfig({ paths: [await plane.nodeKubeconfig(nodeName)] }));
    const kubelet = createKubelet({
      client,
      nodeName,
      provider: () => provider,
      configuration,
      rootDirectory: join(directory, "root"),
      certDirectory: join(directory, "pki"),
      addresses: resolveNodeAddresses({ nodeName, nodeIp: address, allowLoopback: true }),
      platform: wasmStandalonePlatform,
      logger: createLogger((entry) => void entries.push(entry)),
    });
    const abort = new AbortController();
    const run = async () => {
      try {
        await kubelet.run(abort.signal);
      } finally {
        await client.close();
      }
    };
    const ended = run();
    ended.catch(() => undefined);
    return { ready: kubelet.ready, ended, stop: () => abort.abort() };
  }

  const create = (name: string, activeDeadlineSeconds?: number) =>
    admin.create(
      resources.pods,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace },
        spec: {
          nodeName,
          automountServiceAccountToken: false,
          containers: [{ name: "main", image: "none" }],
          ...(activeDeadlineSeconds !== undefined && { activeDeadlineSeconds }),
        },
      },
      { namespace },
    );

  async function remove(name: string) {
    await admin.delete(resources.pods, name, { namespace });
    await observer.untilGone(name);
  }

  test("shows what is wrong, lets every pod be deleted, and lives on, after a restart too", async () => {
    const first = await start(new FaultyByName());
    await first.ready;
    for (const name of ["unadmitted", "failing", "healthy"]) await create(name);
    await create("deaf", 1);
    await observer.untilEvent("unadmitted", "FailedSync", /^Error syncing pod, skipping: admit\(\) .*cannot think$/);
    await observer.untilEvent("failing", "FailedSync", /^Error syncing pod, skipping: no heat$/);
    await observer.untilPhase("healthy", "Running");
    await observer.untilPhase("deaf", "Failed");
    await eventually("a rotation of logs", async () =>
      entries.some(({ message }) => message === "Cannot find the logs of running containers, will look again"),
    );
    first.stop();
    await first.ended;
    const second = await start(new FaultyByName());
    await second.ready;
    await create("later");
    await observer.untilPhase("later", "Running");
    for (const name of ["unadmitted", "failing", "healthy", "deaf", "later"]) await remove(name);
    second.stop();
    await second.ended;
  });

  test("ends with an error that names the provider whose run() ends early", async () => {
    const provider = Object.assign(new FaultyProvider(), { run: async () => undefined });
    const { ended } = await start(provider);
    await expect(ended).rejects.toMatchObject({
      code: "ProviderEnded",
      message: expect.stringContaining('run() of provider "faulty" ended while its signal had not aborted'),
    });
  });
});
