import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { removeTree } from "../src/remove-tree.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("removeTree()", () => {
  test("removes files, directories and links, but not what links lead to", async () => {
    using sandbox = temporaryDirectory();
    mkdirSync(join(sandbox.path, "kept"));
    writeFileSync(join(sandbox.path, "kept/file"), "x");
    const tree = join(sandbox.path, "tree");
    mkdirSync(join(tree, "a/b/c"), { recursive: true });
    symlinkSync("../../kept", join(tree, "a/link"));
    for (let index = 0; index < 300; index++) writeFileSync(join(tree, "a/b", `${index}`), "x");
    await removeTree(tree);
    expect(existsSync(tree)).toBe(false);
    expect(readdirSync(join(sandbox.path, "kept"))).toEqual(["file"]);
  });

  test("removes a single file or link, and is content where nothing is", async () => {
    using sandbox = temporaryDirectory();
    writeFileSync(join(sandbox.path, "file"), "x");
    symlinkSync("file", join(sandbox.path, "link"));
    for (const name of ["link", "file", "missing"]) await removeTree(join(sandbox.path, name));
    expect(readdirSync(sandbox.path)).toEqual([]);
  });

  test("two at the same time are in nobody's way", async () => {
    using sandbox = temporaryDirectory();
    const tree = join(sandbox.path, "tree");
    for (let index = 0; index < 100; index++) mkdirSync(join(tree, `${index}/a`), { recursive: true });
    await Promise.all([removeTree(tree), removeTree(tree)]);
    expect(existsSync(tree)).toBe(false);
  });
});
