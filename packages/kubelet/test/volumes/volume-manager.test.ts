import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "@wherry/client";
import type { VolumeMount } from "@wherry/kubernetes";
import { describe, expect, onTestFinished, test } from "vitest";
import type { EnvironmentVariable } from "../../src/ports/environment.ts";
import { type ManagerFixture, managerFixture, podWith } from "./fakes.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { volumeView } from "./volume-view.ts";

function running(fixture: ManagerFixture): void {
  const controller = new AbortController();
  const stopped = fixture.manager.run(controller.signal);
  onTestFinished(async () => {
    controller.abort();
    await stopped;
  });
}

/** Waits for file system work that the fake clock knows nothing of. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      await check();
      return;
    } catch (error) {
      if (turn === 2000) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const configVolume = { name: "v", configMap: { name: "config" } };
const volumePath = (root: string) => join(root, "pods/uid-1/volumes/kubernetes.io~configmap/v");

describe("NodeVolumeManager.mountPod()", () => {
  test("mountPod() finds what an earlier kubelet wrote and does not write it again", async () => {
    const first = await managerFixture();
    first.objects.setConfigMap("config", { a: "1" });
    await first.manager.mountPod(podWith([configVolume]));
    const before = await readlink(join(volumePath(first.root), "..data"));
    const second = await managerFixture({ rootDirectory: first.root });
    second.objects.setConfigMap("config", { a: "1" });
    await second.manager.mountPod(podWith([configVolume]));
    expect(await readlink(join(volumePath(first.root), "..data"))).toBe(before);
    second.objects.setConfigMap("config", { a: "2" });
    await second.manager.mountPod(podWith([configVolume]));
    expect(await volumeView(volumePath(first.root))).toEqual({ a: "644 2" });
  });

  test("mountPod() repairs what somebody broke", async () => {
    const { manager, objects, root } = await managerFixture();
    objects.setConfigMap("config", { a: "1" });
    const pod = podWith([configVolume]);
    await manager.mountPod(pod);
    await writeFile(join(volumePath(root), "a"), "broken");
    await manager.mountPod(pod);
    expect(await volumeView(volumePath(root))).toEqual({ a: "644 1" });
  });

  test("mountPod() shows the API server's failure and lets the caller try again", async () => {
    const { manager, objects } = await managerFixture();
    objects.failure = new Error("connection refused");
    await expect(manager.mountPod(podWith([configVolume]))).rejects.toMatchObject({
      volume: "v",
      retryable: true,
      message: 'MountVolume.SetUp failed for volume "v": connection refused',
    });
    objects.failure = undefined;
    objects.setConfigMap("config", {});
    await manager.mountPod(podWith([configVolume]));
  });

  test("mountPod() takes any refusal by the API server for one that may pass", async () => {
    const { manager, objects } = await managerFixture();
    objects.failure = new ApiError("get configmaps", { code: 403, reason: "Forbidden", message: "no relationship" });
    await expect(manager.mountPod(podWith([configVolume]))).rejects.toMatchObject({ volume: "v", retryable: true });
  });

  test.each(["../../etc", "a/b", "", ".."])("mountPod() refuses the UID %j", async (uid) => {
    const { manager } = await managerFixture();
    await expect((async () => manager.mountPod(podWith([], {}, uid)))()).rejects.toThrow();
    if (uid !== "") await expect(manager.unmountPod(uid)).rejects.toThrow();
  });

  test("mountPod() refuses a volume name that is no path segment", async () => {
    const { manager } = await managerFixture();
    await expect(manager.mountPod(podWith([{ name: "../x", emptyDir: {} }]))).rejects.toThrow('Cannot use "../x"');
  });
});

describe("NodeVolumeManager live updates", () => {
  test("run() rewrites a volume when its object changes", async () => {
    const fixture = await managerFixture();
    running(fixture);
    fixture.objects.setConfigMap("config", { a: "1" });
    await fixture.manager.mountPod(podWith([configVolume]));
    fixture.objects.setConfigMap("config", { a: "2", b: "3" });
    fixture.objects.tell("ConfigMap", "config", ["uid-1", "uid-of-another"]);
    await eventually(async () =>
      expect(await volumeView(volumePath(fixture.root))).toEqual({ a: "644 2", b: "644 3" }),
    );
  });

  test("run() rewrites downward API files when the pod's labels change", async () => {
    const fixture = await managerFixture();
    running(fixture);
    const items = [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }];
    const pod = podWith([{ name: "v", projected: { sources: [{ downwardAPI: { items } }] } }]);
    await fixture.manager.mountPod(pod);
    fixture.manager.podChanged({ ...pod, metadata: { ...pod.metadata, labels: { app: "api" } } });
    const path = join(fixture.root, "pods/uid-1/volumes/kubernetes.io~projected/v/labels");
    await eventually(async () => expect(await readFile(path, "utf8")).toBe('app="api"'));
  });

  test("run() replaces a rotated token within the resync period", async () => {
    const fixture = await managerFixture();
    running(fixture);
    const pod = podWith([{ name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }]);
    await fixture.manager.mountPod(pod);
    fixture.tokens.generation = 2;
    const path = join(fixture.root, "pods/uid-1/volumes/kubernetes.io~projected/v/token");
    await fixture.clock.advance(59_000);
    expect(await readFile(path, "utf8")).toContain("token-1");
    await fixture.clock.advance(2_000);
    await eventually(async () => expect(await readFile(path, "utf8")).toContain("token-2"));
    await eventually(async () => expect(fixture.clock.pending).toBe(1));
    fixture.tokens.generation = 3;
    await fixture.clock.advance(61_000);
    await eventually(async () => expect(await readFile(path, "utf8")).toContain("token-3"));
  });

  test("run() shows a renewed certificate of a pod at once, and unmountPod() drops what it had", async () => {
    const fixture = await managerFixture();
    const { manager, certificates, root } = fixture;
    running(fixture);
    const podCertificate = { signerName: "example.com/a", keyType: "ED25519", credentialBundlePath: "bundle.pem" };
    await manager.mountPod(podWith([{ name: "v", projected: { sources: [{ podCertificate }] } }]));
    const file = join(root, "pods/uid-1/volumes/kubernetes.io~projected/v/bundle.pem");
    certificates.issue("uid-1");
    await eventually(async () => expect(await readFile(file, "utf8")).toBe("key 2\nchain 2\n"));
    await manager.unmountPod("uid-1");
    expect(certificates.forgotten).toEqual(["uid-1"]);
  });

  test("run() reports an update that fails, keeps the old files and tries again", async () => {
    const fixture = await managerFixture();
    running(fixture);
    fixture.objects.setConfigMap("config", { a: "1" });
    await fixture.manager.mountPod(podWith([configVolume]));
    fixture.objects.configMaps.clear();
    fixture.objects.tell("ConfigMap", "config", ["uid-1"]);
    await eventually(async () => expect(fixture.events.recorded).toHaveLength(1));
    expect(fixture.events.recorded[0]).toMatchObject({
      type: "Warning",
      reason: "FailedMount",
      message: 'MountVolume.SetUp failed for volume "v": configmap "config" not found',
    });
    expect(await volumeView(volumePath(fixture.root))).toEqual({ a: "644 1" });
    fixture.objects.setConfigMap("config", { a: "2" });
    await eventually(async () => expect(fixture.clock.pending).toBeGreaterThan(0));
    await fixture.clock.advance(1_500);
    await eventually(async () => expect(await volumeView(volumePath(fixture.root))).toEqual({ a: "644 2" }));
  });

  test("run() keeps quiet about updates of a pod that goes", async () => {
    const fixture = await managerFixture();
    running(fixture);
    fixture.objects.setConfigMap("config", { a: "1" });
    const pod = podWith([configVolume]);
    await fixture.manager.mountPod(pod);
    fixture.manager.podChanged({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    fixture.objects.configMaps.clear();
    fixture.objects.tell("ConfigMap", "config", ["uid-1"]);
    await eventually(async () => expect(fixture.clock.pending).toBe(1));
    expect(fixture.events.recorded).toEqual([]);
  });

  test("run() leaves pods alone whose volumes follow nothing", async () => {
    const fixture = await managerFixture();
    running(fixture);
    await fixture.manager.mountPod(podWith([{ name: "v", emptyDir: {} }]));
    expect(fixture.clock.pending).toBe(0);
  });
});

describe("NodeVolumeManager.unmountPod()", () => {
  test("unmountPod() removes the pod's directory and nothing else, also a second time", async () => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, "keep"), "kept");
    const { manager, root, tokens } = await managerFixture();
    await manager.mountPod(podWith([{ name: "v", emptyDir: {} }]));
    await manager.mountPod(podWith([{ name: "v", emptyDir: {} }], {}, "uid-2"));
    await symlink(outside, join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v/link"));
    await manager.unmountPod("uid-1");
    await manager.unmountPod("uid-1");
    expect(await manager.mountedPods()).toEqual(["uid-2"]);
    expect(await readdir(outside)).toEqual(["keep"]);
    expect(tokens.forgotten).toContain("uid-1");
    expect(root).toBeTruthy();
  });

  test("unmountPod() does not wait for an update that waits for the API server", async () => {
    const fixture = await managerFixture();
    running(fixture);
    fixture.objects.setConfigMap("config", { a: "1" });
    const pod = podWith([
      configVolume,
      { name: "t", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
    ]);
    await fixture.manager.mountPod(pod);
    let asked = false;
    fixture.tokens.token = (_, { signal } = {}) => {
      asked = true;
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    };
    fixture.objects.tell("ConfigMap", "config", ["uid-1"]);
    await eventually(async () => expect(asked).toBe(true));
    await fixture.manager.unmountPod("uid-1");
    expect(fixture.events.recorded).toEqual([]);
  });

  test("unmountPod() ends live updates", async () => {
    const fixture = await managerFixture();
    running(fixture);
    fixture.objects.setConfigMap("config", { a: "1" });
    await fixture.manager.mountPod(podWith([configVolume]));
    await fixture.manager.unmountPod("uid-1");
    fixture.objects.tell("ConfigMap", "config", ["uid-1"]);
    await fixture.clock.advance(200_000);
    expect(await readdir(join(fixture.root, "pods"))).toEqual([]);
    expect(fixture.clock.pending).toBe(0);
  });
});

describe("NodeVolumeManager.containerMounts()", () => {
  const variables: EnvironmentVariable[] = [
    { name: "POD_NAME", value: "web-0" },
    { name: "EMPTY", value: "" },
    { name: "UP", value: "../up" },
  ];

  async function fixtureWithPod() {
    const fixture = await managerFixture();
    fixture.objects.setConfigMap("config", { a: "1", "b.txt": "2" });
    const pod = podWith([
      { name: "data", emptyDir: {} },
      {
        name: "config",
        configMap: {
          name: "config",
          items: [
            { key: "a", path: "dir/a" },
            { key: "b.txt", path: "b" },
          ],
        },
      },
    ]);
    await fixture.manager.mountPod(pod);
    const mounts = (...volumeMounts: VolumeMount[]) =>
      fixture.manager.containerMounts(pod, { name: "main", volumeMounts }, variables);
    const data = join(fixture.root, "pods/uid-1/volumes/kubernetes.io~empty-dir/data");
    return { ...fixture, pod, mounts, data };
  }

  test("containerMounts() answers mounts in order; payload volumes are read-only", async () => {
    const { mounts, data, root } = await fixtureWithPod();
    expect(
      await mounts(
        { name: "config", mountPath: "/etc/config/" },
        { name: "data", mountPath: "data//x", readOnly: true },
        { name: "data", mountPath: "/rw" },
      ),
    ).toEqual([
      {
        containerPath: "/etc/config",
        hostPath: join(root, "pods/uid-1/volumes/kubernetes.io~configmap/config"),
        readOnly: true,
        propagation: "private",
      },
      { containerPath: "/data/x", hostPath: data, readOnly: true, propagation: "private" },
      { containerPath: "/rw", hostPath: data, readOnly: false, propagation: "private" },
    ]);
  });

  test.each<[string, Partial<VolumeMount> & { name?: string }, string]>([
    ["an unknown volume", { name: "none" }, 'the pod has no volume "none"'],
    ["a colon", { mountPath: "/a:b" }, 'must not contain ":"'],
    ["an empty path", { mountPath: "" }, "mountPath is empty"],
    ["a path upwards", { mountPath: "/a/../b" }, 'must not contain ".."'],
    ["propagation", { mountPropagation: "Bidirectional" }, 'mountPropagation "Bidirectional" is not supported'],
    ["propagation from the host", { mountPropagation: "HostToContainer" }, '"HostToContainer" is not supported'],
    ["recursive read-only", { readOnly: true, recursiveReadOnly: "Enabled" }, "not supported by the runtime handler"],
    ["recursive read-only that is writable", { recursiveReadOnly: "IfPossible" }, "needs readOnly: true"],
    ["recursive read-only of no kind", { readOnly: true, recursiveReadOnly: "Maybe" }, 'is "Maybe"'],
    ["an absolute sub path", { subPath: "/etc" }, "must not be an absolute path"],
    ["a sub path upwards", { subPath: "a/../../b" }, 'must not contain ".."'],
    ["two sub paths", { subPath: "a", subPathExpr: "b" }, "mutually exclusive"],
    ["a sub path longer than Linux takes", { subPath: "a/".repeat(2048) }, "is longer than 4095 bytes"],
    ["references that make a long sub path", { subPathExpr: "$(POD_NAME)".repeat(5000) }, "is longer than 4095 bytes"],
    ["an unknown variable", { subPathExpr: "$(NONE)/$(EMPTY)" }, "missing value for EMPTY, NONE"],
    ["a variable that leads upwards", { subPathExpr: "$(UP)" }, 'must not contain ".."'],
  ])("containerMounts() refuses %s", async (_, mount, message) => {
    const { mounts } = await fixtureWithPod();
    const failure = await mounts({ name: "data", mountPath: "/m", ...mount }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "VolumeError", message: expect.stringContaining(message) });
    expect((failure as Error).message).toMatch(/^cannot mount volume ".*" into container "main": /);
  });

  test("containerMounts() refuses two mounts at one path and block devices", async () => {
    const { mounts, manager, pod } = await fixtureWithPod();
    await expect(mounts({ name: "data", mountPath: "/m" }, { name: "config", mountPath: "/m/" })).rejects.toThrow(
      'mountPath "/m" is used by another mount',
    );
    await expect(
      manager.containerMounts(pod, { name: "main", volumeDevices: [{ name: "data", devicePath: "/dev/x" }] }, []),
    ).rejects.toThrow("block device");
  });

  test("containerMounts() allows recursive read-only where possible", async () => {
    const { mounts } = await fixtureWithPod();
    const [mount] = await mounts({ name: "data", mountPath: "/m", readOnly: true, recursiveReadOnly: "IfPossible" });
    expect(mount?.readOnly).toBe(true);
  });

  test("containerMounts() makes a missing sub path with the volume's mode", async () => {
    const { mounts, data } = await fixtureWithPod();
    const [mount] = await mounts({ name: "data", mountPath: "/m", subPathExpr: "$(POD_NAME)/logs" });
    expect(mount).toMatchObject({ hostPath: data, subPath: "web-0/logs" });
    expect((await stat(join(data, "web-0/logs"))).isDirectory()).toBe(true);
    expect((await stat(join(data, "web-0"))).mode & 0o777).toBe(0o777);
  });

  test("containerMounts() takes a sub path that is a file, or a link within the volume", async () => {
    const { mounts, data } = await fixtureWithPod();
    await writeFile(join(data, "file"), "x");
    await symlink("file", join(data, "link"));
    for (const subPath of ["file", "link"])
      expect((await mounts({ name: "data", mountPath: "/m", subPath }))[0]).toMatchObject({ hostPath: data, subPath });
    expect((await readdir(data)).toSorted()).toEqual(["file", "link"]);
  });

  test("containerMounts() refuses a sub path whose link leads outside", async () => {
    const { mounts, data } = await fixtureWithPod();
    await symlink("../../../../../../..", join(data, "up"));
    await symlink("/etc", join(data, "abs"));
    for (const subPath of ["up", "up/etc", "abs", "abs/passwd"])
      await expect(mounts({ name: "data", mountPath: "/m", subPath })).rejects.toThrow("leads outside of the volume");
  });

  test("containerMounts() pins sub paths of payload volumes, which get no updates", async () => {
    const fixture = await fixtureWithPod();
    const [file, directory] = await fixture.mounts(
      { name: "config", mountPath: "/f", subPath: "b" },
      { name: "config", mountPath: "/d", subPath: "dir" },
    );
    fixture.objects.setConfigMap("config", { a: "new", "b.txt": "new" });
    await fixture.manager.mountPod(fixture.pod);
    expect(await readFile(file?.hostPath ?? "", "utf8")).toBe("2");
    expect(await readFile(join(directory?.hostPath ?? "", "a"), "utf8")).toBe("1");
    const [again] = await fixture.mounts({ name: "config", mountPath: "/f", subPath: "b" });
    expect(again?.hostPath).toBe(file?.hostPath);
    expect(await readFile(again?.hostPath ?? "", "utf8")).toBe("new");
    await fixture.manager.unmountPod("uid-1");
    await expect(stat(file?.hostPath ?? "")).rejects.toThrow("ENOENT");
  });

  test("containerMounts() gives an empty directory for a sub path that a payload volume does not have", async () => {
    const { mounts } = await fixtureWithPod();
    const [mount] = await mounts({ name: "config", mountPath: "/m", subPath: "none/at/all" });
    expect(await readdir(mount?.hostPath ?? "")).toEqual([]);
  });

  test("containerMounts() needs mountPod() before", async () => {
    const { manager } = await managerFixture();
    await expect(manager.containerMounts(podWith([]), { name: "main" }, [])).rejects.toThrow("call mountPod before");
  });

  test("containerMounts() never makes anything outside while a container swaps directories and links", async () => {
    const { mounts, data, root } = await fixtureWithPod();
    await mkdir(join(data, "sub/deep"), { recursive: true });
    await symlink("../../../..", join(data, "evil"));
    let stop = false;
    const attacker = (async () => {
      while (!stop) {
        try {
          await rename(join(data, "sub"), join(data, "spare"));
          await rename(join(data, "evil"), join(data, "sub"));
          await rename(join(data, "sub"), join(data, "evil"));
          await rename(join(data, "spare"), join(data, "sub"));
        } catch {
          // The manager made the missing directory in between.
          await rm(join(data, "sub"), { recursive: true, force: true });
          await rm(join(data, "spare"), { recursive: true, force: true });
          await mkdir(join(data, "sub/deep"), { recursive: true });
        }
      }
    })();
    try {
      for (let round = 0; round < 100; round++) {
        const answer = await mounts({ name: "data", mountPath: "/m", subPath: "sub/deep/x" }).catch(() => undefined);
        // The way below the volume is the runtime's to go again, by handles.
        if (answer !== undefined) expect(answer[0]).toMatchObject({ hostPath: data, subPath: "sub/deep/x" });
      }
    } finally {
      stop = true;
      await attacker;
    }
    await expect(stat(join(root, "pods/deep"))).rejects.toThrow("ENOENT");
  });
});

describe("NodeVolumeManager.readVolumeFile()", () => {
  test("readVolumeFile() reads from an emptyDir of the pod and nothing else", async () => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, "f"), "host");
    const { manager, objects, root } = await managerFixture();
    objects.setConfigMap("config", { f: "1" });
    await manager.mountPod(
      podWith([{ name: "data", emptyDir: {} }, configVolume, { name: "host", hostPath: { path: outside } }]),
    );
    await writeFile(join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/data/f"), "content");
    expect(Buffer.from((await manager.readVolumeFile("uid-1", "data", "f")) ?? []).toString()).toBe("content");
    expect(await manager.readVolumeFile("uid-1", "data", "none")).toBeUndefined();
    for (const [uid, volume] of [
      ["uid-1", "v"],
      ["uid-1", "host"],
      ["uid-1", "none"],
      ["uid-2", "data"],
    ] as const)
      await expect(manager.readVolumeFile(uid, volume, "f")).rejects.toThrow("is not an emptyDir of the pod");
  });
});
