import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { removeTree } from "../../src/volumes/remove-tree.ts";
import { managerFixture, podWith } from "./fakes.ts";
import { volumeView } from "./volume-view.ts";

const skip = reasonToSkip();
if (skip !== undefined) console.log(`file-systems.integration.test.ts is skipped: ${skip}`);

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting needs root";
  if (!existsSync("/bin/mount") && !existsSync("/usr/bin/mount")) return "there is no mount command";
  return undefined;
}

/** A directory that is a file system of its own, mounted with `options`. */
async function mountPoint(parent: string, name: string, options: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]);
  onTestFinished(() => void execFileSync("umount", [path]));
  return path;
}

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wherry-file-systems-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe.skipIf(skip !== undefined)("volumes on troubled file systems", () => {
  test("mountPod() says that the disk is full, leaves nothing torn, and goes on when there is space", async () => {
    const root = await mountPoint(await directory(), "root", "size=256k");
    const { manager, objects } = await managerFixture({ rootDirectory: root });
    objects.setConfigMap("config", { small: "1", big: "old" });
    const pod = podWith([{ name: "v", configMap: { name: "config" } }]);
    await manager.mountPod(pod);
    const path = join(root, "pods/uid-1/volumes/kubernetes.io~configmap/v");
    const before = { names: await readdir(path), view: await volumeView(path) };
    objects.setConfigMap("config", { small: "2", big: "x".repeat(300_000) });
    await expect(manager.mountPod(pod)).rejects.toMatchObject({
      code: "VolumeError",
      volume: "v",
      retryable: true,
      message: expect.stringMatching(/^MountVolume\.SetUp failed for volume "v": no space left on the device/),
    });
    expect({ names: await readdir(path), view: await volumeView(path) }).toEqual(before);
    objects.setConfigMap("config", { small: "3" });
    await manager.mountPod(pod);
    expect(await volumeView(path)).toEqual({ small: "644 3" });
  });

  test("mountPod() says that the file system is read-only", async () => {
    const root = await mountPoint(await directory(), "root", "size=256k");
    const { manager, objects } = await managerFixture({ rootDirectory: root });
    execFileSync("mount", ["-o", "remount,ro", root]);
    objects.setConfigMap("config", { key: "1" });
    for (const volume of [
      { name: "v", configMap: { name: "config" } },
      { name: "v", emptyDir: {} },
    ])
      await expect(manager.mountPod(podWith([volume]))).rejects.toThrow(
        /^MountVolume\.SetUp failed for volume "v": the file system is read-only/,
      );
  });

  test("unmountPod() refuses to delete through something that is mounted below the pod", async () => {
    const { manager, root } = await managerFixture();
    await manager.mountPod(podWith([{ name: "v", emptyDir: {} }]));
    const mounted = await mountPoint(join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/v"), "foreign", "size=64k");
    await writeFile(join(mounted, "keep"), "kept");
    await expect(manager.unmountPod("uid-1")).rejects.toThrow("another file system is mounted");
    expect(await readFile(join(mounted, "keep"), "utf8")).toBe("kept");
  });

  test("removeTree() removes directories without permissions as an ordinary user too", async () => {
    const base = await directory();
    await chmod(base, 0o777);
    await mkdir(join(base, "tree/locked"), { recursive: true });
    await writeFile(join(base, "tree/locked/file"), "");
    await chmod(join(base, "tree/locked"), 0);
    const user = 65534;
    execFileSync("chown", ["-R", String(user), join(base, "tree")]);
    // Threads of Node share the effective user with the rest of the process, so this one call is made alone.
    process.seteuid?.(user);
    try {
      await removeTree(base, "tree");
    } finally {
      process.seteuid?.(0);
    }
    expect(await readdir(base)).toEqual([]);
  });
});
