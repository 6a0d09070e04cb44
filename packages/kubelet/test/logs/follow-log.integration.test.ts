import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { silentLogger, systemClock } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogRotator } from "../../src/logs/log-rotator.ts";
import { readLog } from "../../src/logs/read-log.ts";
import type { ContainerLog } from "../../src/ports/log-source.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-follow-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A container that writes numbered lines into a log which is rotated under it. */
class WritingContainer {
  readonly path: string = join(directory, "0.log");
  #handle: FileHandle | undefined;
  #count = 0;
  #running = true;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly rotator: LogRotator = new LogRotator({
    source: { activeLogs: () => [{ containerId: "c", path: this.path }], reopenLog: () => this.#reopen() },
    maxSizeBytes: 1,
    maxFiles: 1_000,
    maxWorkers: 1,
    checkEveryMs: 1_000,
    clock: systemClock,
    logger: silentLogger,
  });

  get log(): ContainerLog {
    return { containerId: "c", path: this.path, isRunning: () => this.#running, ended: () => this.#ended.promise };
  }

  get count(): number {
    return this.#count;
  }

  async write(lines: number): Promise<void> {
    this.#handle ??= await open(this.path, "a");
    let text = "";
    for (let index = 0; index < lines; index++)
      text += `${new Date().toISOString().replace("Z", `${String(this.#count).padStart(6, "0")}Z`)} stdout F line ${this.#count++}\n`;
    await this.#handle.write(text);
  }

  async end(): Promise<void> {
    await this.#handle?.close();
    this.#running = false;
    this.#ended.resolve();
  }

  async #reopen(): Promise<void> {
    const next = await open(this.path, "a");
    // As a runtime does it: what is written at this moment still goes to the old file.
    await this.#handle?.write(`${new Date().toISOString()} stdout F line ${this.#count++}\n`);
    await this.#handle?.close();
    this.#handle = next;
  }
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

describe("readLog() following", () => {
  test("readLog() gives every line once, in order, however rotation, compression and slow readers fall together", async () => {
    const seed = Math.floor(Math.random() * 1e9);
    const next = random(seed);
    const container = new WritingContainer();
    await container.write(50);
    const signal = new AbortController().signal;
    const reader = async (everyTurns: number): Promise<string> => {
      let text = "";
      for await (const chunk of readLog(container.log, { follow: true })) {
        text += chunk.toString();
        for (let index = 0; index < everyTurns; index++) await turn();
      }
      return text;
    };
    const readers = [reader(0), reader(3), reader(400)];
    for (let step = 0; step < 300; step++) {
      await container.write(1 + Math.floor(next() * 20));
      if (next() < 0.15) await container.rotator.check(signal);
      if (next() < 0.3) await turn();
    }
    await container.end();
    const expected = Array.from({ length: container.count }, (_, index) => `line ${index}\n`).join("");
    for (const text of await Promise.all(readers))
      expect(text === expected, `seed ${seed}: ${difference(text, expected)}`).toBe(true);
  });

  test("readLog() ends with the reason of its signal while it waits", async () => {
    const container = new WritingContainer();
    await container.write(1);
    const stop = new AbortController();
    const chunks = readLog(container.log, { follow: true, signal: stop.signal });
    await chunks.next();
    expect((await chunks.next()).value?.toString()).toBe("line 0\n");
    const waiting = chunks.next();
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await container.end();
  });

  test("readLog() begins to follow at the end with tailLines 0", async () => {
    const container = new WritingContainer();
    await container.write(10);
    const chunks = readLog(container.log, { follow: true, tailLines: 0 });
    await chunks.next();
    await container.write(1);
    expect((await chunks.next()).value?.toString()).toBe("line 10\n");
    await container.end();
    expect((await chunks.next()).done).toBe(true);
  });
});

function difference(text: string, expected: string): string {
  const [got, wanted] = [text.split("\n"), expected.split("\n")];
  const index = wanted.findIndex((line, at) => got[at] !== line);
  return `${got.length} of ${wanted.length} lines, at ${index} ${JSON.stringify(got.slice(index, index + 3))}`;
}
