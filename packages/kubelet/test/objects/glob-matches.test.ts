import { expect, test } from "vitest";
import { globMatches } from "../../src/objects/glob-matches.ts";

// Expectations are the answers of Go's path/filepath.Match on Linux, where a malformed pattern is an error.
test.each([
  ["", "", true],
  ["", "a", false],
  ["abc", "abc", true],
  ["a.c", "abc", false],
  ["*", "", true],
  ["*", "abc", true],
  ["**", "abc", true],
  ["a*", "abc", true],
  ["*c", "abc", true],
  ["*b", "abc", false],
  ["a*b*c*d", "abxbcxcd", true],
  ["a*b*c*d", "abxbcxc", false],
  ["*ab", "aab", true],
  ["*ab*", "xxabxx", true],
  ["*a*b", "ba", false],
  ["?", "", false],
  ["?", "ü", true],
  ["?", "😀", true],
  ["*?", "a", true],
  ["*??", "a", false],
  ["a?c", "abc", true],
  ["[a-c]", "b", true],
  ["[a-c]", "d", false],
  ["[^a-c]", "b", false],
  ["[^a-c]", "d", true],
  ["[!a]", "!", true],
  ["[a-cx-z]", "y", true],
  ["[c-a]", "b", false],
  ["[a^]", "^", true],
  ["[*]", "*", true],
  ["[*]", "a", false],
  ["*[0-9]x", "a1b2x", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["\\[a]", "[a]", true],
  ["[\\]]", "]", true],
  ["[\\-x]", "-", true],
  ["[\\^a]", "^", true],
  ["]", "]", true],
  ["a\\", "a", false],
  ["\\", "", false],
  ["[", "[", false],
  ["[]", "]", false],
  ["[]a]", "]", false],
  ["[-]", "-", false],
  ["[a-]", "a", false],
  ["[-x]", "x", false],
  ["[^]", "a", false],
  ["[a", "a", false],
  ["[a-", "a", false],
  ["[\\", "a", false],
  ["*[", "a", false],
])("globMatches(%j, %j) is %s", (pattern, text, expected) => {
  expect(globMatches(pattern, text)).toBe(expected);
});

// A backtracking matcher tries every way to share the text out among the stars: it would never end.
test("globMatches() ends for a pattern of many stars that does not match", () => {
  expect(globMatches(`${"*a".repeat(500)}*b`, "a".repeat(1000))).toBe(false);
  expect(globMatches(`${"*[a-z]".repeat(500)}*[0-9]*`, "a".repeat(1000))).toBe(false);
  expect(globMatches(`${"*a".repeat(500)}*`, "a".repeat(1000))).toBe(true);
});
