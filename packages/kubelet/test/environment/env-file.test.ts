import { expect, test } from "vitest";
import { envFileValue } from "../../src/environment/env-file.ts";

test.each([
  ["A='x'", "x"],
  ["\n  \t\n# comment\n  A='x'\n", "x"],
  ["A='x' # comment", "x"],
  ["A='x'   ", "x"],
  ["A=''", ""],
  ["A= 'x'", ""],
  ["A='one\n two # no comment\n\n'", "one\n two # no comment\n\n"],
  ["A='$B \\n \"'", '$B \\n "'],
  ["A='a=b'", "a=b"],
  ["A='first'\nA='second'", "first"],
  ["B='y'\r\nA='x'\r\n", "x"],
  ["B='multi\nA=no'\nA='yes'", "yes"],
  ["A='x'\nthis is not looked at", "x"],
  ["B='x'", undefined],
  ["", undefined],
  ["AA='x'", undefined],
])("envFileValue() of A in %j is %j", (text, value) => {
  expect(envFileValue(text, "A")).toBe(value);
});

test.each([
  ["A", 'line 1: expected "="'],
  ["\nA=x", "line 2: expected a value in single quotes"],
  ['A="x"', "line 1: expected a value in single quotes"],
  ["A=", "line 1: expected a value in single quotes"],
  ["A ='x'", 'line 1: expected no white space before "="'],
  ["='x'", 'line 1: expected a name before "="'],
  ["A='x'y", "line 1: expected nothing or a comment after the closing quote"],
  ["A='x\ny'z", "line 2: expected nothing or a comment after the closing quote"],
  ["B='ok'\nA='x\ny", "line 2: single quote is not closed"],
])("envFileValue() refuses %j", (text, message) => {
  expect(() => envFileValue(text, "A")).toThrow(message);
});
