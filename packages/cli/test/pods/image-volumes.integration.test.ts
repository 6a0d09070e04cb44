import { readFile, writeFile } from "node:fs/promises";
import { resources } from "@wherry/client";
import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import { sendError, workloadKit } from "@wherry/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

const waitingOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting;
const volumeMounts = [{ name: "data", mountPath: "/data" }];
const reference = (name: string) => `${cluster().registry.host}/${name}`;

/** A pod with a volume of an image at `/data`. */
function createPod(
  name: string,
  image: { readonly reference: string; readonly pullPolicy?: string },
  container: Partial<Container>,
  spec: Partial<PodSpec> = {},
): Promise<Pod> {
  const volumes = [{ name: "data", image }, ...(spec.volumes ?? [])];
  return cluster().createPod(name, { volumeMounts, ...container }, { ...spec, volumes });
}

async function outputOf(name: string): Promise<string> {
  await cluster().observer.untilPhase(name, "Succeeded");
  return cluster().log(name);
}

/** How often a manifest was asked for by its tag. */
function asked(repository: string): number {
  return cluster().registry.requests.filter(({ url }) => url.pathname === `/v2/${repository}/manifests/v1`).length;
}

beforeAll(() => {
  const { registry } = cluster();
  registry.addFiles("site", "v1", { "index.html": "hello\n", "conf/a/settings": "a=1\n", "conf/b/settings": "b=2\n" });
  registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/")) return false;
    if (request.authorization === `Basic ${Buffer.from("user:right").toString("base64")}`) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
});

describe.concurrent("a volume of an image", () => {
  test("shows the image's files; its pull is an event of the pod, before the container's", async () => {
    const image = reference("site:v1");
    await createPod("files", { reference: image }, { args: ["list", "/data", "cat", "/data/index.html"] });
    expect(await outputOf("files")).toBe("conf\nindex.html\nhello\n");
    const { observer } = cluster();
    await observer.untilEvent("files", "Pulled", /^Successfully pulled image|already present on machine/);
    const ofVolume = observer.events("files").filter(({ message }) => message?.includes(`"${image}"`));
    expect(ofVolume.length).toBeGreaterThan(0);
    expect(ofVolume.map(({ involvedObject }) => involvedObject.fieldPath ?? "")).toEqual(ofVolume.map(() => ""));
  });

  test("shows a module as a file in a directory", async () => {
    const module = await readFile(await workloadKit());
    await createPod("module", { reference: cluster().kit }, { args: ["list", "/data", "cat", "/data/module.wasm"] });
    await cluster().observer.untilPhase("module", "Succeeded");
    expect((await cluster().log("module")).slice(0, 16)).toBe(`module.wasm\n${module.subarray(0, 4).toString()}`);
  });

  test("is mounted in part by sub paths, those with variables too", async () => {
    const mounts = [
      { name: "data", mountPath: "/a", subPath: "conf/a" },
      { name: "data", mountPath: "/b", subPathExpr: "conf/$(PART)" },
    ];
    await createPod(
      "sub-path",
      { reference: reference("site:v1") },
      {
        args: ["cat", "/a/settings", "cat", "/b/settings"],
        env: [{ name: "PART", value: "b" }],
        volumeMounts: mounts,
      },
    );
    expect(await outputOf("sub-path")).toBe("a=1\nb=2\n");
  });

  test.each([
    ["missing", "conf/none", 'sub path "conf/none" does not exist in it'],
    ["file", "index.html", 'sub path "index.html" leads to no directory in it'],
  ])("with a sub path that is no directory (%s) ends in CreateContainerError", async (name, subPath, problem) => {
    const mounts = [{ name: "data", mountPath: "/data", subPath }];
    const image = reference("site:v1");
    await createPod(`no-path-${name}`, { reference: image }, { args: ["exit", "0"], volumeMounts: mounts });
    const { observer } = cluster();
    const pod = await observer.until(
      `no-path-${name}`,
      "a reason",
      (seen) => waitingOf(seen)?.reason === "CreateContainerError",
    );
    expect(waitingOf(pod)?.message).toMatch(/^Cannot mount image "127\.0\.0\.1:\d+\/site.*": /);
    expect(waitingOf(pod)?.message).toContain(problem);
    await observer.untilEvent(`no-path-${name}`, "Failed", /^Error: Cannot mount image/);
  });

  test("cannot be written, whatever the mount says", async () => {
    const mounts = [{ name: "data", mountPath: "/data", readOnly: false }];
    await createPod(
      "read-only",
      { reference: reference("site:v1") },
      { args: ["write", "/data/index.html", "x"], volumeMounts: mounts },
    );
    await cluster().observer.untilPhase("read-only", "Failed");
    expect(await cluster().log("read-only")).toBe("/data/index.html: errno 69\n");
  });

  test("of an image that is not there holds the container up, until it is", async () => {
    const { observer, registry } = cluster();
    const image = reference("late:v1");
    await createPod("late", { reference: image }, { args: ["cat", "/data/file"] });
    await observer.until("late", "ImagePullBackOff", (pod) => waitingOf(pod)?.reason === "ImagePullBackOff");
    const waiting = observer.history("late").map((pod) => waitingOf(pod));
    const why = waiting.find((entry) => entry?.reason === "ErrImagePull")?.message;
    expect(why).toMatch(/^Cannot pull image ".*\/late:v1": .*answered 404 Not Found/);
    expect(waiting.at(-1)?.message).toBe(`Back-off pulling image "${image}": ErrImagePull: ${why}`);
    for (const [reason, message] of [
      ["Failed", /^Failed to pull image/],
      ["Failed", /^Error: ErrImagePull$/],
      ["BackOff", /^Back-off pulling image/],
    ] as const)
      await observer.untilEvent("late", reason, message);
    registry.addFiles("late", "v1", { file: "there\n" });
    expect(await outputOf("late")).toBe("there\n");
  });

  test("is never pulled with policy Never, and waits", async () => {
    const image = reference("never:v1");
    cluster().registry.addFiles("never", "v1", { file: "x" });
    await createPod("never", { reference: image, pullPolicy: "Never" }, { args: ["exit", "0"] });
    const pod = await cluster().observer.until(
      "never",
      "a reason",
      (seen) => waitingOf(seen)?.reason === "ErrImageNeverPull",
    );
    expect(waitingOf(pod)?.message).toBe(`Container image "${image}" is not present with pull policy of Never`);
    expect(asked("never")).toBe(0);
  });

  test("is pulled once with IfNotPresent, which the tag's default is, and each time with Always", async () => {
    const image = reference("policies:v1");
    cluster().registry.addFiles("policies", "v1", { file: "first\n" });
    const args = ["cat", "/data/file"];
    await createPod("policy-1", { reference: image }, { args });
    expect(await outputOf("policy-1")).toBe("first\n");
    expect(cluster().observer.pod("policy-1")?.spec?.volumes?.[0]?.image?.pullPolicy).toBe("IfNotPresent");
    cluster().registry.addFiles("policies", "v1", { file: "second\n" });
    const before = asked("policies");
    await createPod("policy-2", { reference: image }, { args });
    expect(await outputOf("policy-2")).toBe("first\n");
    expect(asked("policies")).toBe(before);
    await createPod("policy-3", { reference: image, pullPolicy: "Always" }, { args });
    expect(await outputOf("policy-3")).toBe("second\n");
  });

  test("is pulled with the pod's secrets", async () => {
    const { client, registry } = cluster();
    registry.addFiles("private/data", "v1", { file: "secret\n" });
    const auths = { [registry.host]: { auth: Buffer.from("user:right").toString("base64") } };
    await client.create(resources.secrets, {
      metadata: { name: "volume-pull", namespace },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
    });
    const image = reference("private/data:v1");
    const args = ["cat", "/data/file"];
    await createPod("private", { reference: image }, { args }, { imagePullSecrets: [{ name: "volume-pull" }] });
    expect(await outputOf("private")).toBe("secret\n");
  });
});

test("a running container keeps what it mounted when the tag moves, over the death of a kubelet too", async () => {
  const { node, observer, registry } = cluster();
  const image = { reference: reference("moving:v1"), pullPolicy: "Always" };
  registry.addFiles("moving", "v1", { file: "before\n" });
  const state = { name: "state", emptyDir: {} };
  const created = await createPod(
    "keeper",
    image,
    {
      args: ["cat", "/data/file", "await", "/state/go", "cat", "/data/file"],
      volumeMounts: [...volumeMounts, { name: "state", mountPath: "/state" }],
    },
    { volumes: [state] },
  );
  await observer.untilPhase("keeper", "Running");
  registry.addFiles("moving", "v1", { file: "after\n" });
  await createPod("mover", image, { args: ["cat", "/data/file"] });
  expect(await outputOf("mover")).toBe("after\n");
  await node.kill();
  await node.start();
  await createPod("later", image, { args: ["cat", "/data/file"] });
  expect(await outputOf("later")).toBe("after\n");
  const volumes = `${node.rootDirectory}/pods/${created.metadata?.uid}/volumes`;
  await writeFile(`${volumes}/kubernetes.io~empty-dir/state/go`, "");
  expect(await outputOf("keeper")).toBe("before\nbefore\n");
});
