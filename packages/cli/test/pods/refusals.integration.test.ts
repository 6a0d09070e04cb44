import { resources } from "@wherry/client";
import type { Container, Pod, PodSpec } from "@wherry/kubernetes";
import { assembleWat, sendError } from "@wherry/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedCluster } from "./shared-cluster.ts";

const cluster = sharedCluster();
const namespace = "default";

const waitingOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.state?.waiting;

beforeAll(() => {
  cluster().registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/")) return false;
    if (request.authorization === `Basic ${Buffer.from("user:right").toString("base64")}`) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
});

describe.concurrent("an image that cannot be pulled", () => {
  test.each([
    [
      "unreachable",
      () => "127.0.0.1:1/app:v1",
      "RegistryUnavailable",
      /"127\.0\.0\.1:1" cannot be reached: .*ECONNREFUSED/,
    ],
    [
      "unknown-host",
      () => "registry.invalid/app:v1",
      "RegistryUnavailable",
      /"registry\.invalid" is unknown: no such host/,
    ],
    ["private", () => `${cluster().registry.host}/private/app:v1`, "ErrImagePull", /answered 401 Unauthorized/],
    [
      "unknown-tag",
      () => `${cluster().registry.host}/kit:v9`,
      "ErrImagePull",
      /answered 404 Not Found: MANIFEST_UNKNOWN/,
    ],
    ["altered", alteredImage, "ErrImagePull", /Cannot store sha256:\w+: the content is sha256:\w+/],
  ])("%s is named with what the registry said, and tried again", async (name, image, reason, message) => {
    const { observer } = cluster();
    await cluster().createPod(name, { image: image() });
    await observer.until(name, "ImagePullBackOff", (pod) => waitingOf(pod)?.reason === "ImagePullBackOff");
    const waiting = observer.history(name).map((pod) => waitingOf(pod));
    expect(waiting.find((entry) => entry?.reason === reason)?.message ?? "none").toMatch(message);
    const backingOff = waiting.findLast((entry) => entry?.reason === "ImagePullBackOff");
    expect(backingOff?.message?.startsWith(`Back-off pulling image "${image()}": ${reason}: `)).toBe(true);
    expect(backingOff?.message).toMatch(message);
    await observer.untilEvent(name, "Failed", message);
    await observer.untilEvent(name, "BackOff", /^Back-off pulling image/);
    expect(observer.pod(name)?.status?.phase).toBe("Pending");
  });

  test("a name that is none is said so", async () => {
    await cluster().createPod("bad-name", { image: "bad@@name" });
    const pod = await cluster().observer.until(
      "bad-name",
      "a reason",
      (seen) => waitingOf(seen)?.reason === "InvalidImageName",
    );
    expect(waitingOf(pod)?.message).toContain("bad@@name");
  });

  test("a pull policy of Never is kept", async () => {
    await cluster().createPod("never-pulled", {
      image: `${cluster().registry.host}/other:v1`,
      imagePullPolicy: "Never",
    });
    await cluster().observer.until("never-pulled", "a reason", (pod) => waitingOf(pod)?.reason === "ErrImageNeverPull");
  });

  test("a pull secret opens a private registry; a wrong one does not, and is not shown", async () => {
    const { client, observer, registry } = cluster();
    const module = registry.manifests.get("kit:v1");
    registry.manifests.set("private/kit:v1", module!);
    for (const password of ["right", "wrong"]) {
      const auths = { [registry.host]: { username: "user", password } };
      await client.create(resources.secrets, {
        metadata: { name: `pull-${password}`, namespace },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
      });
      const image = `${registry.host}/private/kit:v1`;
      const spec: Partial<PodSpec> = { imagePullSecrets: [{ name: `pull-${password}` }] };
      await cluster().createPod(`with-${password}`, { image, args: ["exit", "0"], imagePullPolicy: "Always" }, spec);
    }
    await observer.untilPhase("with-right", "Succeeded");
    await observer.untilEvent("with-wrong", "Failed", /answered 401 Unauthorized/);
    const shown = JSON.stringify([observer.events("with-wrong"), observer.history("with-wrong")]);
    expect(shown).not.toContain(Buffer.from("user:wrong").toString("base64"));
    expect(shown).not.toContain('"wrong"');
  });
});

/** An image whose layer is not what its manifest says. */
function alteredImage(): string {
  const { registry } = cluster();
  const { layer } = registry.addImage("altered", "v1", Buffer.from("\0asm original"));
  registry.blobs.set(layer.digest, Buffer.from("\0asm replaced"));
  return `${registry.host}/altered:v1`;
}

describe.concurrent("content that is no runnable module", () => {
  const kitBytes = () => {
    const { registry } = cluster();
    const { layers } = JSON.parse(registry.manifests.get("kit:v1")!.bytes.toString()) as {
      layers: { digest: string }[];
    };
    return registry.blobs.get(layers[0]!.digest)!;
  };
  const wasi = "wasi_snapshot_preview1";
  const imports = `(module (import "env" "launch" (func)) (import "${wasi}" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (func (export "_start")))`;

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, string, RegExp]>([
    [
      "text",
      () => Buffer.from("#!/bin/sh\necho hi\n"),
      "CreateContainerError",
      /is no WebAssembly; it starts with "#!\/bin/,
    ],
    ["empty", () => Buffer.alloc(0), "CreateContainerError", /is no WebAssembly; it is empty/],
    [
      "truncated",
      () => kitBytes().subarray(0, 9000),
      "CreateContainerError",
      /no complete WebAssembly.* at 9000 bytes/,
    ],
    [
      "component",
      () => Buffer.from("\0asm\x0d\0\x01\0", "latin1"),
      "CreateContainerError",
      /holds a component, .* core modules/,
    ],
    [
      "invalid",
      () => Buffer.from("\0asm\x01\0\0\0\x01\x03\x09\x09\x09", "latin1"),
      "StartError",
      /Cannot compile module .*type form/,
    ],
    ["unknown-import", () => assembleWat(imports), "StartError", /imports the function env\.launch,? .*not offered/],
    [
      "no-start",
      () => assembleWat('(module (memory (export "memory") 1))'),
      "StartError",
      /exports no function "_start"/,
    ],
    ["no-memory", () => assembleWat('(module (func (export "_start")))'), "StartError", /exports no memory "memory"/],
  ])("%s is refused with what was found", async (name, bytes, reason, message) => {
    const { observer } = cluster();
    await cluster().createPod(name, { image: cluster().addModule(`content-${name}`, await bytes()) });
    const pod = await observer.until(name, reason, (seen) => {
      const state = seen.status?.containerStatuses?.[0]?.state;
      return (state?.waiting?.reason ?? state?.terminated?.reason) === reason;
    });
    const state = pod.status?.containerStatuses?.[0]?.state;
    expect(state?.waiting?.message ?? state?.terminated?.message).toMatch(message);
    await observer.untilEvent(name, "Failed", message);
  });
});

describe.concurrent("references that lead nowhere", () => {
  test("a missing config map or secret in the environment is named, and its creation starts the container", async () => {
    const { client, observer } = cluster();
    await cluster().createPod("heals", {
      args: ["env", "COLOR", "env", "PASSWORD"],
      env: [
        { name: "COLOR", valueFrom: { configMapKeyRef: { name: "late", key: "color" } } },
        { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "late", key: "password" } } },
      ],
    });
    const missing = await observer.until(
      "heals",
      "a reason",
      (pod) => waitingOf(pod)?.reason === "CreateContainerConfigError",
    );
    expect(waitingOf(missing)?.message).toBe('configmap "late" not found');
    const metadata = { name: "late", namespace };
    await client.create(resources.configMaps, { metadata, data: { color: "red" } });
    await observer.until("heals", "the next reason", (pod) => waitingOf(pod)?.message === 'secret "late" not found');
    await client.create(resources.secrets, { metadata, stringData: { password: "pw" } });
    await observer.untilPhase("heals", "Succeeded");
    expect(await cluster().log("heals")).toBe("red\npw\n");
  });

  test("a missing key is named", async () => {
    const { client, observer } = cluster();
    await client.create(resources.configMaps, { metadata: { name: "few", namespace }, data: { a: "1" } });
    const env: Container["env"] = [{ name: "B", valueFrom: { configMapKeyRef: { name: "few", key: "b" } } }];
    await cluster().createPod("missing-key", { env });
    const pod = await observer.until(
      "missing-key",
      "a reason",
      (seen) => waitingOf(seen)?.reason === "CreateContainerConfigError",
    );
    expect(waitingOf(pod)?.message).toBe("couldn't find key b in ConfigMap default/few");
  });

  // A pod of 2 kB made the kubelet grow by gigabytes and said nothing.
  test("references that double are a container's error, and the kubelet goes on", async () => {
    const { observer } = cluster();
    const doubled = Array.from({ length: 64 }, (_, index) => ({
      name: `A${index + 1}`,
      value: `$(A${index})$(A${index})`,
    }));
    await cluster().createPod("doubling", { env: [{ name: "A0", value: "xx" }, ...doubled] });
    const pod = await observer.until(
      "doubling",
      "a reason",
      (seen) => waitingOf(seen) !== undefined && waitingOf(seen)?.reason !== "ContainerCreating",
    );
    expect(waitingOf(pod)).toEqual({
      reason: "CreateContainerConfigError",
      message:
        'environment variable "A16" of container "main" is too long: a program can be given at most 131072 bytes as one string',
    });
    await cluster().createPod("beside", { args: ["env", "NONE"] });
    await observer.untilPhase("beside", "Succeeded");
  });

  test("a missing config map of a volume is an event, and its creation starts the pod", async () => {
    const { client, observer } = cluster();
    const volumes = [{ name: "config", configMap: { name: "late-volume" } }];
    const volumeMounts = [{ name: "config", mountPath: "/config" }];
    await cluster().createPod("volume-heals", { args: ["cat", "/config/a"], volumeMounts }, { volumes });
    await observer.untilEvent("volume-heals", "FailedMount", /for volume "config".* configmap "late-volume" not found/);
    expect(observer.pod("volume-heals")?.status?.phase).toBe("Pending");
    await client.create(resources.configMaps, { metadata: { name: "late-volume", namespace }, data: { a: "here" } });
    await observer.untilPhase("volume-heals", "Succeeded");
  });

  test.each<[string, NonNullable<PodSpec["volumes"]>[number], RegExp]>([
    [
      "a file as directory",
      { name: "v", hostPath: { path: "/etc/hosts", type: "Directory" } },
      /hostPath type check failed: \/etc\/hosts is not a directory/,
    ],
    ["a missing path", { name: "v", hostPath: { path: "/no/such/path", type: "Directory" } }, /\/no\/such\/path/],
    [
      "a claim",
      { name: "v", persistentVolumeClaim: { claimName: "data" } },
      /persistentVolumeClaim|persistent volume claim/i,
    ],
    ["NFS", { name: "v", nfs: { server: "10.0.0.1", path: "/" } }, /nfs/i],
    [
      "a trust bundle",
      { name: "v", projected: { sources: [{ clusterTrustBundle: { name: "no-such", path: "ca.pem" } }] } },
      // An API server that has the feature off keeps nothing of such a source.
      /sources\[0\] is empty.*clusterTrustBundle|clustertrustbundle.certificates.k8s.io "no-such" not found/,
    ],
  ])("a volume of %s is an event that says why", async (name, volume, message) => {
    const podName = `mount-${name.toLowerCase().replaceAll(" ", "-")}`;
    await cluster().createPod(
      podName,
      { args: ["exit", "0"], volumeMounts: [{ name: "v", mountPath: "/v" }] },
      // A scheduler that knows volumes would never let the pod get here.
      { volumes: [volume], nodeName: "node-1" },
    );
    await cluster().observer.untilEvent(podName, "FailedMount", message);
    expect(cluster().observer.pod(podName)?.status?.phase).toBe("Pending");
  });
});

describe.concurrent("fields that a WebAssembly node cannot honour", () => {
  test.each<[string, Partial<Container>, Partial<PodSpec>, RegExp]>([
    ["privileged", { securityContext: { privileged: true } }, {}, /spec\.containers\[0\]\.securityContext\.privileged/],
    ["host-pid", {}, { hostPID: true }, /spec\.hostPID/],
  ])("%s refuses the pod visibly", async (name, container, spec, message) => {
    const { observer } = cluster();
    await cluster().createPod(`field-${name}`, container, spec);
    const pod = await observer.untilPhase(`field-${name}`, "Failed");
    expect(pod.status).toMatchObject({ reason: "UnsupportedField", message: expect.stringMatching(message) });
    await observer.untilEvent(`field-${name}`, "UnsupportedField", message);
  });

  test("an unknown runtime class is told", async () => {
    const { client, observer } = cluster();
    await client.create(resources.runtimeClasses, { metadata: { name: "other" }, handler: "runc" });
    await cluster().createPod("runtime-class", { args: ["exit", "0"] }, { runtimeClassName: "other" });
    const pod = await observer.untilPhase("runtime-class", "Failed");
    expect(pod.status?.message).toContain('RuntimeClass "other" asks for handler "runc", this node has "wherry"');
  });
});
