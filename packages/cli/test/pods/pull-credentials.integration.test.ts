import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { resources } from "@wherry/client";
import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import { sendError, workloadKit } from "@wherry/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";
/** What the registry takes; tests rotate it. */
let password = "right";

const basic = () => `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;
const waitingOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting;
const isPresent = /^Container image ".*" already present on machine and can be accessed by the pod$/;

beforeAll(() => {
  cluster().registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/") || request.authorization === basic()) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
});

function dockerConfig(auth: string): string {
  return JSON.stringify({ auths: { [cluster().registry.host]: { auth: Buffer.from(auth).toString("base64") } } });
}

async function createSecret(name: string, auth: string): Promise<void> {
  await cluster().client.create(resources.secrets, {
    metadata: { name, namespace },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": dockerConfig(auth) },
  });
}

const withSecret = (name: string): Partial<PodSpec> => ({ imagePullSecrets: [{ name }] });

async function succeeds(name: string, container: Partial<Container>, spec: Partial<PodSpec> = {}): Promise<void> {
  await cluster().createPod(name, { args: ["exit", "0"], ...container }, spec);
  await cluster().observer.untilPhase(name, "Succeeded");
}

async function waits(
  name: string,
  reason: string,
  container: Partial<Container>,
  spec: Partial<PodSpec> = {},
): Promise<Pod> {
  await cluster().createPod(name, { args: ["exit", "0"], ...container }, spec);
  return cluster().observer.until(name, reason, (pod) => waitingOf(pod)?.reason === reason);
}

/** How often a manifest was asked for by its tag. */
function asked(repository: string): number {
  return cluster().registry.requests.filter(({ url }) => url.pathname === `/v2/${repository}/manifests/v1`).length;
}

async function privateModule(repository: string): Promise<string> {
  return cluster().addModule(repository, await readFile(await workloadKit()));
}

/** The one record of images that a repository is in. */
async function recordOf(image: string): Promise<unknown> {
  const directory = join(cluster().node.rootDirectory, "image_manager/pulled");
  const texts = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name), "utf8")));
  const records = texts.map((text) => JSON.parse(text) as { credentialMapping?: Record<string, unknown> });
  return records.map(({ credentialMapping }) => credentialMapping?.[image.replace(/:v1$/, "")]).find(Boolean);
}

describe("an image that was pulled with a secret", () => {
  let image: string;
  const container = (more: Partial<Container> = {}): Partial<Container> => ({ image, ...more });

  beforeAll(async () => {
    image = await privateModule("private/kit");
    await createSecret("own", "user:right");
    await createSecret("copy", "user:right");
    await createSecret("wrong", "user:wrong");
    await succeeds("owner", container(), withSecret("own"));
  });

  test("is there for pods with that secret and with others of the same credentials, without a word to the registry", async () => {
    const before = asked("private/kit");
    await succeeds("again", container(), withSecret("own"));
    await succeeds("copy", container(), withSecret("copy"));
    await succeeds("never", container({ imagePullPolicy: "Never" }), withSecret("copy"));
    expect(asked("private/kit")).toBe(before);
    for (const name of ["again", "copy", "never"]) await cluster().observer.untilEvent(name, "Pulled", isPresent);
    expect(await recordOf(image)).toMatchObject({ kubernetesSecrets: [{ name: "copy" }, { name: "own" }] });
  });

  test("is refused to pods that cannot pull it: with IfNotPresent by the registry, with Never as if it were not there", async () => {
    const { observer } = cluster();
    await waits("stranger", "ImagePullBackOff", container());
    await observer.untilEvent("stranger", "Failed", /^Failed to pull image ".*\/private\/kit:v1": .*401 Unauthorized/);
    await waits("wrong", "ImagePullBackOff", container(), withSecret("wrong"));
    const never = await waits("stranger-never", "ErrImageNeverPull", container({ imagePullPolicy: "Never" }));
    const message = `Container image "${image}" is not present with pull policy of Never`;
    expect(waitingOf(never)?.message).toBe(message);
    await observer.untilEvent("stranger-never", "ErrImageNeverPull", new RegExp(`^${message.replaceAll(".", "\\.")}$`));
    expect(observer.events("stranger").map(({ reason }) => reason)).not.toContain("Pulled");
  });

  test("is refused as a volume too", async () => {
    const mounting: Partial<Container> = { volumeMounts: [{ name: "data", mountPath: "/data" }] };
    const volume = (pullPolicy: string): Partial<PodSpec> => ({
      volumes: [{ name: "data", image: { reference: image, pullPolicy } }],
    });
    await waits("volume-stranger", "ImagePullBackOff", mounting, volume("IfNotPresent"));
    await waits("volume-never", "ErrImageNeverPull", mounting, volume("Never"));
    await succeeds("volume-owner", mounting, { ...volume("Never"), ...withSecret("own") });
  });

  test("is refused in the next life of the kubelet as in this one", async () => {
    const { node, observer } = cluster();
    await node.kill();
    await node.start();
    await waits("later-stranger", "ErrImageNeverPull", container({ imagePullPolicy: "Never" }));
    await succeeds("later-owner", container({ imagePullPolicy: "Never" }), withSecret("own"));
    expect(observer.events("later-owner").map(({ reason }) => reason)).not.toContain("Pulling");
  });
});

test("a rotated secret still opens the image, and with it its new credentials in other secrets", async () => {
  const { client } = cluster();
  const image = await privateModule("private/rotated");
  password = "right";
  await createSecret("rotating", "user:right");
  await succeeds("before", { image }, withSecret("rotating"));
  // With the pod goes what the node remembers of the secret.
  await cluster().deletePod("before");
  await cluster().observer.untilGone("before");
  await client.patch(
    resources.secrets,
    "rotating",
    { data: { ".dockerconfigjson": Buffer.from(dockerConfig("user:renewed")).toString("base64") } },
    { namespace, type: "merge" },
  );
  await createSecret("renewed", "user:renewed");
  await waits("early", "ErrImageNeverPull", { image, imagePullPolicy: "Never" }, withSecret("renewed"));
  const pulls = asked("private/rotated");
  await succeeds("after", { image }, withSecret("rotating"));
  await succeeds("elsewhere", { image, imagePullPolicy: "Never" }, withSecret("renewed"));
  expect(asked("private/rotated")).toBe(pulls);
});

test("what was pulled without credentials is for every pod", async () => {
  const { observer, kit } = cluster();
  await succeeds("first", {});
  await succeeds("second", { imagePullPolicy: "Never" });
  await observer.untilEvent("second", "Pulled", isPresent);
  expect(await recordOf(kit)).toEqual({ nodePodsAccessible: true });
});
