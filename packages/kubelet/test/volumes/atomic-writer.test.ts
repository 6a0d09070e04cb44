import { lstat, mkdir, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Payload, payloadPathProblem, writeAtomically } from "../../src/volumes/atomic-writer.ts";
import { diskFileSystem, memoryFileSystem } from "../../src/volumes/writer-file-system.ts";
import { failingFileSystem } from "./failing-file-system.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { payloadOf, payloadView, volumeView } from "./volume-view.ts";

const nowMs = Date.UTC(2026, 0, 31, 12, 5, 9);
const fileSystems = [
  { name: "on disk", fileSystem: diskFileSystem },
  { name: "in memory", fileSystem: memoryFileSystem },
];

describe.each(fileSystems)("writeAtomically() $name", ({ fileSystem }) => {
  const write = (directory: string, payload: Payload) => writeAtomically(directory, payload, { nowMs, fileSystem });

  test("writeAtomically() makes the layout of upstream's atomic writer with relative links", async () => {
    const directory = await temporaryDirectory();
    expect(await write(directory, payloadOf({ key: "value", "deep/er/key": { data: "x", mode: 0o400 } }))).toBe(true);
    const payloadDirectory = await readlink(join(directory, "..data"));
    expect(payloadDirectory).toMatch(/^\.\.2026_01_31_12_05_09\.\w+$/);
    expect((await readdir(directory)).sort()).toEqual(["..data", payloadDirectory, "deep", "key"].sort());
    expect(await readlink(join(directory, "key"))).toBe("..data/key");
    expect(await readlink(join(directory, "deep"))).toBe("..data/deep");
    expect(await volumeView(directory)).toEqual({ key: "644 value", "deep/er/key": "400 x" });
  });

  test("writeAtomically() sets modes whatever the umask is", async () => {
    const directory = await temporaryDirectory();
    await write(directory, payloadOf({ "a/b": { data: "x", mode: 0o777 } }));
    expect((await stat(join(directory, "a/b"))).mode & 0o777).toBe(0o777);
    expect((await stat(join(directory, "a"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(directory, "..data/"))).mode & 0o777).toBe(0o755);
  });

  test("writeAtomically() writes nothing when content and modes are equal", async () => {
    const directory = await temporaryDirectory();
    const payload = payloadOf({ a: "1", "b/c": { data: "2", mode: 0o600 } });
    await write(directory, payload);
    const before = await readlink(join(directory, "..data"));
    expect(await write(directory, payload)).toBe(false);
    expect(await readlink(join(directory, "..data"))).toBe(before);
  });

  test.each([
    ["other content of equal length", { a: "2" }],
    ["another mode", { a: { data: "1", mode: 0o600 } }],
    ["another file", { a: "1", b: "" }],
    ["no file", {}],
    ["a directory in place of the file", { "a/b": "1" }],
  ])("writeAtomically() swaps for %s and removes what is obsolete", async (_, files) => {
    const directory = await temporaryDirectory();
    await write(directory, payloadOf({ a: "1", old: "x" }));
    const before = await readlink(join(directory, "..data"));
    expect(await write(directory, payloadOf(files))).toBe(true);
    expect(await volumeView(directory)).toEqual(payloadView(payloadOf(files)));
    const names = await readdir(directory);
    expect(names).not.toContain(before);
    expect(names).not.toContain("old");
    expect(names.filter((name) => name.startsWith(".."))).toHaveLength(2);
  });

  test("writeAtomically() repairs links and removes leftovers even when the content is equal", async () => {
    const directory = await temporaryDirectory();
    const payload = payloadOf({ a: "1" });
    await write(directory, payload);
    await mkdir(join(directory, "..2020_01_01_00_00_00.crashd/sub"), { recursive: true });
    const { unlink, symlink } = await import("node:fs/promises");
    await unlink(join(directory, "a"));
    await symlink("..data/gone", join(directory, "gone"));
    expect(await write(directory, payload)).toBe(false);
    expect(await readdir(directory)).toHaveLength(3);
    expect(await volumeView(directory)).toEqual({ a: "644 1" });
    await expect(lstat(join(directory, "gone"))).rejects.toThrow("ENOENT");
  });

  test.each([
    "",
    "/etc/passwd",
    "../x",
    "a/../../x",
    "..data",
    "..x",
    "a//b",
    "./a",
    "a/.",
    `${"n".repeat(256)}`,
    "a\0b",
  ])("writeAtomically() refuses the path %j", async (path) => {
    const directory = await temporaryDirectory();
    expect(payloadPathProblem(path)).toBeDefined();
    await expect(write(directory, payloadOf({ [path]: "x" }))).rejects.toThrow(/^invalid path .* in volume: /);
    expect(await readdir(directory)).toEqual([]);
  });

  test("writeAtomically() refuses a file in place of another's directory", async () => {
    const directory = await temporaryDirectory();
    await expect(write(directory, payloadOf({ a: "x", "a/b": "y" }))).rejects.toThrow(
      'path "a" in volume is a file, but "a/b" needs a directory',
    );
  });
});

const arbitraryPayload = fc
  .dictionary(
    fc.constantFrom("a", "b", "c", "d/e", "d/f", "g/h/i"),
    fc.record({ data: fc.string({ maxLength: 8 }), mode: fc.constantFrom(0o644, 0o600, 0o444) }),
    { maxKeys: 4 },
  )
  .map(payloadOf);

const seed = Number(process.env["WHERRY_TEST_SEED"] ?? Date.now() % 1_000_000);

describe.each(fileSystems)(`writeAtomically() $name, breaking off at each call (seed ${seed})`, ({ fileSystem }) => {
  const write = (directory: string, payload: Payload) => writeAtomically(directory, payload, { nowMs, fileSystem });

  test("writeAtomically() leaves old or new when the process dies, and the next call completes it", async () => {
    const parent = await temporaryDirectory();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryPayload, arbitraryPayload, arbitraryPayload, async (before, after, then) => {
        for (let failAt = 0; ; failAt++) {
          const directory = join(parent, String(run++));
          await mkdir(directory);
          await write(directory, before);
          const death = failingFileSystem(fileSystem, failAt, new Error("died"), { forever: true });
          const died = await writeAtomically(directory, after, { nowMs, fileSystem: death.fileSystem }).then(
            () => false,
            () => true,
          );
          const views = [payloadView(before), payloadView(after)];
          expect(views).toContainEqual(await volumeView(directory));
          await write(directory, then);
          expect(await volumeView(directory)).toEqual(payloadView(then));
          const leftovers = (await readdir(directory)).filter((name) => name.startsWith(".."));
          expect(leftovers).toHaveLength(2);
          if (!died && failAt >= death.calls) break;
        }
      }),
      { seed, numRuns: 5 },
    );
  }, 60_000);

  test("writeAtomically() keeps the old content and nothing half-written when the disk is full", async () => {
    const parent = await temporaryDirectory();
    const before = payloadOf({ a: "old", b: "old" });
    const after = payloadOf({ a: "new", "c/d": "new" });
    const full = Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    for (let failAt = 0; ; failAt++) {
      const directory = join(parent, String(failAt));
      await mkdir(directory);
      await write(directory, before);
      const disk = failingFileSystem(fileSystem, failAt, full, { forever: false });
      const result = await writeAtomically(directory, after, { nowMs, fileSystem: disk.fileSystem }).catch(
        (error: unknown) => error,
      );
      if (result === true) {
        expect(failAt).toBeGreaterThanOrEqual(disk.calls);
        break;
      }
      expect(result).toBe(full);
      expect([payloadView(before), payloadView(after)]).toContainEqual(await volumeView(directory));
      expect(await write(directory, after)).toBeTypeOf("boolean");
      expect(await volumeView(directory)).toEqual(payloadView(after));
    }
  });
});
