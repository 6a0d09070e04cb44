import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LogOptions } from "../../src/logs/log-options.ts";
import { parseLogTime } from "../../src/logs/log-time.ts";
import { readLog } from "../../src/logs/read-log.ts";
import { naiveLog } from "./naive-log.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-log-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Writes the files of a log, oldest first, the last one as the current one. */
async function write(files: readonly string[], compressed: readonly boolean[] = []): Promise<string> {
  const path = join(directory, "0.log");
  for (const [index, text] of files.entries()) {
    const stamp = `20260102-0304${String(index).padStart(2, "0")}`;
    if (index === files.length - 1) await writeFile(path, text);
    else if (compressed[index]) await writeFile(`${path}.${stamp}.gz`, gzipSync(text));
    else await writeFile(`${path}.${stamp}`, text);
  }
  return path;
}

async function read(path: string, options: LogOptions = {}): Promise<string> {
  const chunks: Buffer[] = [];
  const log = { path, isRunning: () => false, ended: () => Promise.resolve() };
  for await (const chunk of readLog(log, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const line = (second: number, text: string, tag = "F", stream = "stdout") =>
  `2026-01-02T03:04:${String(second).padStart(2, "0")}.123456789Z ${stream} ${tag} ${text}\n`;

describe("readLog()", () => {
  test("readLog() gives the text of both streams in the order of the file", async () => {
    const path = await write([line(1, "a") + line(2, "b", "F", "stderr") + line(3, "")]);
    expect(await read(path)).toBe("a\nb\n\n");
  });

  test("readLog() joins the parts of a line and puts one time before it", async () => {
    const path = await write([line(1, "one ", "P") + line(2, "line") + line(3, "two")]);
    expect(await read(path, { timestamps: true })).toBe(
      "2026-01-02T03:04:01.123456789Z one line\n2026-01-02T03:04:03.123456789Z two\n",
    );
  });

  test("readLog() reads rotated files, compressed ones too, before the current one", async () => {
    const path = await write([line(1, "a"), line(2, "b"), line(3, "c")], [true, false]);
    expect(await read(path)).toBe("a\nb\nc\n");
    expect(await read(path, { tailLines: 2 })).toBe("b\nc\n");
    expect(await read(path, { tailLines: 3 })).toBe("a\nb\nc\n");
  });

  test("readLog() counts a line in parts once, also across a rotation", async () => {
    const path = await write([line(1, "a") + line(2, "b1 ", "P"), line(3, "b2") + line(4, "c")]);
    expect(await read(path, { tailLines: 2 })).toBe("b1 b2\nc\n");
  });

  test("readLog() tails a file with lines longer than a block", async () => {
    const long = "x".repeat(200_000);
    const path = await write([line(1, "a") + line(2, long) + line(3, "b")]);
    expect(await read(path, { tailLines: 1 })).toBe("b\n");
    expect(await read(path, { tailLines: 2 })).toBe(`${long}\nb\n`);
  });

  test("readLog() ends within a line at limitBytes", async () => {
    const path = await write([line(1, "abc") + line(2, "def")]);
    expect(await read(path, { limitBytes: 6 })).toBe("abc\nde");
  });

  test("readLog() leaves out lines before since, to the nanosecond", async () => {
    const path = await write([line(1, "a") + line(2, "b") + line(3, "c")]);
    const since = (text: string) => ({ since: parseLogTime(text)! });
    expect(await read(path, since("2026-01-02T03:04:02.123456789Z"))).toBe("b\nc\n");
    expect(await read(path, since("2026-01-02T04:04:02.12345679+01:00"))).toBe("c\n");
  });

  test("readLog() leaves out what is not in the format", async () => {
    const garbage = `no log line\n\n2026-01-02T03:04:05Z stdoutX F a\n${"y".repeat(1000)}\n`;
    const path = await write([garbage + line(1, "a") + garbage]);
    expect(await read(path)).toBe("a\n");
    expect(await read(path, { tailLines: 1 })).toBe("a\n");
  });

  test("readLog() rejects for an ended container whose log is gone", async () => {
    await expect(read(join(directory, "0.log"))).rejects.toMatchObject({ code: "LogMissing" });
  });

  test("readLog() agrees with a naive model on random logs", async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = generator(seed);
    for (let round = 0; round < 150; round++) {
      const files = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomFile(random));
      const compressed = files.map(() => random() < 0.5);
      const path = await write(files, compressed);
      for (let query = 0; query < 6; query++) {
        const options = randomOptions(random);
        const answer = await read(path, options);
        expect(answer, `seed ${seed} round ${round} options ${JSON.stringify(options)}`).toBe(naiveLog(files, options));
      }
      await rm(directory, { recursive: true });
      directory = await mkdtemp(join(tmpdir(), "wherry-log-"));
    }
  });
});

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomFile(random: () => number): string {
  const lines = Math.floor(random() * (random() < 0.1 ? 3000 : 12));
  let text = "";
  for (let index = 0; index < lines; index++) {
    if (random() < 0.05) text += random() < 0.5 ? "\n" : "garbage stdout\n";
    const length = Math.floor(random() * (random() < 0.03 ? 100_000 : 40));
    const content = "abcdefghijk ".repeat(Math.ceil(length / 12)).slice(0, length);
    text += line(Math.floor(random() * 60), content, random() < 0.3 ? "P" : "F", random() < 0.3 ? "stderr" : "stdout");
    if (random() < 0.05) text += `2026-01-02T03:04:59Z stdout F\n`;
  }
  // A writer that died within a line.
  if (random() < 0.2) text = text.slice(0, Math.max(0, text.length - 1 - Math.floor(random() * 70)));
  return text;
}

function randomOptions(random: () => number): LogOptions {
  const second = String(Math.floor(random() * 60)).padStart(2, "0");
  const stream = random() < 0.2 ? (random() < 0.5 ? "stdout" : "stderr") : undefined;
  return {
    ...(random() < 0.6 && stream === undefined && { tailLines: Math.floor(random() * (random() < 0.2 ? 2000 : 8)) }),
    ...(random() < 0.3 && { since: parseLogTime(`2026-01-02T03:04:${second}.123456789Z`)! }),
    ...(random() < 0.3 && { timestamps: true }),
    ...(random() < 0.3 && { limitBytes: 1 + Math.floor(random() * 5000) }),
    ...(stream !== undefined && { stream }),
  };
}
