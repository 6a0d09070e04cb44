import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError, createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import {
  type Deployment,
  type Pod,
  type PodSpec,
  type PodTemplateSpec,
  setPodDefaults,
  setPodTemplateDefaults,
  validatePodTemplate,
} from "@wherry/kubernetes";
import { eventually } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkStaticPod } from "../../../kubelet/src/pods/static/check-pod.ts";
import { refusedContainers } from "../../../kubernetes/test/validation/judged-containers.ts";
import { refusedPlacements } from "../../../kubernetes/test/validation/judged-placements.ts";
import { refusedProbes } from "../../../kubernetes/test/validation/judged-probes.ts";
import { refusedSpecs } from "../../../kubernetes/test/validation/judged-specs.ts";
import { refusedVolumes } from "../../../kubernetes/test/validation/judged-volumes.ts";
import { takenPods } from "../../../kubernetes/test/validation/taken-pods.ts";
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
    admin.create(
      resources.pods,
      { ...pod, spec: { ...spec, nodeName, automountServiceAccountToken: false } },
      { namespace, dryRun: true },
    );

  /** What is wrong with a pod, or undefined where already admission refused it. */
  async function problemsOf(pod: Pod): Promise<string | undefined> {
    const error = await create(pod).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApiError)) throw new Error(`The pod was not refused: ${String(error)}`);
    return error.details.details?.causes?.map(({ field, message }) => `${field}: ${message}`).join("; ");
  }

  describe.each(Object.entries({ refusedContainers, refusedProbes, refusedVolumes, refusedPlacements, refusedSpecs }))(
    "say the same of %s",
    (_, pods) => {
      test.each(pods)("%s", async (problems, pod) => {
        const found = await problemsOf(pod);
        if (found !== undefined) expect(comparable(found)).toEqual(comparable(problems));
        expect(checkStaticPod(pod, nodeName)).not.toEqual([]);
      });
    },
  );

  const asTemplate = ({ metadata, spec = { containers: [] } }: Pod): PodTemplateSpec => ({
    metadata: {
      labels: { ...metadata?.labels, app: "web" },
      ...(metadata?.annotations && { annotations: metadata.annotations }),
    },
    spec: { ...spec, restartPolicy: spec.restartPolicy || "Always" },
  });
  const createDeployment = (template: PodTemplateSpec) =>
    admin.create(
      resources.deployments,
      { metadata: { name: "web" }, spec: { selector: { matchLabels: { app: "web" } }, template } },
      { namespace, dryRun: true },
    );

  // Not all that a pod must not be is found in what it is made from.
  const everyPod = [
    refusedContainers,
    refusedProbes,
    refusedVolumes,
    refusedPlacements,
    refusedSpecs,
    takenPods,
  ].flat();

  test.each(everyPod)("say the same of a template: %s", async (_, pod) => {
    const template = asTemplate(pod);
    const given = structuredClone(template);
    setPodTemplateDefaults(given);
    const problems = validatePodTemplate(given, "spec.template").map(({ field, message }) => `${field}: ${message}`);
    const answer = await createDeployment(template).catch((error: unknown) => error);
    if (answer instanceof ApiError) {
      const causes = (answer.details.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
      expect(comparable(causes.filter((cause) => !isOfWorkload(cause)).join("; "))).toEqual(
        comparable(problems.join("; ")),
      );
    } else {
      expect(problems).toEqual([]);
      expect(ownFields((answer as Deployment).spec?.template.spec)).toEqual(ownFields(given.spec));
    }
  });

  test.each(takenPods)("take a pod with %s, and give it the same defaults", async (_, pod) => {
    const given = structuredClone(pod);
    setPodDefaults(given);
    const { spec } = await create(pod);
    expect(ownFields(spec)).toEqual(ownFields(given.spec));
  });
});

/** What a Deployment wants of its template, whatever its pods may be. */
function isOfWorkload(cause: string): boolean {
  return cause.endsWith('supported values: "Always"') || cause.includes("activeDeadlineSeconds in");
}

/** The order of problems is nobody's, and objects are shown as Go's types there. */
function comparable(problems: string): string[] {
  return problems
    .split("; ")
    .map((problem) => problem.replace(/Invalid value: \{.*?\}: (?=[a-z])/, "Invalid value: {}: "))
    .sort();
}

/** The spec without what admission puts in and what is as good as absent. */
function ownFields(spec: PodSpec | undefined): unknown {
  const {
    nodeName: _n,
    priority: _p,
    preemptionPolicy: _q,
    serviceAccount: _a,
    serviceAccountName: _b,
    automountServiceAccountToken: _m,
    tolerations: _t,
    ...own
  } = spec ?? { containers: [] };
  return JSON.parse(
    JSON.stringify(own, (_, value: unknown) => (value === "" || value === 0 || value === null ? undefined : value)),
  );
}
