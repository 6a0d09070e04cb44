import { expect, test } from "vitest";
import { movedLimits } from "../src/wasm/moved-limits.ts";

test.each([
  [
    "a larger container",
    { cpuLimitMillis: 300 },
    { cpuLimitMillis: 100 },
    { cpuLimitMillis: 250 },
    { cpuLimitMillis: 450 },
  ],
  [
    "a smaller one",
    { memoryLimitBytes: 300 },
    { memoryLimitBytes: 100 },
    { memoryLimitBytes: 50 },
    { memoryLimitBytes: 250 },
  ],
  ["the same", { cpuLimitMillis: 300 }, { cpuLimitMillis: 100 }, { cpuLimitMillis: 100 }, undefined],
  ["no limit of the sandbox", {}, { cpuLimitMillis: 100 }, { cpuLimitMillis: 200 }, undefined],
  ["no limit before", { cpuLimitMillis: 300 }, {}, { cpuLimitMillis: 200 }, undefined],
  ["a request only", { cpuLimitMillis: 300 }, { cpuRequestMillis: 1 }, { cpuRequestMillis: 2 }, undefined],
])("movedLimits() with %s", (_name, sandbox, before, after, moved) => {
  expect(movedLimits(sandbox, before, after)).toEqual(moved);
});
