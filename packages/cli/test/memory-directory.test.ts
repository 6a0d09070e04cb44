import { chmodSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineDirectory, openMemoryDirectory, releaseMemoryDirectory } from "../src/node/memory-directory.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherry-cli-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe.skipIf(!existsSync("/dev/shm"))("openMemoryDirectory()", () => {
  test("openMemoryDirectory() finds the same directory again, closed to others", async () => {
    const root = temporaryDirectory();
    const path = (await openMemoryDirectory(root)) ?? "";
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(await openMemoryDirectory(root)).toBe(path);
    const other = (await openMemoryDirectory(join(root, "other"))) ?? "";
    onTestFinished(() => rmSync(other, { recursive: true, force: true }));
    expect(other).not.toBe(path);
  });

  test("openMemoryDirectory() refuses a directory that others may write to", async () => {
    const root = temporaryDirectory();
    const path = (await openMemoryDirectory(root)) ?? "";
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    chmodSync(path, 0o777);
    await expect(openMemoryDirectory(root)).rejects.toThrow(`Cannot use "${path}"`);
  });
});

describe("engineDirectory()", () => {
  test("engineDirectory() is in memory, and linked to from the disk", async () => {
    const root = temporaryDirectory();
    expect(await engineDirectory(root, "/memory")).toBe("/memory/engine");
    expect(await engineDirectory(root, "/memory")).toBe("/memory/engine");
    expect(readlinkSync(join(root, "engine"))).toBe("/memory/engine");
  });

  test("engineDirectory() stays on the disk where it is there already, and where there is no memory", async () => {
    const root = temporaryDirectory();
    expect(await engineDirectory(root, undefined)).toBe(join(root, "engine"));
    mkdirSync(join(root, "engine"));
    expect(await engineDirectory(root, "/memory")).toBe(join(root, "engine"));
  });
});

test("releaseMemoryDirectory() removes what no host process needs, and nothing while one is left", async () => {
  const memory = join(temporaryDirectory(), "memory");
  const engine = join(memory, "engine");
  mkdirSync(join(memory, "pods/uid/secret"), { recursive: true });
  mkdirSync(join(engine, "sandboxes/one"), { recursive: true });
  await releaseMemoryDirectory(memory, engine);
  expect(existsSync(join(memory, "pods/uid/secret"))).toBe(true);
  rmSync(join(engine, "sandboxes/one"), { recursive: true });
  await releaseMemoryDirectory(memory, engine);
  expect(existsSync(memory)).toBe(false);
});
