import { chmod, mkdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBeneath, resolveBeneath } from "../../src/volumes/resolve-beneath.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

async function tree(): Promise<{ root: string; outside: string }> {
  const base = await temporaryDirectory();
  const root = join(base, "root");
  const outside = join(base, "outside");
  await mkdir(join(root, "dir/sub"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(root, "dir/file"), "x");
  await writeFile(join(outside, "secret"), "x");
  return { root, outside };
}

describe("resolveBeneath()", () => {
  test.each([
    ["dir", "dir", true],
    ["dir/sub", "dir/sub", true],
    ["dir/file", "dir/file", false],
    ["./dir//sub/.", "dir/sub", true],
    ["dir/sub/../file", "dir/file", false],
    ["", "", true],
  ])("resolveBeneath() finds %j", async (relative, found, isDirectory) => {
    const { root } = await tree();
    expect(await resolveBeneath(root, relative)).toEqual({ path: found ? join(root, found) : root, isDirectory });
  });

  test.each([
    ["sub", "dir/link", "dir/sub"],
    ["../dir/file", "dir/link", "dir/file"],
    ["..data/key", "key", "..2026/key"],
  ])("resolveBeneath() follows a link to %j that stays beneath", async (target, link, found) => {
    const { root } = await tree();
    await mkdir(join(root, "..2026"));
    await writeFile(join(root, "..2026/key"), "x");
    await symlink("..2026", join(root, "..data"));
    await symlink(target, join(root, link));
    expect((await resolveBeneath(root, link)).path).toBe(join(root, found));
  });

  test.each(["..", "dir/../..", "../outside/secret", "/etc"])("resolveBeneath() refuses %j", async (relative) => {
    const { root } = await tree();
    await expect(resolveBeneath(root, relative)).rejects.toMatchObject({
      code: "InvalidVolume",
      message: expect.stringContaining("outside"),
    });
  });

  test.each(["../outside/secret", "/etc/passwd", "dir/../../outside/secret", "link2"])(
    "resolveBeneath() refuses a link to %j",
    async (target) => {
      const { root, outside } = await tree();
      await symlink(outside, join(root, "link2"));
      await symlink(target, join(root, "link"));
      for (const relative of ["link", "link/secret"])
        await expect(resolveBeneath(root, relative)).rejects.toMatchObject({ code: "InvalidVolume" });
    },
  );

  test("resolveBeneath() gives up on links in a circle", async () => {
    const { root } = await tree();
    await symlink("b", join(root, "a"));
    await symlink("a", join(root, "b"));
    await expect(resolveBeneath(root, "a")).rejects.toThrow("more than 40 links");
  });

  test("resolveBeneath() refuses to go through a file", async () => {
    const { root } = await tree();
    await expect(resolveBeneath(root, "dir/file/x")).rejects.toThrow("not a directory");
    await expect(resolveBeneath(root, "dir/file/..")).rejects.toThrow("not a directory");
  });

  test("resolveBeneath() says what is missing, or makes it with the mode asked for", async () => {
    const { root } = await tree();
    await expect(resolveBeneath(root, "dir/new/er")).rejects.toMatchObject({ code: "MissingReference" });
    expect((await resolveBeneath(root, "dir/new/er", { createMode: 0o777 })).path).toBe(join(root, "dir/new/er"));
    expect((await stat(join(root, "dir/new/er"))).mode & 0o777).toBe(0o777);
    expect((await stat(join(root, "dir/new"))).mode & 0o777).toBe(0o777);
    await chmod(join(root, "dir/new"), 0o700);
    await resolveBeneath(root, "dir/new/er", { createMode: 0o777 });
    expect((await stat(join(root, "dir/new"))).mode & 0o777).toBe(0o700);
  });

  test("resolveBeneath() never makes directories outside through a dangling link", async () => {
    const { root, outside } = await tree();
    await symlink("../outside/new", join(root, "link"));
    await expect(resolveBeneath(root, "link/x", { createMode: 0o755 })).rejects.toMatchObject({
      code: "InvalidVolume",
    });
    await expect(stat(join(outside, "new"))).rejects.toThrow("ENOENT");
  });

  test("resolveBeneath() refuses a root that became a link", async () => {
    const { root, outside } = await tree();
    await rename(root, `${root}-moved`);
    await symlink(outside, root);
    await expect(resolveBeneath(root, "secret")).rejects.toThrow();
  });

  test("resolveBeneath() is not led outside by a directory that turns into a link at any segment", async () => {
    for (const victim of ["dir", "sub", "x"]) {
      const { root, outside } = await tree();
      await mkdir(join(root, "dir/sub/x"), { recursive: true });
      await mkdir(join(outside, "sub/x"), { recursive: true });
      const path = { dir: "dir", sub: "dir/sub", x: "dir/sub/x" }[victim] as string;
      const onSegment = async (segment: string) => {
        if (segment !== victim) return;
        await rm(join(root, path), { recursive: true });
        await symlink(outside, join(root, path));
      };
      await expect(resolveBeneath(root, "dir/sub/x/y", { createMode: 0o755, onSegment })).rejects.toMatchObject({
        code: "InvalidVolume",
      });
      await expect(stat(join(outside, "sub/x/y"))).rejects.toThrow("ENOENT");
    }
  });

  test("resolveBeneath() stays beneath while somebody swaps directory and link as fast as they can", async () => {
    const { root, outside } = await tree();
    await mkdir(join(outside, "sub"));
    await symlink("../outside", join(root, "evil"));
    let stop = false;
    const attacker = (async () => {
      while (!stop) {
        await rename(join(root, "dir"), join(root, "spare"));
        await rename(join(root, "evil"), join(root, "dir"));
        await rename(join(root, "dir"), join(root, "evil"));
        await rename(join(root, "spare"), join(root, "dir"));
      }
    })();
    const outcomes = { found: 0, refused: 0 };
    try {
      for (let round = 0; round < 300; round++) {
        try {
          const { path } = await resolveBeneath(root, "dir/sub");
          outcomes.found++;
          expect(path).toBe(join(root, "dir/sub"));
        } catch (error) {
          if (!(error instanceof Error && "code" in error)) throw error;
          outcomes.refused++;
        }
      }
    } finally {
      stop = true;
      await attacker;
    }
    expect(outcomes.found + outcomes.refused).toBe(300);
    expect(outcomes.found).toBeGreaterThan(0);
  });
});

describe("readBeneath()", () => {
  test("readBeneath() reads a regular file, also through a link that stays beneath", async () => {
    const { root } = await tree();
    await symlink("dir/file", join(root, "link"));
    for (const path of ["dir/file", "link"]) expect((await readBeneath(root, path, 10))?.toString()).toBe("x");
    await writeFile(join(root, "empty"), "");
    expect(await readBeneath(root, "empty", 0)).toHaveLength(0);
    expect(await readBeneath(root, "none", 10)).toBeUndefined();
  });

  test("readBeneath() refuses what is outside, too large or no file", async () => {
    const { root } = await tree();
    await writeFile(join(root, "large"), "12345");
    await symlink("../outside/secret", join(root, "evil"));
    await expect(readBeneath(root, "evil", 10)).rejects.toThrow("leads outside");
    await expect(readBeneath(root, "large", 4)).rejects.toThrow("larger than 4 bytes");
    expect(await readBeneath(root, "large", 5)).toHaveLength(5);
    await expect(readBeneath(root, "dir", 10)).rejects.toThrow("not a regular file");
  });
});
