import { describe, expect, test } from "vitest";
import { findCases, runCase } from "./wasi-testsuite.ts";

// Not a skipped test: the suite is no part of the repository, and the runner itself is tested with cases of our own.
const directory = process.env["WHERRY_WASI_TESTSUITE"];
if (directory === undefined) {
  console.warn("Not run: the public WASI test suite, as WHERRY_WASI_TESTSUITE names no copy of its prebuilt tests");
}

describe("the public WASI test suite", () => {
  const cases = directory === undefined ? [] : findCases(directory);

  test("is there when it is named", () => {
    expect(cases.length > 0).toBe(directory !== undefined);
  });

  for (const suiteCase of cases) {
    test(suiteCase.name, async () => {
      expect((await runCase(suiteCase)).failures).toEqual([]);
    });
  }
});
