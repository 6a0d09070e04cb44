import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@wherry/distribution";
import { describe, expect, test } from "vitest";
import { openContentStore } from "../src/index.ts";
import { crashContent } from "./crash-content.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const target = { digest: digestOf(crashContent), sizeBytes: crashContent.length };

/** Runs the child until it ends or kills itself; answers what it printed. */
function runChild(
  directory: string,
  operation: number,
  moment: string,
): Promise<{ signal: string | undefined; output: string }> {
  const script = join(import.meta.dirname, "crashing-ingest.ts");
  const parameters = ["--conditions=@wherry/source", script, directory, String(operation), moment];
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, (error, stdout) => {
      const signal = typeof error?.signal === "string" ? error.signal : undefined;
      resolve({ signal, output: error !== null && signal === undefined ? String(error) : stdout });
    });
  });
}

/** Every blob that is known is whole, every file is known, and the content can still be had. */
async function expectSound(directory: string): Promise<void> {
  await using store = await openContentStore({ directory });
  const files = readdirSync(join(directory, "blobs/sha256"));
  expect(files).toEqual(store.blobs.list().map(({ digest }) => digest.slice(7)));
  for (const file of files)
    expect(digestOf(readFileSync(join(directory, "blobs/sha256", file)))).toBe(`sha256:${file}`);
  await store.blobs.ingest(target, async function* (offset) {
    yield crashContent.subarray(offset);
  });
  expect(readFileSync(store.blobs.path(target.digest)).equals(crashContent)).toBe(true);
  expect(readdirSync(join(directory, "ingest"))).toEqual([]);
  expect(readdirSync(join(directory, "trash"))).toEqual([]);
}

describe("Blobs.ingest() killed at any file operation", () => {
  test("leaves nothing or the whole blob, and the next one goes on", async () => {
    using first = temporaryDirectory();
    const whole = await runChild(first.path, 0, "before");
    const operations = Number(/operations ([0-9]+)/.exec(whole.output)?.[1]);
    expect(whole.output).toContain("operations");
    expect(operations).toBeGreaterThan(8);
    for (let operation = 1; operation <= operations; operation++) {
      for (const moment of ["before", "after"]) {
        using directory = temporaryDirectory();
        const { signal } = await runChild(directory.path, operation, moment);
        expect({ operation, moment, signal }).toEqual({ operation, moment, signal: "SIGKILL" });
        await expectSound(directory.path);
      }
    }
  });

  test("stays sound when killed again while resuming", async () => {
    using directory = temporaryDirectory();
    for (const operation of [3, 4, 5, 6, 7, 8]) await runChild(directory.path, operation, "after");
    await expectSound(directory.path);
  });

  test("two processes at the same time store the blob once", async () => {
    using directory = temporaryDirectory();
    const children = await Promise.all([1, 2, 3].map(() => runChild(directory.path, 0, "before")));
    for (const { output } of children) expect(output).toContain("operations");
    await expectSound(directory.path);
  });
});
