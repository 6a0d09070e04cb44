import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RootedTree } from "../src/rooted-tree.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A tree with links that lead out of it for whoever follows them carelessly. */
function hostileTree(byHandle: boolean): Disposable & { readonly root: string; readonly tree: RootedTree } {
  const sandbox = temporaryDirectory();
  const root = join(sandbox.path, "root");
  mkdirSync(join(root, "dir/sub"), { recursive: true });
  mkdirSync(join(root, "etc"));
  mkdirSync(join(sandbox.path, "etc"));
  writeFileSync(join(sandbox.path, "etc/passwd"), "outside");
  writeFileSync(join(root, "etc/passwd"), "inside");
  symlinkSync("/etc", join(root, "absolute"));
  symlinkSync("../../../../etc", join(root, "dir/climbing"));
  symlinkSync("/etc/passwd", join(root, "file"));
  symlinkSync("loop", join(root, "loop"));
  symlinkSync(".", join(root, "dot"));
  const tree = new RootedTree(root, byHandle);
  return {
    root,
    tree,
    [Symbol.dispose]: () => {
      tree[Symbol.dispose]();
      sandbox[Symbol.dispose]();
    },
  };
}

function names(tree: RootedTree, segments: readonly string[]): string[] {
  return Array.from(tree.list(tree.directory(segments)), ({ name }) => name);
}

describe.each([true, false])("RootedTree, by handle: %s", (byHandle) => {
  test.each([
    [["absolute", "passwd"]],
    [["dir", "climbing", "passwd"]],
    [["dot", "dot", "..", "dot", "etc", "passwd"]],
    [["..", "..", "etc", "passwd"]],
    [["dir", "sub", "..", "..", "..", "absolute", "passwd"]],
    [["file"]],
  ])("follow() resolves %j inside of the root", (segments) => {
    using hostile = hostileTree(byHandle);
    const place = hostile.tree.follow(segments);
    expect([...(place?.directory.segments ?? []), place?.name]).toEqual(["etc", "passwd"]);
    expect(place === undefined ? undefined : hostile.tree.stat(place)?.size).toBe("inside".length);
  });

  test("follow() answers undefined for what is not there, loops and paths through files", () => {
    using hostile = hostileTree(byHandle);
    for (const segments of [["missing"], ["missing", "x"], ["loop"], ["etc", "passwd", "x"], [".."], []])
      expect(hostile.tree.follow(segments)).toBeUndefined();
    expect(hostile.tree.follow(["loop", "x"])).toBeUndefined();
    expect(() => hostile.tree.locate(["loop", "x"], { create: false })).toThrow("too many symbolic links");
  });

  test.each([
    [["absolute"], ["etc"]],
    [["dir", "climbing"], ["etc"]],
    [
      ["dot", "dir", "sub"],
      ["dir", "sub"],
    ],
    [["dot"], []],
    [["dir", "sub", "..", ".."], []],
  ])("directory() takes %j to %j", (segments, expected) => {
    using hostile = hostileTree(byHandle);
    expect(hostile.tree.directory(segments).segments).toEqual(expected);
  });

  test("directory() throws the system's error for what is not there or is no directory", () => {
    using hostile = hostileTree(byHandle);
    expect(() => hostile.tree.directory(["dir", "missing"])).toThrow("ENOENT");
    for (const segments of [["etc", "passwd"], ["file"], ["etc", "passwd", "x"]])
      expect(() => hostile.tree.directory(segments)).toThrow("ENOTDIR");
  });

  test("locate() with create makes directories inside, through links too", () => {
    using hostile = hostileTree(byHandle);
    const place = hostile.tree.locate(["dir", "climbing", "new", "file"], { create: true });
    expect(place.directory.segments).toEqual(["etc", "new"]);
    expect(() => hostile.tree.locate(["etc", "passwd", "x"], { create: true })).toThrow("ENOTDIR");
  });

  test("remove() takes links away, not what they lead to", () => {
    using hostile = hostileTree(byHandle);
    const { tree } = hostile;
    tree.remove(tree.locate(["absolute"], { create: false }));
    expect(tree.follow(["absolute"])).toBeUndefined();
    expect(tree.follow(["etc", "passwd"])).toBeDefined();
  });

  test("remove() forgets handles below, so that a new directory of the name is opened anew", () => {
    using hostile = hostileTree(byHandle);
    const { tree } = hostile;
    tree.locate(["dir", "sub", "x"], { create: true });
    tree.remove(tree.locate(["dir"], { create: false }));
    expect(() => tree.locate(["dir", "sub", "x"], { create: false })).toThrow("ENOENT");
    tree.locate(["dir", "sub", "x"], { create: true });
    expect(names(tree, ["dir"])).toEqual(["sub"]);
  });

  test("trim() keeps few handles open and the tree usable", () => {
    using hostile = hostileTree(byHandle);
    const { tree } = hostile;
    for (let index = 0; index < 500; index++) {
      tree.locate(["many", `d${index}`, "x"], { create: true });
      tree.trim();
    }
    expect(names(tree, ["many"])).toHaveLength(500);
  });

  test("locate() tells of each directory before it makes it, and makes none when refused", () => {
    using hostile = hostileTree(byHandle);
    const { tree } = hostile;
    let left = 2;
    const onCreate = () => {
      if (left-- === 0) throw new Error("enough");
    };
    expect(() => tree.locate(["etc", "1", "2", "3", "x"], { create: true, onCreate })).toThrow("enough");
    expect(names(tree, ["etc", "1"])).toEqual(["2"]);
    expect(names(tree, ["etc", "1", "2"])).toEqual([]);
  });

  test("locate() gives up on links that lead through more names than any path has", () => {
    using hostile = hostileTree(byHandle);
    symlinkSync("dir/../".repeat(500), join(hostile.root, "winding"));
    expect(() => hostile.tree.locate(["winding", "winding", "x"], { create: false })).toThrow("more than 1024 names");
  });

  test.each(["a\0b", "x".repeat(256)])("locate() refuses the name %j", (name) => {
    using hostile = hostileTree(byHandle);
    expect(() => hostile.tree.locate([name], { create: false })).toThrow("A path has");
  });
});
