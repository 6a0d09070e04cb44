import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLogger, type LogEntry, type Logger, silentLogger } from "@wherry/base";
import { digestOf } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import { openContentStore, resolveVolumeImage } from "../src/index.ts";
import type { UnpackLimits } from "../src/layer-limits.ts";
import type { UnpackJob } from "../src/unpack-job.ts";
import { threadUnpacker } from "../src/unpacker.ts";
import { storeImage, tarLayer } from "./stored-images.ts";
import { type TarInput, tarOf } from "./tar-builder.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const file = (path: string): TarInput => ({ path, content: Buffer.from(path) });
const many = (count: number, prefix = "f"): TarInput[] =>
  Array.from({ length: count }, (_, index) => file(`${prefix}${index}`));
const script = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);
/** Never aborted. */
const signal = new AbortController().signal;

/** A job for one layer in a directory, which gets the blob and the root. */
function jobIn(directory: string, entries: readonly TarInput[], limits: UnpackLimits = {}): UnpackJob {
  const archive = tarOf(entries);
  const path = join(directory, "blob");
  writeFileSync(path, archive);
  const digest = digestOf(archive);
  const root = join(directory, "root");
  mkdirSync(root, { recursive: true });
  return { root, layers: [{ digest, path, compression: "none", diffId: digest }], limits };
}

/** Open files below a directory. */
function openBelow(directory: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${descriptor}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** Aborts a controller at the first entry of its log. */
function abortingLogger(controller: AbortController): Logger {
  return createLogger(() => controller.abort(new Error("enough")));
}

describe("threadUnpacker()", () => {
  test("answers what was written, and hands warnings on", async () => {
    using sandbox = temporaryDirectory();
    const entries: LogEntry[] = [];
    const unpacker = threadUnpacker({ logger: createLogger((entry) => entries.push(entry)) });
    const job = jobIn(sandbox.path, [file("a/b"), { path: "device", type: "3" }]);
    expect(await unpacker.run(job, signal)).toEqual({ sizeBytes: 3, entries: 3, isDurable: true });
    expect(readdirSync(join(job.root, "a"))).toEqual(["b"]);
    expect(entries).toMatchObject([{ level: "warn", fields: { path: "device", type: "character-device" } }]);
  });

  test("carries errors over with their code, and says which layer and entry", async () => {
    using sandbox = temporaryDirectory();
    const unpacker = threadUnpacker({ logger: silentLogger });
    const deep = jobIn(sandbox.path, [file("fine"), file(`${"d/".repeat(255)}f`)], { maxEntries: 100 });
    await expect(unpacker.run(deep, signal)).rejects.toMatchObject({
      name: "ContentError",
      code: "TooLarge",
      message: expect.stringMatching(
        /^layer sha256:[0-9a-f]{64}: entry "d\/d\/.*": The image unpacks to more than 100 files, directories and links$/,
      ),
    });
    const [layer] = deep.layers;
    const missing = { ...deep, layers: [{ ...layer!, path: join(sandbox.path, "missing") }] };
    await expect(unpacker.run(missing, signal)).rejects.toMatchObject({ name: "Error", code: "ENOENT" });
  });

  test("aborted, it ends its thread, also one that computes, leaves no file open, and says why", async () => {
    using sandbox = temporaryDirectory();
    const controller = new AbortController();
    const job = jobIn(sandbox.path, [file("a")]);
    const computing = `
      import { openSync } from "node:fs";
      import { parentPort, workerData } from "node:worker_threads";
      openSync(workerData.layers[0].path);
      parentPort.postMessage({ kind: "warning", message: "", fields: {} });
      for (;;);`;
    const unpacker = threadUnpacker({ logger: abortingLogger(controller), entry: script(computing) });
    await expect(unpacker.run(job, controller.signal)).rejects.toThrow("enough");
    expect(openBelow(sandbox.path)).toEqual([]);
    // Another one does not even begin.
    await expect(unpacker.run(job, controller.signal)).rejects.toThrow("enough");
  });

  test.each([
    ["that throws", "throw new Error('oh')", "UnpackerFailed", "The unpacking thread failed: oh"],
    ["that exits", "process.exit(3)", "UnpackerFailed", "The unpacking thread failed: it ended with exit code 3"],
    ["that says nothing", "", "UnpackerFailed", "The unpacking thread failed: it ended with exit code 0"],
    [
      "that fills its memory",
      "const all = []; for (;;) all.push({ again: all.length.toString().repeat(10) });",
      "TooLarge",
      "Unpacking the image needs more than 16 MiB of memory",
    ],
  ])("a thread %s is a failed job, and the next one goes well", async (_name, code, expected, message) => {
    using sandbox = temporaryDirectory();
    const job = jobIn(sandbox.path, [file("a")]);
    const broken = threadUnpacker({ logger: silentLogger, entry: script(code), maxHeapMib: 16 });
    for (let round = 0; round < 3; round++)
      await expect(broken.run(job, signal)).rejects.toMatchObject({ code: expected, message });
    expect(await threadUnpacker({ logger: silentLogger }).run(job, signal)).toMatchObject({ entries: 1 });
  });

  test("a script that is not there is named", async () => {
    using sandbox = temporaryDirectory();
    const entry = new URL("./no-such-worker.js", import.meta.url);
    const unpacker = threadUnpacker({ logger: silentLogger, entry });
    await expect(unpacker.run(jobIn(sandbox.path, []), signal)).rejects.toMatchObject({
      code: "UnpackerFailed",
      message: expect.stringContaining("no-such-worker.js"),
    });
  });
});

describe("resolveVolumeImage() of a large layer", () => {
  test("leaves the event loop free: it turns many times for each entry that is written", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const entries = 1000;
    const digest = await storeImage(store, { layers: [tarLayer(many(entries))], config: { os: "linux" } });
    let turns = 0;
    let unpacking = true;
    const turn = () => {
      turns++;
      if (unpacking) setImmediate(turn);
    };
    setImmediate(turn);
    const image = await resolveVolumeImage(store, digest).finally(() => {
      unpacking = false;
    });
    expect(readdirSync(image.directory)).toHaveLength(entries);
    // On its own thread, unpacking would take the turns of which it leaves one or two for an entry.
    expect(turns).toBeGreaterThan(20 * entries);
  });

  test("past a limit says so in the image's name, and leaves nothing behind", async () => {
    using directory = temporaryDirectory();
    await using store = await openContentStore({ directory: directory.path });
    const digest = await storeImage(store, { layers: [tarLayer(many(500))], config: { os: "linux" } });
    await expect(resolveVolumeImage(store, digest, { limits: { maxEntries: 400 } })).rejects.toMatchObject({
      code: "TooLarge",
      message: expect.stringMatching(
        /^Cannot mount image "registry\.example\/.*": layer sha256:.*: entry "f400": The image unpacks to more than 400 /,
      ),
    });
    expect(store.snapshots.list()).toEqual([]);
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
  });

  test("aborted leaves nothing behind", async () => {
    using directory = temporaryDirectory();
    const controller = new AbortController();
    await using store = await openContentStore({ directory: directory.path, logger: abortingLogger(controller) });
    const layer = tarLayer([{ path: "device", type: "3" }, ...many(1500)]);
    const digest = await storeImage(store, { layers: [layer], config: { os: "linux" } });
    await expect(resolveVolumeImage(store, digest, { signal: controller.signal })).rejects.toThrow("enough");
    // The next one begins when the first has wound down.
    const image = await resolveVolumeImage(store, digest);
    expect(readdirSync(image.directory)).toHaveLength(1500);
    expect(readdirSync(join(directory.path, "ingest"))).toEqual([]);
  });
});
