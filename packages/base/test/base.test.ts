import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  Backoff,
  createLogger,
  errorCode,
  errorMessage,
  FakeClock,
  isAbort,
  type LogEntry,
  raceAbort,
  runTogether,
  systemClock,
  WherryError,
} from "../src/index.ts";

describe("Backoff", () => {
  test("next() doubles up to the maximum and reset() starts again", () => {
    const backoff = new Backoff({ initialMs: 10, maxMs: 35 });
    expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([10, 20, 35, 35]);
    backoff.reset();
    expect(backoff.next()).toBe(10);
  });

  test("next() with full jitter stays within the delay", () => {
    const backoff = new Backoff({ initialMs: 100, maxMs: 100, jitter: "full", random: () => 0.25 });
    expect(backoff.next()).toBe(25);
  });
});

describe("FakeClock", () => {
  test("advance() fires timers in order of time, then of creation", async () => {
    const clock = new FakeClock(0);
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push(`late@${clock.now()}`));
    clock.setTimer(10, () => {
      fired.push(`early@${clock.now()}`);
      clock.setTimer(5, () => fired.push(`nested@${clock.now()}`));
    });
    clock.setTimer(1, () => fired.push("cancelled"))();
    await clock.advance(30);
    expect(fired).toEqual(["early@10", "nested@15", "late@20"]);
    expect(clock.now()).toBe(30);
  });

  test("sleep() rejects with the reason of its signal and leaves no timer", async () => {
    const clock = new FakeClock();
    const abort = new AbortController();
    const slept = clock.sleep(10, abort.signal);
    abort.abort(new Error("stop"));
    await expect(slept).rejects.toThrow("stop");
    expect(clock.pending).toBe(0);
  });
});

describe("systemClock", () => {
  test("setTimer() calls after more days than a timer of Node can wait, which ended pods with a long deadline on day 24", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const days = (count: number) => count * 86_400_000;
    const calls: string[] = [];
    systemClock.setTimer(days(60), () => calls.push("due"));
    const cancel = systemClock.setTimer(days(60), () => calls.push("cancelled"));
    vi.advanceTimersByTime(days(59));
    cancel();
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(days(1));
    expect(calls).toEqual(["due"]);
  });

  test("sleep() rejects at once for an aborted signal", async () => {
    await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  });
});

describe("errorMessage()", () => {
  test("joins causes once", () => {
    expect(errorMessage(new Error("Cannot pull", { cause: new Error("401") }))).toBe("Cannot pull: 401");
    expect(errorMessage(new Error("Cannot pull: 401", { cause: new Error("401") }))).toBe("Cannot pull: 401");
    expect(errorMessage("text")).toBe("text");
  });
});

describe("errorCode()", () => {
  test("reads the code of Wherry and system errors", () => {
    expect(errorCode(new WherryError("Gone", "gone"))).toBe("Gone");
    expect(errorCode(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe("ENOENT");
    expect(errorCode({ code: 5 })).toBeUndefined();
  });
});

describe("raceAbort()", () => {
  test("rejects when the signal aborts first and passes the value on otherwise", async () => {
    const abort = new AbortController();
    const raced = raceAbort(new Promise(() => undefined), abort.signal);
    abort.abort(new Error("stop"));
    await expect(raced).rejects.toThrow("stop");
    expect(await raceAbort(Promise.resolve(1), new AbortController().signal)).toBe(1);
  });
});

describe("isAbort()", () => {
  test("tells an abort from a failure", () => {
    const abort = new AbortController();
    abort.abort();
    expect(isAbort(abort.signal.reason, abort.signal)).toBe(true);
    expect(isAbort(new Error("failure"), abort.signal)).toBe(false);
  });
});

describe("runTogether()", () => {
  test("stops the siblings of a task that fails and rejects with its failure", async () => {
    let stopped = false;
    const sibling = (signal: AbortSignal) =>
      new Promise<void>((resolve) =>
        signal.addEventListener("abort", () => {
          stopped = true;
          resolve();
        }),
      );
    const failing = async () => {
      throw new Error("port in use");
    };
    await expect(runTogether(new AbortController().signal, [sibling, failing])).rejects.toThrow("port in use");
    expect(stopped).toBe(true);
  });

  test("resolves when the outer signal aborts", async () => {
    const abort = new AbortController();
    const ended = runTogether(abort.signal, [(signal) => systemClock.sleep(60_000, signal)]);
    abort.abort();
    await ended;
  });
});

describe("createLogger()", () => {
  test("child() adds fields and entries below the level are dropped", () => {
    const entries: LogEntry[] = [];
    const logger = createLogger((entry) => entries.push(entry), "info").child({ component: "node" });
    logger.debug("hidden");
    logger.warn("Lease late", { ageMs: 5 });
    expect(entries).toEqual([{ level: "warn", message: "Lease late", fields: { component: "node", ageMs: 5 } }]);
  });
});
