import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Volume, VolumeMount, VolumeProjection } from "@wherry/kubernetes";
import { describe, expect, onTestFinished, test } from "vitest";
import { KubeletError } from "../../src/errors.ts";
import { maxTrustBundleBytes, selectionText } from "../../src/objects/trust-bundles.ts";
import { type ManagerFixture, managerFixture, podWith } from "./fakes.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { volumeView } from "./volume-view.ts";

async function mounted(
  volume: Volume,
  fixture?: ManagerFixture,
  spec = {},
): Promise<{ path: string } & ManagerFixture> {
  const { manager, ...rest } = fixture ?? (await managerFixture());
  const pod = podWith([volume], spec);
  await manager.mountPod(pod);
  const [mount] = await manager.containerMounts(
    pod,
    { name: "main", volumeMounts: [{ name: volume.name, mountPath: "/v" }] },
    [],
  );
  return { manager, ...rest, path: mount?.hostPath ?? "" };
}

const failure = (volume: Volume, fixture?: ManagerFixture) =>
  mounted(volume, fixture).then(
    () => "mounted",
    (error: unknown) => (error instanceof Error ? error.message.replace(/^.*for volume "v": /, "") : String(error)),
  );

describe("emptyDirKind", () => {
  test("emptyDirKind makes a directory open to everybody at the place other tools know", async () => {
    const { path, root } = await mounted({ name: "v", emptyDir: {} });
    expect(path).toBe(join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v"));
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    expect((await stat(join(root, "pods/uid-1"))).mode & 0o777).toBe(0o750);
  });

  test("emptyDirKind keeps content when mounted again", async () => {
    const fixture = await managerFixture();
    const { path } = await mounted({ name: "v", emptyDir: {} }, fixture);
    await writeFile(join(path, "file"), "x");
    await mounted({ name: "v", emptyDir: {} }, fixture);
    expect(await readFile(join(path, "file"), "utf8")).toBe("x");
  });

  test("emptyDirKind refuses memory where the node has no memory file system, huge pages, and bad limits", async () => {
    expect(await failure({ name: "v", emptyDir: { medium: "Memory" } })).toContain(
      "no directory on a memory file system",
    );
    expect(await failure({ name: "v", emptyDir: { medium: "HugePages-2Mi" } })).toContain('medium "HugePages-2Mi"');
    expect(await failure({ name: "v", emptyDir: { sizeLimit: "lots" } })).toContain('sizeLimit "lots"');
  });

  test("volumeKindOf() takes a volume without source for an emptyDir, as the API server does", async () => {
    expect((await mounted({ name: "v" })).path).toContain("empty-dir");
  });
});

describe("configMapKind and secretKind", () => {
  test("configMapKind shows data and binaryData with mode 0644", async () => {
    const fixture = await managerFixture();
    fixture.objects.setConfigMap("config", { a: "1", "b.txt": "ü" }, { bin: Buffer.from([0, 255]).toString("base64") });
    const { path } = await mounted({ name: "v", configMap: { name: "config" } }, fixture);
    expect(path).toContain("/volumes/kubernetes.io~configmap/v");
    expect(await volumeView(path)).toEqual({
      a: "644 1",
      "b.txt": `644 ${Buffer.from("ü").toString("latin1")}`,
      bin: "644 \u0000\u00ff",
    });
  });

  test("secretKind honours items, their modes and the default mode", async () => {
    const fixture = await managerFixture();
    fixture.objects.setSecret("secret", { a: "1", b: "2", c: "3" });
    const items = [
      { key: "a", path: "x/y" },
      { key: "b", path: "z", mode: 0o400 },
    ];
    const { path } = await mounted({ name: "v", secret: { secretName: "secret", items, defaultMode: 0o640 } }, fixture);
    expect(path).toContain("/volumes/kubernetes.io~secret/v");
    expect(await volumeView(path)).toEqual({ "x/y": "640 1", z: "400 2" });
  });

  test.each<[string, Volume, string]>([
    ["config map", { name: "v", configMap: { name: "none" } }, 'configmap "none" not found'],
    ["secret", { name: "v", secret: { secretName: "none" } }, 'secret "none" not found'],
    [
      "key of a config map",
      { name: "v", configMap: { name: "there", items: [{ key: "no", path: "p" }] } },
      "configmap references non-existent config key: no",
    ],
    [
      "key of a secret",
      { name: "v", secret: { secretName: "there", items: [{ key: "no", path: "p" }] } },
      "references non-existent secret key: no",
    ],
  ])("configMapKind and secretKind name a missing %s unless it is optional", async (_, volume, message) => {
    const fixture = await managerFixture();
    fixture.objects.setConfigMap("there", { a: "1" });
    fixture.objects.setSecret("there", { a: "1" });
    expect(await failure(volume, fixture)).toBe(message);
    const optional: Volume = { ...volume };
    if (volume.configMap) optional.configMap = { ...volume.configMap, optional: true };
    if (volume.secret) optional.secret = { ...volume.secret, optional: true };
    expect(await volumeView((await mounted(optional, fixture)).path)).toEqual({});
  });

  test("configMapKind refuses paths that leave the volume and modes that are none", async () => {
    const fixture = await managerFixture();
    fixture.objects.setConfigMap("c", { a: "1" });
    const withItem = (item: { path: string; mode?: number }) =>
      failure({ name: "v", configMap: { name: "c", items: [{ key: "a", ...item }] } }, fixture);
    expect(await withItem({ path: "../../escape" })).toContain("invalid path");
    expect(await withItem({ path: "/abs" })).toContain("invalid path");
    expect(await withItem({ path: "a", mode: 0o1777 })).toBe("file mode 1023 is not between 0 and 0777");
  });
});

describe("downwardApiKind", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["metadata.name", { fieldRef: { fieldPath: "metadata.name" } }, "pod"],
    ["metadata.namespace", { fieldRef: { fieldPath: "metadata.namespace" } }, "ns"],
    ["metadata.uid", { fieldRef: { fieldPath: "metadata.uid" } }, "uid-1"],
    ["metadata.labels", { fieldRef: { fieldPath: "metadata.labels" } }, 'app="web"'],
    ["one label", { fieldRef: { fieldPath: "metadata.labels['app']" } }, "web"],
    ["metadata.annotations", { fieldRef: { fieldPath: "metadata.annotations" } }, 'note="a \\"quoted\\"\\nline"'],
    ["a limit", { resourceFieldRef: { containerName: "main", resource: "limits.cpu", divisor: "1m" } }, "1500"],
    [
      "a missing limit",
      { resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Gi" } },
      "8",
    ],
  ])("downwardApiKind shows %s", async (_, source, value) => {
    const { path } = await mounted(
      { name: "v", downwardAPI: { items: [{ path: "f", mode: 0o400, ...source }] } },
      undefined,
      {
        containers: [{ name: "main", resources: { limits: { cpu: "1500m" } } }],
      },
    );
    expect(path).toContain("/volumes/kubernetes.io~downward-api/v");
    expect(await volumeView(path)).toEqual({ f: `400 ${value}` });
  });

  test("downwardApiKind refuses fields that volumes cannot show", async () => {
    const withItem = (item: object) => failure({ name: "v", downwardAPI: { items: [{ path: "f", ...item }] } });
    expect(await withItem({ fieldRef: { fieldPath: "status.podIP" } })).toContain('fieldPath "status.podIP"');
    expect(await withItem({ fieldRef: { fieldPath: "metadata.owner" } })).toContain('fieldPath "metadata.owner"');
    expect(await withItem({ resourceFieldRef: { containerName: "x", resource: "limits.cpu" } })).toContain('"x"');
    expect(await withItem({})).toContain("neither fieldRef nor resourceFieldRef");
  });
});

describe("projectedKind", () => {
  const sources: VolumeProjection[] = [
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
    { secret: { name: "secret" } },
  ];

  test("projectedKind merges all its sources", async () => {
    const fixture = await managerFixture();
    fixture.objects.setConfigMap("kube-root-ca.crt", { "ca.crt": "CA" });
    fixture.objects.setSecret("secret", { password: "p" });
    const { path, tokens } = await mounted({ name: "v", projected: { sources, defaultMode: 0o640 } }, fixture);
    expect(path).toContain("/volumes/kubernetes.io~projected/v");
    expect(await volumeView(path)).toEqual({
      "ca.crt": "640 CA",
      token: "640 token-1 of pod for api",
      namespace: "640 ns",
      password: "640 p",
    });
    expect(tokens.asked).toMatchObject([{ expirationSeconds: 3607 }]);
  });

  test.each([{ runAsUser: 1000 }, { fsGroup: 1000 }])(
    "projectedKind keeps tokens from others when the pod has %o",
    async (securityContext) => {
      const fixture = await managerFixture();
      const token = { serviceAccountToken: { path: "token", audience: "vault" } };
      const volume = { name: "v", projected: { sources: [token], defaultMode: 0o644 } };
      const { path } = await mounted(volume, fixture, { securityContext });
      expect(await volumeView(path)).toEqual({ token: "600 token-1 of pod for vault" });
      if (process.getuid?.() === 0 && "runAsUser" in securityContext)
        expect((await stat(join(path, "token"))).uid).toBe(1000);
    },
  );

  test("projectedKind names every source that fails", async () => {
    expect(await failure({ name: "v", projected: { sources } })).toBe(
      '[configmap "kube-root-ca.crt" not found, secret "secret" not found]',
    );
  });

  const certificate = (text: string) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;
  const bundleVolume = (clusterTrustBundle: VolumeProjection["clusterTrustBundle"]): Volume => ({
    name: "v",
    projected: { sources: [{ clusterTrustBundle }] },
  });

  test("projectedKind shows the trust anchors of a bundle by name, and those of a signer by labels", async () => {
    const fixture = await managerFixture();
    const signed = { signerName: "example.com/a", labelSelector: {} };
    fixture.objects.trustBundles.set(selectionText({ name: "ca" }), [`of us\n${certificate("one")}`]);
    fixture.objects.trustBundles.set(selectionText(signed), [certificate("two"), certificate("one")]);
    const sources = [
      { clusterTrustBundle: { name: "ca", path: "ca.pem" } },
      { clusterTrustBundle: { ...signed, path: "signers/a.pem" } },
    ];
    const { path } = await mounted({ name: "v", projected: { sources, defaultMode: 0o444 } }, fixture);
    expect(await volumeView(path)).toEqual({
      "ca.pem": `444 ${certificate("one")}`,
      "signers/a.pem": `444 ${certificate("two")}${certificate("one")}`,
    });
  });

  test.each<[string, VolumeProjection["clusterTrustBundle"], string]>([
    ["a name", { name: "ca", path: "f" }, 'clustertrustbundle.certificates.k8s.io "ca" not found'],
    [
      "a signer and labels",
      { signerName: "example.com/a", labelSelector: { matchLabels: { live: "yes" } }, path: "f" },
      'combination of signerName "example.com/a" and labelSelector {"matchLabels":{"live":"yes"}} matched zero',
    ],
    [
      "a signer without labelSelector",
      { signerName: "example.com/a", path: "f" },
      'combination of signerName "example.com/a" and labelSelector that is not set, which selects none matched zero',
    ],
  ])(
    "projectedKind says when no bundle has %s, and shows an empty file where it is optional",
    async (_, source, message) => {
      const fixture = await managerFixture();
      fixture.objects.trustBundles.set(selectionText({ signerName: "example.com/a", labelSelector: {} }), [
        certificate("one"),
      ]);
      expect(await failure(bundleVolume(source), fixture)).toContain(message);
      const optional = source && { ...source, optional: true };
      expect(await volumeView((await mounted(bundleVolume(optional), fixture)).path)).toEqual({ f: "644 " });
    },
  );

  test("projectedKind fails visibly where the API server has no trust bundles, optional or not", async () => {
    const fixture = await managerFixture();
    fixture.objects.failure = new KubeletError("NotServed", "API server does not serve clustertrustbundles");
    expect(await failure(bundleVolume({ name: "ca", path: "f", optional: true }), fixture)).toBe(
      "API server does not serve clustertrustbundles",
    );
  });

  test("projectedKind refuses a trust bundle projection that names nothing, and more certificates than it shows", async () => {
    const fixture = await managerFixture();
    expect(await failure(bundleVolume({ path: "f" }), fixture)).toContain("neither name nor signerName");
    const huge = certificate("x".repeat(maxTrustBundleBytes));
    fixture.objects.trustBundles.set(selectionText({ name: "huge" }), [huge]);
    expect(await failure(bundleVolume({ name: "huge", path: "f" }), fixture)).toContain(
      `ClusterTrustBundles with metadata.name=huge have more than ${maxTrustBundleBytes} bytes`,
    );
  });

  const identity = { signerName: "example.com/a", keyType: "ED25519" };

  test("projectedKind shows a pod's key and certificate in one file or in two, and asks by volume and source", async () => {
    const sources = [
      { downwardAPI: {} },
      { podCertificate: { ...identity, credentialBundlePath: "bundle.pem", keyPath: "tls.key" } },
      { podCertificate: { ...identity, keyType: "RSA3072", certificateChainPath: "tls.crt" } },
    ];
    const { path, certificates } = await mounted({ name: "v", projected: { sources } }, undefined, {
      securityContext: { fsGroup: 1000 },
    });
    expect(await volumeView(path)).toEqual({
      "bundle.pem": "600 key 1\nchain 1\n",
      "tls.key": "600 key 1\n",
      "tls.crt": "600 chain 1\n",
    });
    expect(certificates.asked).toMatchObject([
      { volume: "v", index: 1, projection: { keyType: "ED25519" } },
      { volume: "v", index: 2, projection: { keyType: "RSA3072" } },
    ]);
  });

  test("projectedKind fails as the certificate does, and refuses one that goes to no file", async () => {
    const fixture = await managerFixture();
    fixture.certificates.failure = new KubeletError("Denied", "PodCertificateRequest ns/req-1 was denied");
    const volume = (podCertificate: VolumeProjection["podCertificate"]) =>
      failure({ name: "v", projected: { sources: [{ podCertificate }] } }, fixture);
    expect(await volume({ ...identity, keyPath: "k" })).toBe("PodCertificateRequest ns/req-1 was denied");
    expect(await volume(identity)).toContain("neither credentialBundlePath, keyPath nor certificateChainPath");
  });

  test("projectedKind refuses a kind that it does not know", async () => {
    const source = { oracle: {} } as VolumeProjection;
    expect(await failure({ name: "v", projected: { sources: [source] } })).toContain(
      'sources[0] is of kind "oracle", which this node does not project',
    );
  });

  test("projectedKind refuses a source of which its API server left nothing", async () => {
    expect(await failure({ name: "v", projected: { sources: [{}] } })).toMatch(
      /^sources\[0\] is empty, as an API server leaves those of a kind that it has switched off \(clusterTrustBundle, /,
    );
  });
});

describe("hostPathKind", () => {
  async function hostTree(): Promise<string> {
    const base = await temporaryDirectory();
    await mkdir(join(base, "dir"));
    await writeFile(join(base, "file"), "");
    await symlink("dir", join(base, "link"));
    await symlink("none", join(base, "dangling"));
    const server = createServer().listen(join(base, "socket"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    return base;
  }

  test.each([
    ["", "dir", true],
    ["", "file", true],
    ["Directory", "dir", true],
    ["Directory", "link", true],
    ["Directory", "file", "not a directory"],
    ["Directory", "none", "not a directory"],
    ["DirectoryOrCreate", "file", "not a directory"],
    ["DirectoryOrCreate", "dangling", "dangling is a symbolic link whose target does not exist"],
    ["", "dangling", "dangling is a symbolic link whose target does not exist"],
    ["Directory", "dangling", "not a directory"],
    ["File", "file", true],
    ["File", "dir", "not a file"],
    ["File", "socket", "not a file"],
    ["FileOrCreate", "dir", "not a file"],
    ["Socket", "socket", true],
    ["Socket", "file", "not a socket file"],
    ["CharDevice", "file", "not a character device"],
    ["BlockDevice", "file", "not a block device"],
    ["CharDevice", "/dev/null", true],
    ["Folder", "dir", "Folder is an invalid volume type"],
  ])("hostPathKind with type %j judges %s", async (type, name, outcome) => {
    const base = await hostTree();
    const path = name.startsWith("/") ? name : join(base, name);
    const volume = { name: "v", hostPath: { path, type } };
    if (outcome === true) expect((await mounted(volume)).path).toBe(name === "link" ? join(base, "dir") : path);
    else expect(await failure(volume)).toContain(outcome);
  });

  test("hostPathKind creates what is missing with upstream's modes", async () => {
    const base = await hostTree();
    const made = async (type: string, name: string) => {
      const { path } = await mounted({ name: "v", hostPath: { path: join(base, name), type } });
      const info = await stat(path);
      return [info.isDirectory(), (info.mode & 0o777).toString(8)];
    };
    expect(await made("DirectoryOrCreate", "new/dir")).toEqual([true, "755"]);
    expect(await made("FileOrCreate", "new/file")).toEqual([false, "644"]);
    expect(await made("", "other/dir")).toEqual([true, "755"]);
    expect(await failure({ name: "v", hostPath: { path: join(base, "no/parent"), type: "FileOrCreate" } })).toContain(
      "ENOENT",
    );
  });

  test.each(["relative", "/a/../etc", "/a\0b"])("hostPathKind refuses the path %j", async (path) => {
    expect(await failure({ name: "v", hostPath: { path } })).toContain("is not an absolute path");
  });

  test("hostPathKind leaves the host's files alone when the pod goes", async () => {
    const base = await hostTree();
    const { manager } = await mounted({ name: "v", hostPath: { path: join(base, "dir") } });
    await manager.unmountPod("uid-1");
    expect((await stat(join(base, "dir"))).isDirectory()).toBe(true);
  });
});

describe("other kinds", () => {
  test.each(["persistentVolumeClaim", "csi", "ephemeral", "nfs", "iscsi", "gitRepo", "somethingNew"])(
    "volumeKindOf() refuses %s and says what there is",
    async (field) => {
      const { manager } = await managerFixture();
      const volume = { name: "v", [field]: {} } as Volume;
      await expect(manager.mountPod(podWith([volume]))).rejects.toMatchObject({
        code: "VolumeError",
        volume: "v",
        retryable: false,
        message: `MountVolume.SetUp failed for volume "v": volume is of kind "${field}", which this node does not mount; supported are configMap, downwardAPI, emptyDir, hostPath, image, projected, secret`,
      });
    },
  );

  test("volumeKindOf() refuses a volume of two kinds", async () => {
    expect(await failure({ name: "v", emptyDir: {}, hostPath: { path: "/" } })).toContain("more than one kind");
  });

  describe("imageKind", () => {
    const image = { image: "registry.test/data@sha256:1", runtimeHandler: "wasm" };
    const mountWith = async (mount: Partial<VolumeMount>, environment: { name: string; value: string }[] = []) => {
      const { manager } = await managerFixture();
      const pod = podWith([{ name: "v", image: { reference: "registry.test/data:1" } }]);
      await manager.mountPod(pod);
      const container = { name: "main", volumeMounts: [{ name: "v", mountPath: "/v", ...mount }] };
      return manager.containerMounts(pod, container, environment, { imageVolumes: new Map([["v", image]]) });
    };
    const expected = { containerPath: "/v", hostPath: "", readOnly: true, propagation: "private", image };

    test.each([{}, { readOnly: true }, { readOnly: false }])(
      "hands the image to the runtime, read-only with %j",
      async (mount) => {
        expect(await mountWith(mount)).toEqual([expected]);
      },
    );

    test("hands the sub path on, with variables filled in", async () => {
      expect(await mountWith({ subPath: "conf/d" })).toEqual([{ ...expected, imageSubPath: "conf/d" }]);
      const environment = [{ name: "PART", value: "d" }];
      expect(await mountWith({ subPathExpr: "conf/$(PART)" }, environment)).toEqual([
        { ...expected, imageSubPath: "conf/d" },
      ]);
    });

    test.each([
      [{ subPath: "../x" }, 'SubPath "../x" must not contain ".."'],
      [{ subPath: "/x" }, 'SubPath "/x" must not be an absolute path'],
      [{ subPathExpr: "$(NONE)" }, "missing value for NONE"],
    ])("refuses %j", async (mount, problem) => {
      await expect(mountWith(mount)).rejects.toThrow(problem);
    });
  });
});

const sharedMemory = existsSync("/dev/shm");
if (!sharedMemory) console.log("volume-kinds.test.ts: volumes in memory are skipped: there is no /dev/shm");

describe.skipIf(!sharedMemory)("volumes in memory", () => {
  async function memoryFixture(): Promise<ManagerFixture & { memoryDirectory: string }> {
    const memoryDirectory = join("/dev/shm", `wherry-test-${randomUUID()}`);
    onTestFinished(() => rm(memoryDirectory, { recursive: true, force: true }));
    return { memoryDirectory, ...(await managerFixture({ memoryDirectory })) };
  }

  test("emptyDirKind with medium Memory is on the memory file system", async () => {
    const fixture = await memoryFixture();
    const { path, manager } = await mounted({ name: "v", emptyDir: { medium: "Memory" } }, fixture);
    expect(path).toBe(join(fixture.memoryDirectory, "pods/uid-1/volumes/kubernetes.io~empty-dir/v"));
    await manager.unmountPod("uid-1");
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  test("secretKind and projectedKind keep off the disk, sub paths included", async () => {
    const fixture = await memoryFixture();
    fixture.objects.setSecret("s", { key: "value" });
    fixture.objects.setConfigMap("c", { key: "value" });
    const pod = podWith([
      { name: "s", secret: { secretName: "s" } },
      { name: "c", configMap: { name: "c" } },
    ]);
    await fixture.manager.mountPod(pod);
    const volumeMounts = [
      { name: "s", mountPath: "/s" },
      { name: "s", mountPath: "/key", subPath: "key" },
      { name: "c", mountPath: "/c" },
    ];
    const mounts = await fixture.manager.containerMounts(pod, { name: "main", volumeMounts }, []);
    const [secret, key, configMap] = mounts.map(({ hostPath }) => hostPath);
    expect(secret).toBe(join(fixture.memoryDirectory, "pods/uid-1/volumes/kubernetes.io~secret/s"));
    expect(key).toContain(fixture.memoryDirectory);
    expect(await readFile(key ?? "", "utf8")).toBe("value");
    expect(configMap).toContain(fixture.root);
    expect(await fixture.manager.mountedPods()).toEqual(["uid-1"]);
    await fixture.manager.unmountPod("uid-1");
    expect(await fixture.manager.mountedPods()).toEqual([]);
    await expect(stat(key ?? "")).rejects.toThrow("ENOENT");
  });

  test("secretKind stays on disk where an earlier kubelet put it", async () => {
    const before = await managerFixture();
    before.objects.setSecret("s", { key: "1" });
    const { path } = await mounted({ name: "v", secret: { secretName: "s" } }, before);
    const memoryDirectory = join("/dev/shm", `wherry-test-${randomUUID()}`);
    onTestFinished(() => rm(memoryDirectory, { recursive: true, force: true }));
    const after = await managerFixture({ rootDirectory: before.root, memoryDirectory });
    after.objects.setSecret("s", { key: "2" });
    expect((await mounted({ name: "v", secret: { secretName: "s" } }, after)).path).toBe(path);
    expect(await volumeView(path)).toEqual({ key: "644 2" });
  });

  test("openVolumeManager() refuses a memory directory that is on disk or open to others", async () => {
    await expect(managerFixture({ memoryDirectory: await temporaryDirectory() })).rejects.toThrow(
      "expected a directory on tmpfs",
    );
    const open = join("/dev/shm", `wherry-test-${randomUUID()}`);
    onTestFinished(() => rm(open, { recursive: true, force: true }));
    await mkdir(open);
    await chmod(open, 0o777);
    await expect(managerFixture({ memoryDirectory: open })).rejects.toThrow("only this user can write to");
  });
});
