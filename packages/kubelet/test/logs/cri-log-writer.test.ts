import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CriLogWriter } from "../../src/logs/cri-log-writer.ts";
import { readLogLineHeader } from "../../src/logs/log-line-header.ts";

let directory: string;
let path: string;
let now: number;
let monotonic: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cri-log-"));
  path = join(directory, "main/0.log");
  now = 1_700_000_000_000;
  monotonic = 0;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function writer(): CriLogWriter {
  return new CriLogWriter(path, { now: () => now, monotonic: () => monotonic });
}

function entries(file = path): { time: string; stream: string; tag: string; text: string }[] {
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => {
    const [, time = "", stream = "", tag = "", text = ""] = /^(\S+) (\S+) ([FP]) (.*)$/s.exec(line) ?? [];
    const bytes = Buffer.from(`${line}\n`);
    expect(readLogLineHeader(bytes, 0, bytes.length)).toMatchObject({ stream, partial: tag === "P" });
    return { time, stream, tag, text };
  });
}

const text = (value: string) => new TextEncoder().encode(value);

describe("CriLogWriter", () => {
  test("CriLogWriter writes whole lines of both streams as they end, and parts at the close", () => {
    const log = writer();
    log.write("stdout", text("one\ntw"));
    log.write("stderr", text("oops\n"));
    log.write("stdout", text("o\n\nrest"));
    expect(entries().map(({ stream, tag, text }) => [stream, tag, text])).toEqual([
      ["stdout", "F", "one"],
      ["stderr", "F", "oops"],
      ["stdout", "F", "two"],
      ["stdout", "F", ""],
    ]);
    log.close();
    log.close();
    expect(entries().at(-1)).toMatchObject({ stream: "stdout", tag: "P", text: "rest" });
  });

  test("CriLogWriter cuts lines longer than 16 KiB, and one of exactly that stays whole", () => {
    const log = writer();
    const exact = "x".repeat(16_384);
    log.write("stdout", text(`${exact}`));
    log.write("stdout", text(`${exact}y\n`));
    log.close();
    expect(entries().map(({ tag, text }) => [tag, text.length])).toEqual([
      ["P", 16_384],
      ["P", 16_384],
      ["F", 1],
    ]);
    rmSync(path);
    const other = writer();
    other.write("stdout", text(`${exact}\n`));
    other.close();
    expect(entries().map(({ tag, text }) => [tag, text.length])).toEqual([["F", 16_384]]);
  });

  test("CriLogWriter never lets times go back, nor two be equal", () => {
    const log = writer();
    log.write("stdout", text("a\nb\n"));
    now -= 1000;
    log.write("stdout", text("c\n"));
    log.close();
    const times = entries().map(({ time }) => time);
    expect(times).toEqual([...new Set(times)].toSorted());
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  test("CriLogWriter goes on in a new file when the old one was moved away", () => {
    const log = writer();
    log.write("stdout", text("before\n"));
    renameSync(path, `${path}.1`);
    monotonic += 5;
    log.write("stdout", text("after\n"));
    log.close();
    expect(entries(`${path}.1`).map(({ text }) => text)).toEqual(["before"]);
    expect(entries().map(({ text }) => text)).toEqual(["after"]);
  });

  test("CriLogWriter does not follow a link, and counts what it cannot write", () => {
    const log = writer();
    rmSync(path);
    symlinkSync(join(directory, "elsewhere"), path);
    expect(writer).toThrow(/ELOOP/);
    monotonic += 5;
    log.write("stdout", text("lost\n"));
    expect(log.droppedBytes).toBeGreaterThan(5);
    log.close();
  });
});
