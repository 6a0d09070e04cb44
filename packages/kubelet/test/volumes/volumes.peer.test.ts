import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import { createClient, defineResource, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { ClusterTrustBundle, Pod, TokenReview } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeBuilderAssets, startKubeApiServer } from "../../../testkit/src/control-planes/kube-apiserver.ts";
import type { TestControlPlane } from "../../../testkit/src/control-planes/test-control-plane.ts";
import { eventually } from "../../../testkit/src/processes/peer-process.ts";
import { createClientServiceSource } from "../../src/environment/service-source.ts";
import { createClientObjectCache } from "../../src/objects/client-object-cache.ts";
import type { WatchingObjectCache } from "../../src/objects/object-cache.ts";
import { clientTokenSource } from "../../src/tokens/client-token-source.ts";
import { CachingServiceAccountTokens } from "../../src/tokens/service-account-tokens.ts";
import { type NodeVolumeManager, openVolumeManager } from "../../src/volumes/volume-manager.ts";
import { createTestAuthority } from "../server/test-authority.ts";
import { FakeCertificates, FakeEvents } from "./fakes.ts";

const assets = kubeBuilderAssets();
if ("skip" in assets) console.log(`volumes.peer.test.ts is skipped: ${assets.skip}`);

describe.skipIf("skip" in assets)("volumes with a node's own credentials on a real kube-apiserver", () => {
  const nodeName = "volumes-node";
  const namespace = "default";
  const controller = new AbortController();
  const running: Promise<void>[] = [];
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;
  let node: KubernetesClient;
  let objects: WatchingObjectCache;
  let manager: NodeVolumeManager;

  beforeAll(async () => {
    if ("skip" in assets) return;
    directory = await mkdtemp(join(tmpdir(), "wherry-volumes-peer-"));
    plane = await startKubeApiServer(assets.directory, {
      directory,
      nodeNames: [nodeName],
      controllers: true,
      certificateApis: true,
    });
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    node = createClient(await loadClusterConfig({ paths: [await plane.nodeKubeconfig(nodeName)] }));
    await node.create(resources.nodes, { metadata: { name: nodeName } });
    objects = createClientObjectCache(node, { logger: silentLogger });
    manager = await openVolumeManager({
      rootDirectory: join(directory, "root"),
      objects,
      tokens: new CachingServiceAccountTokens({ source: clientTokenSource(node), logger: silentLogger }),
      certificates: new FakeCertificates(),
      node: { allocatable: { cpu: "1" } },
      events: new FakeEvents(),
      logger: silentLogger,
    });
    running.push(objects.run(controller.signal), manager.run(controller.signal));
    await eventually("the root CA of the namespace", () =>
      admin.get(resources.configMaps, "kube-root-ca.crt", { namespace }).then(
        () => true,
        () => false,
      ),
    );
  });

  afterAll(async () => {
    controller.abort();
    await Promise.all(running);
    await node?.close();
    await admin?.close();
    await plane?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  /** Creates a pod that is bound at once, as a scheduler would a moment later, and mounts it right away. */
  async function mounted(
    name: string,
    spec: Partial<Pod["spec"]>,
  ): Promise<{ pod: Pod; volumes: string; tookMs: number }> {
    const pod = await admin.create(resources.pods, {
      metadata: { name, namespace },
      spec: { containers: [{ name: "main", image: "registry.test/x" }], nodeName, ...spec },
    });
    const startMs = performance.now();
    objects.registerPod(pod);
    await manager.mountPod(pod);
    const volumes = join(directory, "root/pods", pod.metadata?.uid ?? "", "volumes");
    return { pod, volumes, tookMs: performance.now() - startMs };
  }

  async function tokenVolumes(name: string, spec: Partial<Pod["spec"]> = {}) {
    const result = await mounted(name, spec);
    const volume = result.pod.spec?.volumes?.find(({ projected }) => projected !== undefined)?.name ?? "";
    return { ...result, path: join(result.volumes, "kubernetes.io~projected", volume) };
  }

  test("mountPod() gives a pod the token, root CA and namespace that every pod of a cluster gets", async () => {
    const { pod, path, tookMs } = await tokenVolumes("first");
    const second = await tokenVolumes("second");
    console.log(`mounted the first pod in ${tookMs.toFixed(1)} ms, the second in ${second.tookMs.toFixed(1)} ms`);
    expect(await readFile(join(path, "ca.crt"), "utf8")).toContain("BEGIN CERTIFICATE");
    expect(await readFile(join(path, "namespace"), "utf8")).toBe(namespace);
    const review = await admin.create<TokenReview>(resources.tokenReviews, {
      spec: { token: await readFile(join(path, "token"), "utf8") },
    });
    expect(review.status?.authenticated).toBe(true);
    expect(review.status?.user?.username).toBe("system:serviceaccount:default:default");
    expect(review.status?.user?.extra?.["authentication.kubernetes.io/pod-uid"]).toEqual([pod.metadata?.uid]);
  });

  test("mountPod() follows a config map through change, deletion and creation", async () => {
    await admin.create(resources.configMaps, { metadata: { name: "live", namespace }, data: { key: "1" } });
    const { pod, volumes } = await mounted("live", {
      volumes: [{ name: "v", configMap: { name: "live", optional: true } }],
    });
    const content = () => readFile(join(volumes, "kubernetes.io~configmap/v/key"), "utf8").catch(() => "none");
    expect(await content()).toBe("1");
    await admin.patch(resources.configMaps, "live", { data: { key: "2" } }, { type: "merge", namespace });
    await eventually("the changed file", async () => (await content()) === "2");
    await admin.delete(resources.configMaps, "live", { namespace });
    await eventually("the file going", async () => (await content()) === "none");
    await admin.create(resources.configMaps, { metadata: { name: "live", namespace }, data: { key: "3" } });
    await eventually("the file coming back", async () => (await content()) === "3");
    await manager.unmountPod(pod.metadata?.uid ?? "");
    objects.unregisterPod(pod.metadata?.uid ?? "");
    await expect(readFile(join(volumes, "kubernetes.io~configmap/v/key"))).rejects.toThrow("ENOENT");
  });

  test("mountPod() names a missing secret, and mounts once it is there", async () => {
    const spec = { volumes: [{ name: "v", secret: { secretName: "late" } }] };
    await expect(mounted("late", spec)).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v": secret "late" not found',
    );
    await admin.create(resources.secrets, { metadata: { name: "late", namespace }, data: { key: btoa("s") } });
    const pod = await admin.get(resources.pods, "late", { namespace });
    await manager.mountPod(pod);
  });

  test("mountPod() follows cluster trust bundles of a signer as they come, change and go", async () => {
    const bundles = defineResource<ClusterTrustBundle>({
      group: "certificates.k8s.io",
      version: "v1beta1",
      resource: "clustertrustbundles",
      kind: "ClusterTrustBundle",
      namespaced: false,
    });
    const [one, two] = [await createTestAuthority(), await createTestAuthority()].map(
      ({ certificate }) => `${certificate.trim()}\n`,
    );
    const signerName = "example.com/peer";
    const clusterTrustBundle = { signerName, labelSelector: {}, path: "ca.pem", optional: true };
    const { pod, volumes } = await mounted("bundles", {
      volumes: [{ name: "v", projected: { sources: [{ clusterTrustBundle }] } }],
    });
    const content = () => readFile(join(volumes, "kubernetes.io~projected/v/ca.pem"), "utf8");
    expect(await content()).toBe("");
    const name = "example.com:peer:1";
    await admin.create(bundles, { metadata: { name }, spec: { signerName, trustBundle: one ?? "" } });
    await eventually("the bundle", async () => (await content()) === one);
    await admin.patch(bundles, name, { spec: { trustBundle: two } }, { type: "merge" });
    await eventually("the changed bundle", async () => (await content()) === two);
    await admin.delete(bundles, name);
    await eventually("the bundle going", async () => (await content()) === "");
    objects.unregisterPod(pod.metadata?.uid ?? "");
  });

  test("configMap() rejects what no pod of the node refers to", async () => {
    await admin.create(resources.configMaps, { metadata: { name: "foreign", namespace }, data: {} });
    await expect(objects.configMap(namespace, "foreign")).rejects.toMatchObject({ status: 403 });
  });

  test("createClientServiceSource() knows the API server's service", async () => {
    const services = createClientServiceSource(node);
    running.push(services.run(controller.signal));
    await services.ready;
    expect(services.forNamespace("default").map(({ metadata }) => metadata?.name)).toEqual(["kubernetes"]);
    expect(services.forNamespace("kube-system").map(({ metadata }) => metadata?.name)).toEqual(["kubernetes"]);
  });
});
