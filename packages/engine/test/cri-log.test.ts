import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CriLog } from "../src/log/cri-log.ts";
import { GuestLog } from "../src/log/guest-log.ts";
import { LogClock } from "../src/log/log-clock.ts";
import { LogFile, maxReopenDelayMs } from "../src/log/log-file.ts";
import { maxLineBytes, UnfinishedLines } from "../src/log/unfinished-lines.ts";

function temporaryFile(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherry-log-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "log");
}

const stamp = "2023-11-14T22:13:20.000000000Z";

function createLog() {
  const appended: string[] = [];
  const clock = new LogClock(
    () => 1_700_000_000_000,
    () => 5n,
  );
  const lines = new UnfinishedLines(temporaryFile());
  onTestFinished(() => lines.close());
  const log = new CriLog(lines, clock, (entries) => appended.push(Buffer.from(entries).toString()));
  return { log, appended };
}

describe("CriLog", () => {
  test("CriLog writes whole lines, one append for each write", () => {
    const { log, appended } = createLog();
    log.write("stdout", Buffer.from("one\ntwo\n\n"));
    expect(appended).toEqual([`${stamp} stdout F one\n${stamp} stdout F two\n${stamp} stdout F \n`]);
  });

  test("CriLog keeps an unfinished line of each stream until its end", () => {
    const { log, appended } = createLog();
    log.write("stdout", Buffer.from("on"));
    log.write("stderr", Buffer.from("err"));
    log.write("stdout", Buffer.from("e"));
    expect(appended).toEqual([]);
    log.write("stdout", Buffer.from("\nrest"));
    expect(appended).toEqual([`${stamp} stdout F one\n`]);
    log.finish();
    expect(appended.slice(1)).toEqual([`${stamp} stdout P rest\n`, `${stamp} stderr P err\n`]);
    log.finish();
    expect(appended.length).toBe(3);
  });

  test("CriLog cuts lines above 16 KiB into parts", () => {
    const { log, appended } = createLog();
    log.write("stdout", Buffer.from(`${"a".repeat(maxLineBytes)}${"b".repeat(maxLineBytes)}c\n`));
    expect(appended.join("").split("\n")).toEqual([
      `${stamp} stdout P ${"a".repeat(maxLineBytes)}`,
      `${stamp} stdout P ${"b".repeat(maxLineBytes)}`,
      `${stamp} stdout F c`,
      "",
    ]);
  });

  test("CriLog leaves a line of exactly 16 KiB whole", () => {
    const { log, appended } = createLog();
    log.write("stdout", Buffer.from("a".repeat(maxLineBytes)));
    log.write("stdout", Buffer.from("\n"));
    expect(appended).toEqual([`${stamp} stdout F ${"a".repeat(maxLineBytes)}\n`]);
  });

  test("CriLog writes the same entries however the output is cut", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed ${seed}`);
    let state = seed;
    const random = (limit: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * limit);
    };
    const text = Array.from({ length: 50 }, () => "x".repeat(random(40_000))).join("\n");
    const whole = createLog();
    whole.log.write("stdout", Buffer.from(text));
    whole.log.finish();
    const cut = createLog();
    for (let start = 0; start < text.length; ) {
      const end = start + 1 + random(30_000);
      cut.log.write("stdout", Buffer.from(text.slice(start, end)));
      start = end;
    }
    cut.log.finish();
    expect(cut.appended.join("")).toBe(whole.appended.join(""));
  });
});

describe("GuestLog", () => {
  test("finishLeft() logs what a killed process had begun to write, once", () => {
    const logPath = temporaryFile();
    const unfinishedPath = `${logPath}.unfinished`;
    const log = GuestLog.open(logPath, unfinishedPath);
    log.write("stderr", Buffer.from("ha"));
    log.write("stderr", Buffer.from("lf"));
    log.write("stdout", Buffer.from("whole\nbegun"));
    for (let round = 0; round < 2; round++) {
      GuestLog.finishLeft(logPath, unfinishedPath);
      const entries = readFileSync(logPath, "utf8").split("\n").slice(0, -1);
      expect(entries.map((entry) => entry.slice(31))).toEqual(["stdout F whole", "stdout P begun", "stderr P half"]);
    }
    log.finish();
  });

  test("finishLeft() finds nothing where a line was ended, and where there is no file", () => {
    const logPath = temporaryFile();
    const unfinishedPath = `${logPath}.unfinished`;
    GuestLog.finishLeft(logPath, unfinishedPath);
    const log = GuestLog.open(logPath, unfinishedPath);
    log.write("stdout", Buffer.from("be"));
    log.write("stdout", Buffer.from("gun\n"));
    GuestLog.finishLeft(logPath, unfinishedPath);
    expect(readFileSync(logPath, "utf8").slice(31)).toBe("stdout F begun\n");
    log.finish();
  });

  test("finishLeft() takes no length that its file does not hold", () => {
    const logPath = temporaryFile();
    const unfinishedPath = `${logPath}.unfinished`;
    writeFileSync(unfinishedPath, Buffer.from([0xff, 0xff, 0, 0, 0x61]));
    GuestLog.finishLeft(logPath, unfinishedPath);
    expect(() => readFileSync(logPath)).toThrow("ENOENT");
  });
});

describe("LogClock", () => {
  test("LogClock counts nanoseconds within a millisecond of the wall clock", () => {
    let wall = 1_700_000_000_123.9;
    let monotonic = 1_000_000n;
    const clock = new LogClock(
      () => wall,
      () => monotonic,
    );
    expect(clock.timestamp()).toBe("2023-11-14T22:13:20.123000000Z");
    monotonic += 42n;
    expect(clock.timestamp()).toBe("2023-11-14T22:13:20.123000042Z");
    monotonic += 5_000_000n;
    expect(clock.timestamp()).toBe("2023-11-14T22:13:20.123999999Z");
    wall += 10;
    expect(clock.timestamp()).toBe("2023-11-14T22:13:20.133000000Z");
  });
});

describe("LogFile", () => {
  test("LogFile opens its file anew when another or none is at its path, soon after", () => {
    const path = temporaryFile();
    let nowMs = 0;
    const file = new LogFile(path, () => nowMs);
    onTestFinished(() => file.close());
    file.append(Buffer.from("one\n"));
    renameSync(path, `${path}.1`);
    file.append(Buffer.from("late\n"));
    nowMs += maxReopenDelayMs;
    file.append(Buffer.from("two\n"));
    writeFileSync(`${path}.new`, "");
    renameSync(`${path}.new`, path);
    nowMs += maxReopenDelayMs;
    file.append(Buffer.from("three\n"));
    expect(readFileSync(`${path}.1`, "utf8")).toBe("one\nlate\n");
    expect(readFileSync(path, "utf8")).toBe("three\n");
    expect(file.droppedBytes).toBe(0);
  });

  test("LogFile counts what a full device does not take, and goes on", () => {
    const file = new LogFile("/dev/full");
    onTestFinished(() => file.close());
    file.append(Buffer.from("12345\n"));
    file.append(Buffer.from("678\n"));
    expect(file.droppedBytes).toBe(10);
  });

  test("LogFile counts what is written while the file cannot be opened", () => {
    const path = temporaryFile();
    let nowMs = 0;
    const file = new LogFile(path, () => nowMs);
    rmSync(join(path, ".."), { recursive: true });
    nowMs += maxReopenDelayMs;
    file.append(Buffer.from("12345\n"));
    expect(file.droppedBytes).toBe(6);
  });

  test("LogFile does not write through a link", () => {
    const path = temporaryFile();
    closeSync(openSync(`${path}.other`, "w"));
    rmSync(path, { force: true });
    expect(() => new LogFile("/proc/self/cwd")).toThrow("ELOOP");
  });
});
