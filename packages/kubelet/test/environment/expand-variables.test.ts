import { expect, test } from "vitest";
import { expandVariables } from "../../src/environment/expand-variables.ts";

const known: Readonly<Record<string, string>> = { A: "a", B: "b", EMPTY: "", REF: "$(A)", "odd name": "odd" };
const lookup = (name: string) => known[name];

test.each([
  ["plain", "plain"],
  ["", ""],
  ["$(A)", "a"],
  ["x$(A)y$(B)z", "xaybz"],
  ["$(A)$(B)", "ab"],
  ["$(EMPTY)", ""],
  ["$(odd name)", "odd"],
  ["$(NONE)", "$(NONE)"],
  ["$$(A)", "$(A)"],
  ["$$$(A)", "$a"],
  ["$$$$(A)", "$$(A)"],
  ["$$", "$"],
  ["$", "$"],
  ["a$", "a$"],
  ["$A", "$A"],
  ["$(A", "$(A"],
  ["$()", "$()"],
  ["$(A)$(", "a$("],
  ["$($(A))", "$($(A))"],
  ["$(REF)", "$(A)"],
  ["$)A(", "$)A("],
])("expandVariables() turns %j into %j", (text, expected) => {
  expect(expandVariables(text, lookup)).toBe(expected);
});

// Each "$(" looked for its end through all that follows: a million of them were half a trillion steps.
test("expandVariables() leaves a long run of unfinished references as it is", () => {
  for (const text of ["$(".repeat(1_000_000), `$()${"$(".repeat(1_000_000)}`])
    expect(expandVariables(text, () => undefined)).toBe(text);
});

test("expandVariables() stops when the result is longer than the caller takes", () => {
  let asked = 0;
  const result = expandVariables(
    "$(A)".repeat(1000),
    () => {
      asked++;
      return "0123456789";
    },
    95,
  );
  expect(asked).toBe(10);
  expect(result).toHaveLength(100);
});
