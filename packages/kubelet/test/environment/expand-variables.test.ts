import { expect, test } from "vitest";
import { expandVariables, unresolvedVariables } from "../../src/environment/expand-variables.ts";

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

test("unresolvedVariables() names what is not known", () => {
  expect(unresolvedVariables("$(A)/$(X)/$$(Y)/$(Z)", lookup)).toEqual(["X", "Z"]);
});
