import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ControlBlock, maxLineBytes } from "../src/host/control-block.ts";
import { CriLog } from "../src/host/cri-log.ts";
import { LogClock } from "../src/host/log-clock.ts";
import { LogFile } from "../src/host/log-file.ts";

const stamp = "2023-11-14T22:13:20.000000000Z";

function createLog() {
  const control = new ControlBlock();
  const appended: string[] = [];
  const clock = new LogClock(
    () => 1_700_000_000_000,
    () => 5n,
  );
  const log = new CriLog(control, clock, (entries) => appended.push(Buffer.from(entries).toString()));
  return { control, log, appended };
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

  test("CriLog leaves a killed worker's line in the control block for another to write", () => {
    const { control, log } = createLog();
    log.write("stderr", Buffer.from("half"));
    const appended: string[] = [];
    const heir = new CriLog(new ControlBlock(control.buffer), new LogClock(), (entries) =>
      appended.push(Buffer.from(entries).toString().slice(31)),
    );
    heir.finish();
    expect(appended).toEqual(["stderr P half\n"]);
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
  function temporaryFile(): string {
    const directory = mkdtempSync(join(tmpdir(), "wherry-log-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    return join(directory, "log");
  }

  test("LogFile opens its file anew when asked to, before the next write", () => {
    const path = temporaryFile();
    const control = new ControlBlock();
    const file = new LogFile(path, control);
    onTestFinished(() => file.close());
    file.append(Buffer.from("one\n"));
    rmSync(path);
    file.append(Buffer.from("lost\n"));
    control.requestLogReopen();
    file.append(Buffer.from("two\n"));
    expect(readFileSync(path, "utf8")).toBe("two\n");
    expect(control.droppedBytes).toBe(0);
  });

  test("LogFile counts what a full device does not take, and goes on", () => {
    const control = new ControlBlock();
    const file = new LogFile("/dev/full", control);
    onTestFinished(() => file.close());
    file.append(Buffer.from("12345\n"));
    file.append(Buffer.from("678\n"));
    expect(control.droppedBytes).toBe(10);
  });

  test("LogFile counts what is written while the file cannot be opened", () => {
    const path = temporaryFile();
    const control = new ControlBlock();
    const file = new LogFile(path, control);
    rmSync(join(path, ".."), { recursive: true });
    control.requestLogReopen();
    file.append(Buffer.from("12345\n"));
    expect(control.droppedBytes).toBe(6);
  });

  test("LogFile does not write through a link", () => {
    const path = temporaryFile();
    closeSync(openSync(`${path}.other`, "w"));
    rmSync(path, { force: true });
    expect(() => new LogFile("/proc/self/cwd", new ControlBlock())).toThrow("ELOOP");
  });
});
