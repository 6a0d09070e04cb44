import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Logger, runTogether } from "@wherry/base";
import type { KubernetesClient } from "@wherry/client";
import { openContentStore } from "@wherry/content";
import type { DistributionClient } from "@wherry/distribution";
import { createEngine, detectCgroups, type EngineOptions } from "@wherry/engine";
import {
  type CredentialProvidersFactory,
  createKubelet,
  createStandardProvider,
  type NodePlatform,
  type NodeUser,
  type ResolvedConfiguration,
} from "@wherry/kubelet";
import type { NodeAddress } from "@wherry/kubernetes";
import { contentImages, openWasmRuntime, type Runtime } from "@wherry/runtime";
import { version } from "../version.ts";
import { engineDirectory, openMemoryDirectory, releaseMemoryDirectory } from "./memory-directory.ts";

export interface WasmNodeOptions {
  /** Client with the node's identity; stays the caller's to close. */
  readonly client: KubernetesClient;
  readonly registries: DistributionClient;
  readonly nodeName: string;
  readonly addresses: readonly NodeAddress[];
  readonly configuration: ResolvedConfiguration;
  readonly platform: NodePlatform;
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
  readonly credentialProviders?: CredentialProvidersFactory | undefined;
  readonly rootDirectory: string;
  readonly certDirectory: string;
  readonly containerLogsDirectory?: string | undefined;
  /** Host processes kept ready. */
  readonly warmHosts: number;
  /** Ends all pods' processes when the node is told to stop, instead of leaving them to the next start. @default false */
  readonly stopPods?: boolean | undefined;
  /** Whether it deserves a warning that limits of whole pods cannot be enforced here. @default true */
  readonly limitsExpected?: boolean | undefined;
  readonly logger: Logger;
  /** Called when the node is registered and its HTTP API answers. */
  readonly onReady?: ((port: number | undefined) => void) | undefined;
}

/** Runs a node of WebAssembly pods until `signal` aborts. */
export async function runWasmNode(options: WasmNodeOptions, signal: AbortSignal): Promise<void> {
  const { client, nodeName, rootDirectory, configuration, logger } = options;
  const cgroups = detectCgroups();
  if (cgroups.backend === undefined) {
    const message = "CPU and memory limits of whole pods are not enforced";
    if (options.limitsExpected === false) logger.info(message, { reason: cgroups.reason });
    else logger.warn(message, { reason: cgroups.reason });
  }
  const memoryDirectory = await openMemoryDirectory(rootDirectory);
  const engineState = await engineDirectory(rootDirectory, memoryDirectory);
  let isOurs = false;
  // After everything else has ended, also when the node fails to start.
  await using _released = {
    async [Symbol.asyncDispose]() {
      if (memoryDirectory !== undefined && isOurs) await releaseMemoryDirectory(memoryDirectory, engineState);
    },
  };
  await using store = await openContentStore({
    directory: join(rootDirectory, "content"),
    logger: logger.child({ component: "content" }),
  });
  const engine = createEngine({
    stateDirectory: engineState,
    nodeExecutable: process.execPath,
    ...hostScript(),
    poolSize: options.warmHosts,
    limits: cgroups.backend,
    logger: logger.child({ component: "engine" }),
  });
  await using runtime = await openWasmRuntime({
    stateDirectory: join(rootDirectory, "runtime"),
    engine,
    images: contentImages({ store, client: options.registries }),
    version,
    network: { nodeAddress: nodeAddress(options.addresses), podCidr: configuration.pods.podCidr },
    logger: logger.child({ component: "runtime" }),
  }).catch(async (error: unknown) => {
    // The guests found so far hold this process with their connections until the engine lets go of them.
    await engine.run(AbortSignal.abort());
    throw error;
  });
  // Until here another process might have had the directory, and what is in memory with it.
  isOurs = true;
  const kubelet = createKubelet({
    client,
    nodeName,
    provider: (services) =>
      createStandardProvider({
        ...services,
        runtime,
        execSupported: true,
        architecture: options.platform.arch,
        taints: options.platform.taints.map(({ key, value, effect }) => ({
          key,
          effect,
          ...(value !== undefined && { value }),
        })),
        containerUser: ownUser(),
        maxParallelPulls: configuration.images.maxParallelPulls,
        imageGarbage: { policy: configuration.images, nodeName, events: services.events },
        maxRestartDelayMs: configuration.pods.maxRestartDelayMs,
        // Not /kubepods: a Go kubelet on the same machine kills what it finds there and does not know.
        cgroupRoot: cgroups.backend === undefined ? undefined : "/wherry",
      }),
    configuration,
    rootDirectory,
    certDirectory: options.certDirectory,
    memoryDirectory,
    containerLogsDirectory: options.containerLogsDirectory,
    addresses: options.addresses,
    platform: options.platform,
    nodeLabels: options.nodeLabels,
    credentialProviders: options.credentialProviders,
    images: (call) => runtime.images.listImages(call),
    logger,
  });
  kubelet.ready.then(
    () => options.onReady?.(kubelet.port),
    () => undefined,
  );
  // The engine stops last: without it the runtime cannot reach the processes of the pods it is to end.
  const podsLeft = new AbortController();
  await runTogether(signal, [
    () => engine.run(podsLeft.signal),
    async (inner) => {
      try {
        await kubelet.run(inner);
        if (options.stopPods === true) await stopPods(runtime);
      } finally {
        podsLeft.abort();
      }
    },
  ]);
}

/** The user of this process, which is that of the host processes it starts; none on Windows. */
function ownUser(): NodeUser | undefined {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  return uid === undefined || gid === undefined ? undefined : { uid, gid, groups: process.getgroups?.() ?? [] };
}

function nodeAddress(addresses: readonly NodeAddress[]): string {
  return addresses.find(({ type }) => type === "InternalIP")?.address ?? "127.0.0.1";
}

async function stopPods(runtime: Runtime): Promise<void> {
  const sandboxes = await runtime.listPodSandboxes({ state: "ready" });
  await Promise.all(sandboxes.map((sandbox) => runtime.stopPodSandbox(sandbox.id)));
}

/** What host processes run: what is beside the bundle, or the engine's own source. */
function hostScript(): Pick<EngineOptions, "hostEntry" | "hostCode" | "nodeArguments"> {
  if (import.meta.url.endsWith(".ts")) return { nodeArguments: ["--conditions=@wherry/source"] };
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  return { hostEntry: beside("./start-host.cjs"), hostCode: beside("./host.cjs") };
}
