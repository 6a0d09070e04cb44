import { chmod, type FileHandle, link, mkdir, open, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeTree } from "../../src/volumes/remove-tree.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("removeTree() removes files, directories and links, and nothing behind links", async () => {
  const base = await temporaryDirectory();
  const outside = join(base, "outside");
  await mkdir(join(base, "tree/a/b"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "keep"), "kept");
  await symlink(outside, join(base, "tree/a/link"));
  await symlink(join(outside, "keep"), join(base, "tree/file-link"));
  await link(join(outside, "keep"), join(base, "tree/hard"));
  await removeTree(base, "tree");
  expect(await readdir(base)).toEqual(["outside"]);
  expect(await readFile(join(outside, "keep"), "utf8")).toBe("kept");
});

test("removeTree() removes a link in place of the tree without following it", async () => {
  const base = await temporaryDirectory();
  await mkdir(join(base, "outside"));
  await writeFile(join(base, "outside/keep"), "");
  await symlink("outside", join(base, "tree"));
  await removeTree(base, "tree");
  expect(await readdir(base)).toEqual(["outside"]);
  expect(await readdir(join(base, "outside"))).toEqual(["keep"]);
});

test("removeTree() does nothing when there is nothing", async () => {
  const base = await temporaryDirectory();
  await removeTree(base, "tree");
  expect(await readdir(base)).toEqual([]);
});

test("removeTree() removes directories without permissions and names that are not UTF-8", async () => {
  const base = await temporaryDirectory();
  await mkdir(join(base, "tree/locked"), { recursive: true });
  await writeFile(join(base, "tree/locked/file"), "");
  await writeFile(Buffer.concat([Buffer.from(`${base}/tree/`), Buffer.from([0xff, 0xfe])]), "");
  await mkdir(Buffer.concat([Buffer.from(`${base}/tree/`), Buffer.from([0xff])]));
  await chmod(join(base, "tree/locked"), 0);
  await removeTree(base, "tree");
  expect(await readdir(base)).toEqual([]);
});

test("removeTree() removes a tree far deeper than the longest path", async () => {
  const base = await temporaryDirectory();
  await mkdir(join(base, "tree"));
  let handle: FileHandle = await open(join(base, "tree"));
  const name = "n".repeat(100);
  for (let depth = 0; depth < 200; depth++) {
    const path = `/proc/self/fd/${handle.fd}/${name}`;
    await mkdir(path);
    const child = await open(path);
    await handle.close();
    handle = child;
  }
  await handle.close();
  await removeTree(base, "tree");
  expect(await readdir(base)).toEqual([]);
});
