import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient, type KubernetesClient, loadClusterConfig } from "@wherry/client";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import {
  createKubelet,
  createStandardProvider,
  loadConfiguration,
  resolveNodeAddresses,
  wasmClusterPlatform,
} from "@wherry/kubelet";
import { contentImages, openWasmRuntime, type Runtime } from "@wherry/runtime";
import { engineDirectory, openMemoryDirectory } from "../../packages/cli/src/node/memory-directory.ts";
import type { BenchCluster } from "./bench-cluster.ts";

/** What a kubelet does, and with which pod. */
export interface NodeObserver {
  /** A runtime call, with the time (`performance.now`) at which it was made. */
  readonly runtimeCall: (call: "runPodSandbox" | "stopContainer", podUid: string, timeMs: number) => void;
  /** The API server has answered the request for a token of a pod's service account. */
  readonly tokenAnswered: (podUid: string, tookMs: number) => void;
}

const dist = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));

/**
 * A node in this process, so that the moment of a runtime call can be compared with that of a watch event in the same process.
 *
 * Its pods run in processes of their own as always; they end with it.
 */
export async function startObservedNode(
  cluster: BenchCluster,
  nodeName: string,
  observer: NodeObserver,
): Promise<AsyncDisposable> {
  await using cleanup = new AsyncDisposableStack();
  const directory = join(cluster.directory, nodeName);
  const rootDirectory = join(directory, "root");
  await mkdir(rootDirectory, { recursive: true });
  // As `wherry kubelet` does: what a pod's start writes is in memory.
  const memoryDirectory = await openMemoryDirectory(rootDirectory);
  if (memoryDirectory !== undefined) cleanup.defer(() => rm(memoryDirectory, { recursive: true, force: true }));
  const config = await loadClusterConfig({ paths: [await cluster.nodeKubeconfig(nodeName)] });
  const store = cleanup.use(await openContentStore({ directory: join(directory, "content") }));
  const engine = createEngine({
    stateDirectory: await engineDirectory(rootDirectory, memoryDirectory),
    nodeExecutable: process.execPath,
    hostEntry: dist("start-host.cjs"),
    hostCode: dist("host.cjs"),
    poolSize: 2,
  });
  const images = contentImages({ store, client: createDistributionClient({}) });
  const runtime = cleanup.use(
    await openWasmRuntime({ stateDirectory: join(directory, "runtime"), engine, images, version: "bench" }),
  );
  const { configuration } = await loadConfiguration({
    overrides: { port: 0, healthzPort: 0, maxPods: 1000, podLogsDir: join(directory, "logs") },
  });
  const client = createClient(config, configuration.api);
  cleanup.defer(() => client.close());
  const kubelet = createKubelet({
    client: observedClient(client, observer.tokenAnswered),
    nodeName,
    provider: (services) =>
      createStandardProvider({
        ...services,
        runtime: observedRuntime(runtime, observer.runtimeCall),
        architecture: wasmClusterPlatform.arch,
      }),
    configuration,
    rootDirectory,
    memoryDirectory,
    certDirectory: join(directory, "pki"),
    addresses: resolveNodeAddresses({ nodeName, allowLoopback: true }),
    platform: wasmClusterPlatform,
  });
  const [stop, stopEngine] = [new AbortController(), new AbortController()];
  const engineEnded = engine.run(stopEngine.signal);
  const kubeletEnded = kubelet.run(stop.signal);
  // Run in the reverse order: the pods need the engine to be ended.
  cleanup.defer(async () => {
    stopEngine.abort();
    await engineEnded;
  });
  cleanup.defer(async () => {
    for (const { id } of await runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
  });
  cleanup.defer(async () => {
    stop.abort();
    await kubeletEnded;
  });
  await kubelet.ready;
  const owned = cleanup.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The same runtime, whose first call for a pod and each stop of a container are told. */
function observedRuntime(runtime: Runtime, onCall: NodeObserver["runtimeCall"]): Runtime {
  const uids = new Map<string, string>();
  const calls: Pick<Runtime, "runPodSandbox" | "createContainer" | "stopContainer"> = {
    async runPodSandbox(config, options) {
      onCall("runPodSandbox", config.metadata.uid, performance.now());
      const id = await runtime.runPodSandbox(config, options);
      uids.set(id, config.metadata.uid);
      return id;
    },
    async createContainer(sandboxId, config, options) {
      const id = await runtime.createContainer(sandboxId, config, options);
      uids.set(id, uids.get(sandboxId) ?? "");
      return id;
    },
    stopContainer(containerId, timeoutMs, options) {
      onCall("stopContainer", uids.get(containerId) ?? "", performance.now());
      return runtime.stopContainer(containerId, timeoutMs, options);
    },
  };
  return withCalls(runtime, calls);
}

/** The same client, of which each request for a token is told once it is answered. */
function observedClient(client: KubernetesClient, onToken: NodeObserver["tokenAnswered"]): KubernetesClient {
  const createSubresource: KubernetesClient["createSubresource"] = async (
    resource,
    name,
    subresource,
    body,
    options,
  ) => {
    const startMs = performance.now();
    const answer = await client.createSubresource(resource, name, subresource, body, options);
    const { boundObjectRef } = (body as { spec?: { boundObjectRef?: { uid?: string } } }).spec ?? {};
    if (subresource === "token") onToken(boundObjectRef?.uid ?? "", performance.now() - startMs);
    return answer as never;
  };
  return withCalls(client, { createSubresource });
}

/** `target` with some of its methods replaced. */
function withCalls<T extends object>(target: T, calls: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(calls, name)) return Reflect.get(calls, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
