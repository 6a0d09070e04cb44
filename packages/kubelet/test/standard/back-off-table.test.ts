import { describe, expect, test } from "vitest";
import { BackOffTable, formatDuration } from "../../src/standard/back-off-table.ts";

const second = 1000;

describe("BackOffTable", () => {
  test("retryAtMs() is undefined before the first failure is counted", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 300 * second });
    expect(table.retryAtMs("key", 0, 0)).toBeUndefined();
    expect(table.delayMs("key")).toBe(0);
  });

  test("next() doubles from the first delay to the largest, for each key alone", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 300 * second });
    const delays = Array.from({ length: 7 }, () => {
      table.next("key", 0, 0);
      return table.delayMs("key") / second;
    });
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(table.delayMs("other")).toBe(0);
  });

  test("retryAtMs() counts from the failure, and ends with the delay", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 300 * second });
    table.next("key", 0, 0);
    expect(table.retryAtMs("key", 5 * second, 6 * second)).toBe(15 * second);
    expect(table.retryAtMs("key", 5 * second, 15 * second)).toBeUndefined();
    expect(table.retryAtSinceUpdateMs("key", 6 * second)).toBe(10 * second);
  });

  test("a key untouched for 10 min starts anew", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 300 * second });
    for (let failure = 0; failure < 5; failure++) table.next("key", 0, 0);
    expect(table.retryAtMs("key", 600 * second, 600 * second)).toBe(760 * second);
    expect(table.retryAtMs("key", 601 * second, 601 * second)).toBeUndefined();
    table.next("key", 601 * second, 601 * second);
    expect(table.delayMs("key")).toBe(10 * second);
  });

  test("the 10 min count from when the key was tried again, not from its failure before that", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 300 * second });
    for (let failure = 0; failure < 6; failure++) table.next("key", 0, 300 * second);
    expect(table.retryAtMs("key", 601 * second, 601 * second)).toBe(901 * second);
    table.next("key", 601 * second, 901 * second);
    expect(table.delayMs("key")).toBe(300 * second);
    table.next("key", 1502 * second, 1502 * second);
    expect(table.delayMs("key")).toBe(10 * second);
  });

  test("a low largest delay does not make each failure of a container that ran for a while its first", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: second });
    table.next("key", 0, 0);
    expect(table.retryAtMs("key", 5 * second, 5 * second)).toBe(6 * second);
    expect(table.retryAtMs("key", 601 * second, 601 * second)).toBeUndefined();
  });

  test("a largest delay below the first one is the first one", () => {
    const table = new BackOffTable({ initialMs: 10 * second, maxMs: 4 * second });
    table.next("key", 0, 0);
    expect(table.delayMs("key")).toBe(4 * second);
  });
});

describe("formatDuration()", () => {
  test.each([
    [10_000, "10s"],
    [80_000, "1m20s"],
    [300_000, "5m0s"],
    [3_661_000, "1h1m1s"],
  ])("formatDuration() of %i is %s", (durationMs, expected) => {
    expect(formatDuration(durationMs)).toBe(expected);
  });
});
