import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createClient,
  isForbidden,
  isInvalid,
  type KubernetesClient,
  loadClusterConfig,
  resources,
} from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeBuilderAssets, startKubeApiServer } from "../../../../testkit/src/control-planes/kube-apiserver.ts";
import type { TestControlPlane } from "../../../../testkit/src/control-planes/test-control-plane.ts";
import { eventually } from "../../../../testkit/src/processes/peer-process.ts";
import { refusedPods, takenPod } from "./judged-pods.ts";

const assets = kubeBuilderAssets();
if ("skip" in assets) console.log(`check-pod.peer.test.ts is skipped: ${assets.skip}`);

const namespace = "default";

describe.skipIf("skip" in assets)("a real kube-apiserver judges pods as checkStaticPod() does", () => {
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;

  beforeAll(async () => {
    if ("skip" in assets) return;
    directory = await mkdtemp(join(tmpdir(), "wherry-check-pod-"));
    plane = await startKubeApiServer(assets.directory, { directory, nodeNames: [] });
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    await eventually(
      "the default namespace",
      () =>
        admin.create(resources.serviceAccounts, { metadata: { name: "default", namespace } }).then(
          () => true,
          () => false,
        ),
      30_000,
    );
  });

  afterAll(async () => {
    if ("skip" in assets) return;
    await admin?.close();
    await plane?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const create = ({ spec, ...pod }: Pod) =>
    admin.create(resources.pods, { ...pod, spec: { containers: [], ...spec, nodeName: "n" } }, { namespace });

  test.each(refusedPods)("it refuses: %s", async (_, pod) => {
    // Its admission knows of overhead before its validation does.
    await expect(create(pod)).rejects.toSatisfy((error) => isInvalid(error) || isForbidden(error));
  });

  test("it takes what only looks wrong", async () => {
    expect((await create(takenPod)).metadata?.name).toBe("web");
  });
});
