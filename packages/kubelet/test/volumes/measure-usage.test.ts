import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { measureUsage } from "../../src/volumes/measure-usage.ts";
import { managerFixture, podWith } from "./fakes.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("measureUsage() counts blocks of everything below, hard links once, and follows no link", async () => {
  const base = await temporaryDirectory();
  await mkdir(join(base, "tree/sub"), { recursive: true });
  await writeFile(join(base, "outside"), Buffer.alloc(1_000_000, 1));
  await writeFile(join(base, "tree/sub/file"), Buffer.alloc(100_000, 1));
  const before = await measureUsage(join(base, "tree"));
  expect(before).toMatchObject({ inodes: 3, complete: true });
  expect(before.bytes).toBeGreaterThanOrEqual(100_000);
  expect(before.bytes).toBeLessThan(200_000);
  await link(join(base, "tree/sub/file"), join(base, "tree/again"));
  await symlink(join(base, "outside"), join(base, "tree/link"));
  const after = await measureUsage(join(base, "tree"));
  expect(after.inodes).toBe(4);
  expect(after.bytes - before.bytes).toBeLessThan(50_000);
});

test("measureUsage() ends at its limits and says so", async () => {
  const base = await temporaryDirectory();
  for (let i = 0; i < 10; i++) await writeFile(join(base, String(i)), "");
  expect(await measureUsage(base, { maxEntries: 5 })).toMatchObject({ inodes: 5, complete: false });
  expect(await measureUsage(join(base, "none"))).toEqual({ bytes: 0, inodes: 0, complete: true });
  await expect(measureUsage(base, { signal: AbortSignal.abort() })).rejects.toThrow();
});

test("volumeUsage() measures the volumes that are asked for", async () => {
  const { manager, root, objects } = await managerFixture();
  objects.setConfigMap("settings", { a: "x".repeat(50_000) });
  await manager.mountPod(
    podWith([
      { name: "full", emptyDir: {} },
      { name: "other", emptyDir: {} },
      { name: "settings", configMap: { name: "settings" } },
      { name: "tools", image: { reference: "tools:v1" } },
    ]),
  );
  const directory = join(root, "pods/uid-1/volumes/kubernetes.io~empty-dir/full");
  const empty = await manager.volumeUsage("uid-1", ["full"]);
  await writeFile(join(directory, "file"), Buffer.alloc(100_000, 1));
  const usage = await manager.volumeUsage("uid-1", ["full", "settings", "tools", "unknown"]);
  expect([...usage.keys()]).toEqual(["full", "settings"]);
  expect((usage.get("full") ?? 0) - (empty.get("full") ?? 0)).toBeGreaterThanOrEqual(100_000);
  expect(usage.get("settings")).toBeGreaterThanOrEqual(50_000);
  expect(await manager.volumeUsage("uid-2", ["full"])).toEqual(new Map());
});
