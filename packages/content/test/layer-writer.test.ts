import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, sep } from "node:path";
import { createLogger, type LogEntry, silentLogger } from "@wherry/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linkInsideTree, splitArchivePath } from "../src/archive-path.ts";
import { UnpackBudget } from "../src/layer-limits.ts";
import { LayerWriter } from "../src/layer-writer.ts";
import { type TarInput, tarEntry, tarOf } from "./tar-builder.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

async function* whole(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const file = (path: string, content = path): TarInput => ({ path, content: Buffer.from(content) });
const link = (path: string, target: string): TarInput => ({ path, type: "2", link: target });
const hardLink = (path: string, target: string): TarInput => ({ path, type: "1", link: target });
const directory = (path: string, mode = 0o755): TarInput => ({ path: `${path}/`, type: "5", mode });

/** Applies layers and answers a description of the tree: contents of files, `-> target` of links, `/` for directories. */
async function unpack(root: string, ...layers: readonly (readonly TarInput[])[]): Promise<Record<string, string>> {
  using writer = new LayerWriter(root, new UnpackBudget({}), silentLogger);
  for (const layer of layers) await writer.apply(whole(tarOf(layer)));
  writer.finish();
  return describeTree(root);
}

function describeTree(root: string): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const path of walk(root)) {
    const name = path.slice(root.length + 1);
    const stat = lstatSync(path);
    if (stat.isDirectory()) tree[name] = "/";
    else tree[name] = stat.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, "utf8");
  }
  return tree;
}

/** Everything below a directory; Node's own recursive listing would follow links. */
function* walk(directory: string): Generator<string> {
  for (const name of readdirSync(directory).toSorted()) {
    const path = join(directory, name);
    yield path;
    if (lstatSync(path).isDirectory()) yield* walk(path);
  }
}

describe("LayerWriter", () => {
  test("writes files, links and directories, with modes but without set-ID bits", async () => {
    using sandbox = temporaryDirectory();
    const tree = await unpack(sandbox.path, [
      directory("bin", 0o1777),
      { ...file("bin/app"), mode: 0o6755, mtimeSeconds: 5000 },
      link("bin/sh", "app"),
      hardLink("bin/copy", "bin/app"),
      file("implicit/parent/file"),
      { ...file("locked"), mode: 0 },
    ]);
    expect(tree).toEqual({
      bin: "/",
      "bin/app": "bin/app",
      "bin/sh": "-> app",
      "bin/copy": "bin/app",
      implicit: "/",
      "implicit/parent": "/",
      "implicit/parent/file": "implicit/parent/file",
      locked: "locked",
    });
    const app = statSync(join(sandbox.path, "bin/app"));
    expect([app.mode & 0o7777, app.mtimeMs, app.nlink]).toEqual([0o755, 5_000_000, 2]);
    expect(statSync(join(sandbox.path, "bin")).mode & 0o7777).toBe(0o777);
    expect(statSync(join(sandbox.path, "bin")).mtimeMs).toBe(1_000_000_000_000);
    expect(statSync(join(sandbox.path, "locked")).mode & 0o777).toBe(0o400);
  });

  test("later layers replace whatever was there", async () => {
    using sandbox = temporaryDirectory();
    const tree = await unpack(
      sandbox.path,
      [file("a"), directory("b"), file("b/x"), link("c", "a"), directory("d"), file("d/keep")],
      [directory("a"), file("a/inside"), file("b", "now a file"), file("c", "not through the link"), directory("d")],
    );
    expect(tree).toEqual({
      a: "/",
      "a/inside": "a/inside",
      b: "now a file",
      c: "not through the link",
      d: "/",
      "d/keep": "d/keep",
    });
  });

  test("finish() passes over directories that a later layer replaced with a link to itself", async () => {
    using sandbox = temporaryDirectory();
    expect(await unpack(sandbox.path, [directory("c"), directory("c/a")], [link("c", "c")])).toEqual({ c: "-> c" });
  });

  test("whiteouts remove what lower layers made, and nothing of their own layer", async () => {
    using sandbox = temporaryDirectory();
    const tree = await unpack(
      sandbox.path,
      [file("dir/old"), file("dir/sub/old"), file("gone/x"), file("kept"), file("opaque/old"), file("opaque/sub/old")],
      [
        file("dir/.wh.old", ""),
        file("dir/new"),
        file(".wh.gone", ""),
        file("gone-not/there/.wh.x", ""),
        file("opaque/new"),
        file("opaque/sub/new"),
        // Last on purpose: the order within a layer is free.
        file("opaque/.wh..wh..opq", ""),
        file(".wh..wh.plnk", ""),
        file("replaced/.wh.missing", ""),
      ],
    );
    expect(Object.keys(tree).toSorted()).toEqual([
      "dir",
      "dir/new",
      "dir/sub",
      "dir/sub/old",
      "kept",
      "opaque",
      "opaque/new",
      "opaque/sub",
      "opaque/sub/new",
    ]);
  });

  test("paths through links of the image stay inside of it", async () => {
    using sandbox = temporaryDirectory();
    const tree = await unpack(
      sandbox.path,
      [
        directory("usr"),
        directory("usr/lib"),
        link("lib", "/usr/lib"),
        link("up", "../../../usr"),
        link("loop", "loop"),
      ],
      [file("lib/libc.so"), file("./lib//y")],
    );
    expect(tree).toMatchObject({ lib: "-> usr/lib", "usr/lib/libc.so": "lib/libc.so" });
    expect(tree).not.toHaveProperty("up");
    using other = temporaryDirectory();
    await expect(unpack(other.path, [link("loop", "loop"), file("loop/x")])).rejects.toThrow("too many symbolic links");
  });

  test.each<[string, readonly TarInput[], string]>([
    ["a name that climbs", [file("a/../../evil")], "climbs out"],
    ["a name that climbs at once", [file("../evil")], "climbs out"],
    ["a hard link to the outside", [hardLink("a", "../../etc/passwd")], "climbs out"],
    ["a hard link to nothing", [hardLink("a", "missing")], "not there"],
    ["a hard link through a file", [file("a"), hardLink("b", "a/x")], "not there"],
    ["a hard link that replaces its target's directory", [file("d/x"), hardLink("d", "d/x")], "replaces"],
    ["a name that is too long", [file(`a/${"b".repeat(300)}`)], "longer than 255"],
    ["a path that is too long", [file("a/".repeat(3000))], "longer than 3072"],
    ["a path that is too deep", [file(`${"a/".repeat(500)}b`)], "deeper than"],
  ])("refuses %s", async (_name, entries, problem) => {
    using sandbox = temporaryDirectory();
    await expect(unpack(sandbox.path, entries)).rejects.toThrow(problem);
  });

  test("takes absolute names as from the image's root", async () => {
    using sandbox = temporaryDirectory();
    expect(await unpack(sandbox.path, [file("/etc/motd"), directory("/"), directory(".")])).toEqual({
      etc: "/",
      "etc/motd": "/etc/motd",
    });
  });

  test("leaves devices, pipes and links that lead out aside, with a warning", async () => {
    using sandbox = temporaryDirectory();
    const entries: LogEntry[] = [];
    using writer = new LayerWriter(
      sandbox.path,
      new UnpackBudget({}),
      createLogger((entry) => entries.push(entry)),
    );
    const layer = [
      { path: "null", type: "3" },
      { path: "disk", type: "4" },
      { path: "pipe", type: "6" },
      { path: "strange", type: "Z" },
      link("out", "../x"),
      link("sub/out", "a/../../../x"),
      file("kept"),
      link("kept-link", "kept"),
      hardLink("link-to-link", "kept-link"),
    ];
    await writer.apply(whole(tarOf(layer)));
    expect(describeTree(sandbox.path)).toEqual({ kept: "kept", "kept-link": "-> kept", sub: "/" });
    expect(entries.map(({ fields }) => fields["path"])).toEqual([
      "null",
      "disk",
      "pipe",
      "strange",
      "out",
      "sub/out",
      "link-to-link",
    ]);
  });

  test("stops at the limits, and names the entry it had come to", async () => {
    using sandbox = temporaryDirectory();
    using writer = new LayerWriter(sandbox.path, new UnpackBudget({ maxEntries: 2 }), silentLogger);
    await expect(writer.apply(whole(tarOf([file("a"), file("b"), file("c/d")])))).rejects.toMatchObject({
      code: "TooLarge",
      message: 'entry "c/d": The image unpacks to more than 2 files, directories and links',
    });
    expect(readdirSync(sandbox.path)).toEqual(["a", "b"]);
    const budget = new UnpackBudget({ maxBytes: 1000 });
    budget.countBytes(1000);
    expect(() => budget.countBytes(1)).toThrow("more than 1000 bytes");
  });

  test("counts directories that no entry names, so that few entries cannot make many", async () => {
    using sandbox = temporaryDirectory();
    const budget = new UnpackBudget({ maxEntries: 1000 });
    using writer = new LayerWriter(sandbox.path, budget, silentLogger);
    const hostile = Array.from({ length: 100 }, (_, index) => file(`${index}/${"d/".repeat(250)}f`));
    await expect(writer.apply(whole(tarOf(hostile)))).rejects.toMatchObject({
      code: "TooLarge",
      message: expect.stringMatching(/^entry "3\/d\/.*more than 1000 files, directories and links$/),
    });
    expect([...walk(sandbox.path)]).toHaveLength(1000 - 1);
    expect(writer.rememberedPaths).toBeLessThanOrEqual(1000);
  });

  test.each<[string, readonly TarInput[]]>([
    ["long names", Array.from({ length: 600 }, (_, index) => file(`${index}${"n".repeat(250)}`))],
    ["a deep tree again and again", Array.from({ length: 600 }, (_, index) => file(`${"deep/".repeat(200)}${index}`))],
    [
      "whiteouts of many names",
      Array.from({ length: 600 }, (_, index) => file(`no/.wh.${index}${"n".repeat(200)}`, "")),
    ],
    ["opaque whiteouts of one directory", Array.from({ length: 600 }, () => file("a/.wh..wh..opq", ""))],
    ["one file replaced", Array.from({ length: 600 }, () => file("same"))],
    ["links", Array.from({ length: 600 }, (_, index) => link(`${index}`, "x".repeat(4000)))],
  ])("remembers no more paths than it counts: %s", async (_name, entries) => {
    using sandbox = temporaryDirectory();
    const budget = new UnpackBudget({ maxEntries: 500 });
    using writer = new LayerWriter(sandbox.path, budget, silentLogger);
    await writer.apply(whole(tarOf([directory("a")])));
    await expect(writer.apply(whole(tarOf(entries)))).rejects.toMatchObject({ code: "TooLarge" });
    expect(writer.rememberedPaths).toBeLessThanOrEqual(budget.entries);
  });

  test("refuses a path that links of the image make longer than one can be", async () => {
    using sandbox = temporaryDirectory();
    const half = Array.from({ length: 8 }, () => "h".repeat(200)).join("/");
    const entries = [directory(half), link("long", half), file(`long/${half}`)];
    await expect(unpack(sandbox.path, entries)).rejects.toMatchObject({
      code: "UnsafeArchive",
      message: 'entry "long/HALF": A path is longer than 3072 bytes'.replace("HALF", half.slice(0, 195)),
    });
  });

  test("an opaque whiteout finds everything of a large directory, and only what is not its own layer's", async () => {
    using sandbox = temporaryDirectory();
    const names = Array.from({ length: 500 }, (_, index) => `d/${index}`);
    const kept = names.filter((_, index) => index % 7 === 0);
    const tree = await unpack(
      sandbox.path,
      names.map((name) => file(name)),
      [...kept.map((name) => file(name)), file("d/.wh..wh..opq", "")],
    );
    expect(Object.keys(tree).toSorted()).toEqual(["d", ...kept].toSorted());
  });

  test("keeps few directories open, however deep a path leads", async () => {
    using sandbox = temporaryDirectory();
    using writer = new LayerWriter(sandbox.path, new UnpackBudget({}), silentLogger);
    const before = readdirSync("/proc/self/fd").length;
    let most = 0;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      const entries = [file(`${"a/".repeat(200)}f`), hardLink(`${"b/".repeat(200)}f`, `${"a/".repeat(200)}f`)];
      for (const entry of entries) {
        yield tarEntry(entry);
        most = Math.max(most, readdirSync("/proc/self/fd").length);
      }
    };
    await writer.apply(watched());
    expect(statSync(join(sandbox.path, `${"b/".repeat(200)}f`)).nlink).toBe(2);
    expect(most - before).toBeLessThan(80);
  });

  test("nothing a hostile archive does reaches outside, and no link left behind leads outside", async () => {
    const name = fc.constantFrom("a", "b", "c", ".", "..", "", "x\u0000", ".wh.a", ".wh.b", ".wh..wh..opq");
    const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));
    const target = fc
      .tuple(fc.constantFrom("", "/", "../", "../../", "/proc/self/root/"), path)
      .map((parts) => parts.join(""));
    const entry = fc.record({
      path: fc.tuple(fc.constantFrom("", "/", "./"), path).map((parts) => parts.join("")),
      type: fc.constantFrom("0", "0", "1", "2", "2", "2", "5", "3"),
      link: target,
      content: fc.constant(Buffer.from("x")),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 3 }), async (layers) => {
        using sandbox = temporaryDirectory();
        const root = join(sandbox.path, "image", "rootfs");
        mkdirSync(root, { recursive: true });
        // What a climbing path would hit.
        for (const outside of ["a", "b", "c"]) {
          writeFileSync(join(sandbox.path, outside), "outside");
          mkdirSync(join(sandbox.path, "image", outside));
          symlinkSync("nowhere", join(sandbox.path, "image", outside, "b"));
        }
        const before = outsideOf(sandbox.path, root);
        using writer = new LayerWriter(root, new UnpackBudget({}), silentLogger);
        for (const layer of layers) {
          try {
            await writer.apply(whole(tarOf(layer)));
          } catch (error) {
            expect(["ContentError", "Error"]).toContain((error as Error).name);
          }
        }
        writer.finish();
        expect(outsideOf(sandbox.path, root)).toEqual(before);
        expectLinksInside(root);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

function outsideOf(sandbox: string, root: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(describeTree(sandbox)).filter(([name]) => !join(sandbox, name).startsWith(root)),
  );
}

/** Follows every link as a program that knows nothing of the tree would. */
function expectLinksInside(root: string): void {
  for (const path of walk(root)) {
    const stat = lstatSync(path);
    expect(stat.isFile() || stat.isDirectory() || stat.isSymbolicLink()).toBe(true);
    if (!stat.isSymbolicLink()) continue;
    try {
      const real = realpathSync(path);
      expect(real === root || real.startsWith(root + sep)).toBe(true);
    } catch (error) {
      expect(["ENOENT", "ELOOP", "ENOTDIR"]).toContain((error as NodeJS.ErrnoException).code);
    }
  }
}

describe("linkInsideTree()", () => {
  test.each<[string, string, string | undefined]>([
    ["usr/bin", "../lib/x", "../lib/x"],
    ["usr/bin", "/lib/x", "../../lib/x"],
    ["usr/bin", "/", "../.."],
    ["", "/etc", "etc"],
    ["", "/", "."],
    ["", "./a//b/", "a/b"],
    ["usr", "..", ".."],
    ["usr", "../..", undefined],
    ["usr", "/../../etc", "../etc"],
    ["usr", "a/../b", undefined],
    ["usr", "", undefined],
    ["usr", "a\0b", undefined],
  ])("from %j to %j: %j", (from, target, expected) => {
    expect(linkInsideTree(from.split("/").filter(Boolean), target)).toBe(expected);
  });
});

describe("splitArchivePath()", () => {
  test("drops empty and dot segments", () => {
    expect(splitArchivePath("/./a//b/./c/")).toEqual(["a", "b", "c"]);
    expect(splitArchivePath("./")).toEqual([]);
  });
});
