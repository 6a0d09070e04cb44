import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError, createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { eventually } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkStaticPod } from "../../../kubelet/src/pods/static/check-pod.ts";
import { placedPod } from "../../../kubelet/src/pods/static/static-pod.ts";
import { refusedContainers, refusedProbes } from "../../../kubernetes/test/validation/judged-containers.ts";
import { takenPod } from "../../../kubernetes/test/validation/judged-pods.ts";
import { refusedPlacements, refusedSpecs } from "../../../kubernetes/test/validation/judged-specs.ts";
import { refusedVolumes } from "../../../kubernetes/test/validation/judged-volumes.ts";
import { kubeBuilderAssets, startKubeApiServer } from "../../../testkit/src/control-planes/kube-apiserver.ts";
import type { TestControlPlane } from "../../../testkit/src/control-planes/test-control-plane.ts";

const assets = kubeBuilderAssets();
if ("skip" in assets) console.log(`pod-validation.peer.test.ts is skipped: ${assets.skip}`);

const namespace = "default";
const nodeName = "n";

describe.skipIf("skip" in assets)("a real kube-apiserver and validatePod()", () => {
  let directory: string;
  let plane: TestControlPlane;
  let admin: KubernetesClient;

  beforeAll(async () => {
    if ("skip" in assets) return;
    directory = await mkdtemp(join(tmpdir(), "wherry-pod-validation-"));
    plane = await startKubeApiServer(assets.directory, { directory, nodeNames: [] });
    admin = createClient(await loadClusterConfig({ paths: [plane.adminKubeconfig] }), { qps: 0 });
    const account = { metadata: { name: "default", namespace } };
    const create = () => admin.create(resources.serviceAccounts, account);
    await eventually(
      "the default namespace",
      () =>
        create().then(
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

  const create = ({ spec = { containers: [] }, ...pod }: Pod) =>
    admin.create(resources.pods, { ...pod, spec: { ...spec, nodeName } }, { namespace, dryRun: true });

  async function refusal(pod: Pod): Promise<string> {
    const error = await create(pod).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApiError)) return `no refusal: ${String(error)}`;
    const causes = error.details.details?.causes ?? [];
    return causes.map(({ field, message }) => `${field}: ${message}`).join("\n");
  }

  describe.each(Object.entries({ refusedContainers, refusedProbes, refusedVolumes, refusedPlacements, refusedSpecs }))(
    "say the same of %s",
    (_, pods) => {
      test.each(pods)("%s", async (problems, pod) => {
        expect(await refusal(pod)).toBe(problems);
        expect(checkStaticPod(pod, nodeName)).not.toEqual([]);
      });
    },
  );

  test("take what only looks wrong, and set the same defaults", async () => {
    expect(checkStaticPod(takenPod, nodeName)).toEqual([]);
    const { spec } = await create(takenPod);
    expect(spec).toMatchObject(placedPod(takenPod, nodeName).spec ?? {});
  });
});
