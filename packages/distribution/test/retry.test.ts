import { describe, expect, test } from "vitest";
import { isLoopbackHost } from "../src/loopback.ts";
import { createRetry, retryAfterMs } from "../src/retry.ts";

describe("createRetry()", () => {
  test("doubles with half of each delay random, and ends after the attempts", () => {
    const retry = createRetry({ attempts: 4, initialMs: 100, maxMs: 300 }, () => 1);
    expect([retry.next(undefined), retry.next(undefined), retry.next(undefined), retry.next(undefined)]).toEqual([
      100,
      200,
      300,
      undefined,
    ]);
    expect(createRetry({ initialMs: 100 }, () => 0).next(undefined)).toBe(50);
  });

  test("waits as long as asked, but not longer than the maximum", () => {
    const retry = createRetry({ initialMs: 100, maxMs: 5000 }, () => 0);
    expect(retry.next(3000)).toBe(3000);
    expect(retry.next(5001)).toBeUndefined();
  });
});

describe("retryAfterMs()", () => {
  test("reads seconds and dates", () => {
    expect(retryAfterMs("120", 0)).toBe(120_000);
    expect(retryAfterMs("Wed, 21 Oct 2015 07:28:05 GMT", Date.UTC(2015, 9, 21, 7, 28, 0))).toBe(5000);
    expect(retryAfterMs("Wed, 21 Oct 2015 07:28:00 GMT", Date.UTC(2016, 0, 1))).toBe(0);
    expect(retryAfterMs("soon", 0)).toBeUndefined();
    expect(retryAfterMs(undefined, 0)).toBeUndefined();
  });
});

describe("isLoopbackHost()", () => {
  test.each<[string, boolean]>([
    ["localhost", true],
    ["localhost:5000", true],
    ["127.0.0.1:5000", true],
    ["127.255.255.255", true],
    ["[::1]:443", true],
    ["127.0.0.1.example", false],
    ["localhost.example", false],
    ["127.0.0.256", false],
    ["10.0.0.1", false],
    ["registry.example", false],
  ])("%s: %s", (host, expected) => expect(isLoopbackHost(host)).toBe(expected));
});
