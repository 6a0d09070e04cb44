import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FakeClock, silentLogger } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogCollector, removeContainerLog } from "../../src/logs/log-collector.ts";
import { linkContainerLog, logLinkName } from "../../src/logs/log-links.ts";
import { LogRotator } from "../../src/logs/log-rotator.ts";
import { listRotatedLogs } from "../../src/logs/log-segments.ts";

let directory: string;
const signal = new AbortController().signal;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-logs-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("LogRotator", () => {
  /** A rotator of one log of 10 bytes and 4 files, whose runtime reopens by making an empty file. */
  function setUp() {
    const path = join(directory, "0.log");
    const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5));
    const state = { reopened: 0, failing: false, unknown: false };
    const rotator = new LogRotator({
      source: {
        activeLogs() {
          if (state.unknown) throw new Error("provider is confused");
          return [{ containerId: "c1", path }];
        },
        async reopenLog() {
          state.reopened++;
          if (state.failing) throw new Error("runtime is away");
          await writeFile(path, "", { flag: "a" });
        },
      },
      maxSizeBytes: 10,
      maxFiles: 4,
      maxWorkers: 1,
      checkEveryMs: 10_000,
      clock,
      logger: silentLogger,
    });
    return { path, clock, state, rotator };
  }

  test("LogRotator leaves a log below its size alone", async () => {
    const { path, state, rotator } = setUp();
    await writeFile(path, "123456789");
    await rotator.check(signal);
    expect(await readdir(directory)).toEqual(["0.log"]);
    expect(state.reopened).toBe(0);
  });

  test("LogRotator keeps 4 files: the current one, the last one plain and older ones compressed", async () => {
    const { path, clock, rotator } = setUp();
    for (let round = 0; round < 6; round++) {
      await writeFile(path, `content ${round}\n`);
      await rotator.check(signal);
      await clock.advance(1_000);
    }
    expect((await readdir(directory)).sort()).toEqual([
      "0.log",
      "0.log.20260102-030408.gz",
      "0.log.20260102-030409.gz",
      "0.log.20260102-030410",
    ]);
    expect(await readFile(`${path}.20260102-030410`, "utf8")).toBe("content 5\n");
    expect(gunzipSync(await readFile(`${path}.20260102-030408.gz`)).toString()).toBe("content 3\n");
  });

  test("LogRotator loses nothing when it rotates twice within a second", async () => {
    const { path, rotator } = setUp();
    for (const text of ["first 1234\n", "second 1234\n", "third 1234\n"]) {
      await writeFile(path, text);
      await rotator.check(signal);
    }
    expect((await readdir(directory)).sort()).toEqual([
      "0.log",
      "0.log.20260102-030405-1.gz",
      "0.log.20260102-030405-2",
      "0.log.20260102-030405.gz",
    ]);
  });

  test("LogRotator removes the oldest file, not the newest, when the clock was set back", async () => {
    const { path, clock, rotator } = setUp();
    for (let round = 0; round < 6; round++) {
      await writeFile(path, `content ${round}\n`);
      await rotator.check(signal);
      clock.stepWall(-3_600_000);
    }
    expect(await readFile(`${path}.20260102-030405-5`, "utf8")).toBe("content 5\n");
    const rotated = (await listRotatedLogs(path)).filter(({ isCompressed }) => isCompressed);
    const texts = rotated.map(async (log) => gunzipSync(await readFile(log.path)).toString());
    expect(await Promise.all(texts)).toEqual(["content 3\n", "content 4\n"]);
  });

  test("LogRotator puts the file back when the runtime cannot reopen, and tries again", async () => {
    const { path, state, rotator } = setUp();
    await writeFile(path, "1234567890\n");
    state.failing = true;
    await rotator.check(signal);
    expect(await readdir(directory)).toEqual(["0.log"]);
    state.failing = false;
    await rotator.check(signal);
    expect(await readdir(directory)).toHaveLength(2);
  });

  test("LogRotator goes on when the provider throws instead of naming its logs, and rotates them the next time", async () => {
    const { path, state, rotator } = setUp();
    await writeFile(path, "1234567890\n");
    state.unknown = true;
    await rotator.check(signal);
    expect(await readdir(directory)).toEqual(["0.log"]);
    state.unknown = false;
    await rotator.check(signal);
    expect(await readdir(directory)).toHaveLength(2);
  });

  test("LogRotator lets the runtime reopen a log that a crash left renamed, and removes unfinished files", async () => {
    const { path, state, rotator } = setUp();
    await writeFile(`${path}.20260101-000000.tmp`, "half");
    await rotator.check(signal);
    expect(state.reopened).toBe(1);
    await writeFile(path, "1234567890\n");
    await rotator.check(signal);
    expect(await readdir(directory)).not.toContain("0.log.20260101-000000.tmp");
  });
});

describe("LogCollector", () => {
  async function podLog(pod: string): Promise<string> {
    const path = join(directory, "pods", pod, "main", "0.log");
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, "x");
    return path;
  }

  function collector(known: ReadonlySet<string> | undefined, nowMs: number): LogCollector {
    return new LogCollector({
      podLogsDirectory: join(directory, "pods"),
      linksDirectory: join(directory, "links"),
      knownPods: async () => known,
      clock: new FakeClock(nowMs),
      logger: silentLogger,
    });
  }

  test("LogCollector removes logs and links of pods that are gone, and nothing else", async () => {
    const log = { namespace: "default", pod: "a", container: "main", containerId: "c1" };
    for (const uid of ["u1", "u2"]) {
      const logPath = await podLog(`default_a_${uid}`);
      await linkContainerLog(join(directory, "links"), { ...log, containerId: uid, logPath });
    }
    await podLog("somebody-elses");
    await writeFile(join(directory, "links", "foreign.txt"), "");
    await collector(new Set(["u2"]), Date.now() + 120_000).collect(signal);
    expect((await readdir(join(directory, "pods"))).sort()).toEqual(["default_a_u2", "somebody-elses"]);
    expect((await readdir(join(directory, "links"))).sort()).toEqual(["a_default_main-u2.log", "foreign.txt"]);
  });

  test("LogCollector removes nothing that is young, nor before all sources were heard", async () => {
    const path = await podLog("default_a_u1");
    await collector(new Set(), Date.now() + 30_000).collect(signal);
    await collector(undefined, Date.now() + 120_000).collect(signal);
    expect((await stat(path)).isFile()).toBe(true);
  });

  test("removeContainerLog() takes the rotated files of one instance along", async () => {
    for (const name of ["1.log", "1.log.20260102-030405", "1.log.20260102-030404.gz", "10.log"])
      await writeFile(join(directory, name), "x");
    await removeContainerLog(join(directory, "1.log"));
    expect(await readdir(directory)).toEqual(["10.log"]);
  });
});

describe("linkContainerLog()", () => {
  const log = {
    namespace: "ns",
    pod: "web-0",
    container: "main",
    containerId: "abc",
    logPath: "/var/log/pods/x/main/0.log",
  };

  test("linkContainerLog() makes the link log shippers look for, and repairs it", async () => {
    const links = join(directory, "links");
    await linkContainerLog(links, { ...log, logPath: "/elsewhere" });
    await linkContainerLog(links, log);
    await linkContainerLog(links, log);
    expect(await readdir(links)).toEqual(["web-0_ns_main-abc.log"]);
    expect(await readlink(join(links, "web-0_ns_main-abc.log"))).toBe(log.logPath);
  });

  test("logLinkName() fits into a file name and refuses what is no path segment", () => {
    expect(logLinkName({ ...log, pod: "p".repeat(253) })).toHaveLength(255);
    expect(() => logLinkName({ ...log, pod: "../etc" })).toThrow("Cannot use");
  });
});
