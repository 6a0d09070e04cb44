import { describe, expect, test } from "vitest";
import { tryParseGoDuration } from "../../src/configuration/go-duration.ts";

describe("tryParseGoDuration()", () => {
  test("tryParseGoDuration() reads what Go writes", () => {
    const cases: [string, number][] = [
      ["0", 0],
      ["10s", 10_000],
      ["1h30m0s", 5_400_000],
      ["1.5h", 5_400_000],
      [".5s", 500],
      ["250ms", 250],
      ["-2m", -120_000],
    ];
    for (const [text, ms] of cases) expect(tryParseGoDuration(text), text).toBeCloseTo(ms, 6);
  });

  test("tryParseGoDuration() refuses anything else", () => {
    // The digits were tried as two numbers in a row, in each way there is.
    const digits = "1".repeat(1_000_000);
    for (const text of ["", "10", "s", "1d", "1h 2m", "1h2", "--1s", "9999999999h", digits])
      expect(tryParseGoDuration(text), text).toBeUndefined();
  });
});
