import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { loopbackRange } from "@wherry/runtime";
import {
  eventually,
  FakeRegistry,
  type GoKubeletPeers,
  KubernetesObserver,
  nodeAddress,
  startGoKubeletNode,
  startKubeApiServer,
  TestNode,
  untilNodeReady,
  workloadKit,
} from "@wherry/testkit";
import { createPullSecrets, guardPrivateImages } from "./private-registry.ts";

/** Where one of the two runs its pods. */
export interface ComparedNode {
  readonly kind: "go" | "wherry";
  readonly nodeName: string;
  /** Of its own, so that pods of both have the same name. */
  readonly namespace: string;
  readonly observer: KubernetesObserver;
  /** What its containers run, with the program as arguments. */
  readonly image: string;
  /** The same with the stop signal SIGUSR1. */
  readonly usr1Image: string;
  /** Where manifests of static pods are. */
  readonly manifestDirectory: string;
  /** `--root-dir` of its kubelet. */
  readonly rootDirectory: string;
  /** Where a volume of a pod is, named as `kubernetes.io~empty-dir/NAME`. */
  volumePath(pod: Pod, volume: string): string;
  /** Ends its kubelet, while pods go on, lets `whileAway` do what it wants, and starts it again. */
  restart(whileAway: () => Promise<void>): Promise<void>;
}

/** The Go kubelet with containerd, and Wherry, at one kube-apiserver. */
export class TwoNodes implements AsyncDisposable {
  readonly client: KubernetesClient;
  readonly go: ComparedNode;
  readonly wherry: ComparedNode;
  readonly registryHost: string;
  readonly #owned: AsyncDisposableStack;

  private constructor(parts: Pick<TwoNodes, "client" | "go" | "wherry" | "registryHost">, owned: AsyncDisposableStack) {
    this.client = parts.client;
    this.go = parts.go;
    this.wherry = parts.wherry;
    this.registryHost = parts.registryHost;
    this.#owned = owned;
  }

  /** Resolves when both nodes take pods. */
  static async start(assets: string, peers: GoKubeletPeers): Promise<TwoNodes> {
    await using owned = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "wherry-test-"));
    owned.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
    const registry = owned.use(await FakeRegistry.start());
    registry.addImage("kit", "v1", await readFile(await workloadKit()));
    const wasm = { layer: "application/wasm", config: "application/vnd.wasm.config.v0+json" };
    registry.addImage("kit", "usr1", await readFile(await workloadKit()), wasm, { config: { StopSignal: "SIGUSR1" } });
    registry.addFiles("data", "v1", { "etc/motd": "welcome\n", "etc/conf/settings": "a=1\n" });
    registry.addFiles("private/data", "v1", { secret: "told\n" });
    guardPrivateImages(registry);
    const names = { go: "go-node", wherry: "wherry-node" };
    const plane = owned.use(
      await startKubeApiServer(assets, {
        directory,
        nodeNames: Object.values(names),
        controllers: true,
        // It would delete what the kubelets are to refuse.
        withoutControllers: ["taint-eviction-controller"],
        featureGates: ["ContainerStopSignals"],
      }),
    );
    const client = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    owned.defer(() => client.close());
    // Both restart as fast as they can be told to.
    const configuration = { crashLoopBackOff: { maxContainerRestartPeriod: "1s" } };
    const image = { reference: "reference.test/shell:v1", entrypoint: ["/bin/sh", "-c"] };
    const usr1Image = { ...image, reference: "reference.test/shell:usr1", stopSignal: "SIGUSR1" };
    // Without a DNS server, the Go kubelet complains at each pod.
    const dns = { clusterDNS: ["10.0.0.10"], clusterDomain: "cluster.local" };
    // One address for both nodes: a pod of one with the host's network reaches such a pod of the other as if it were itself.
    const address = nodeAddress();
    const manifests = { go: join(directory, "go-manifests"), wherry: join(directory, "wherry-manifests") };
    for (const path of Object.values(manifests)) await mkdir(path);
    // It looks for pods to evict every 10 s, as Wherry does, but would know what a volume holds for a minute.
    const goConfiguration = {
      ...configuration,
      ...dns,
      address,
      staticPodPath: manifests.go,
      volumeStatsAggPeriod: "1s",
      featureGates: { ContainerStopSignals: true },
    };
    const goNode = owned.use(
      await startGoKubeletNode({
        peers,
        plane,
        directory,
        name: names.go,
        images: [image, usr1Image],
        configuration: goConfiguration,
        flags: [`--node-ip=${address}`],
      }),
    );
    // Pods have addresses of their own on both, so that any number of them can serve on the same port.
    const podCIDR = loopbackRange(`differential ${process.pid}`);
    const wherryConfiguration = { ...configuration, podCIDR, staticPodPath: manifests.wherry };
    // The API server resizes pods of nodes only that say they run Linux.
    const flags = ["--standalone-node"];
    const node = owned.use(
      new TestNode({ directory, plane, name: names.wherry, configuration: wherryConfiguration, flags }),
    );
    await node.start();
    await untilNodeReady(client, names.wherry);
    const compared = async (
      kind: "go" | "wherry",
      images: Pick<ComparedNode, "image" | "usr1Image">,
    ): Promise<ComparedNode> => ({
      kind,
      nodeName: names[kind],
      namespace: kind,
      observer: await observeNamespace(client, kind, owned),
      ...images,
      manifestDirectory: manifests[kind],
      rootDirectory: (kind === "go" ? goNode : node).rootDirectory,
      volumePath: (pod, volume) => (kind === "go" ? goNode : node).volumePath(pod, volume),
      restart: (whileAway) =>
        kind === "go" ? goNode.restartKubelet("SIGTERM", whileAway) : node.restart("SIGTERM", whileAway),
    });
    const parts = {
      client,
      go: await compared("go", { image: image.reference, usr1Image: usr1Image.reference }),
      wherry: await compared("wherry", { image: `${registry.host}/kit:v1`, usr1Image: `${registry.host}/kit:usr1` }),
      registryHost: registry.host,
    };
    for (const { namespace } of [parts.go, parts.wherry]) await createPullSecrets(client, namespace, registry.host);
    return new TwoNodes(parts, owned.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** Makes a namespace in which pods can be created, and follows it. */
async function observeNamespace(
  client: KubernetesClient,
  namespace: string,
  owned: AsyncDisposableStack,
): Promise<KubernetesObserver> {
  await client.create(resources.namespaces, { metadata: { name: namespace } });
  await eventually(`the service account of namespace "${namespace}"`, async () => {
    await client.get(resources.serviceAccounts, "default", { namespace });
    await client.get(resources.configMaps, "kube-root-ca.crt", { namespace });
    return true;
  });
  const observer = new KubernetesObserver(client, namespace);
  const stop = new AbortController();
  const observing = observer.run(stop.signal);
  owned.defer(async () => {
    stop.abort();
    await observing.catch(() => undefined);
  });
  await observer.ready();
  return observer;
}
