import { describe, expect, test } from "vitest";
import { parseYaml } from "../../src/yaml/parse-yaml.ts";

const parsed = (text: string) => parseYaml(text)[0]?.value;

describe("parseYaml()", () => {
  // What `kubectl annotate --local -o json` makes of each.
  test.each([
    ["yes", true],
    ["y", true],
    ["On", true],
    ["n", false],
    ["Off", false],
    ["oN", "oN"],
    ["0400", 256],
    ["-017", -15],
    ["0o17", 15],
    ["0o", "0o"],
    ["0x1F", 31],
    ["0X1f", 31],
    ["0x", "0x"],
    ["0b11", 3],
    ["-0B11", -3],
    ["089", 89],
    ["0_7", 7],
    ["1_000", 1000],
    ["+5", 5],
    ["18446744073709551616", 18446744073709552000],
    ["1.", 1],
    [".5", 0.5],
    ["1.5_0", 1.5],
    ["12e03", 12_000],
    ["e5", "e5"],
    [".", "."],
    ["1.2.3", "1.2.3"],
    ["1:30", "1:30"],
    ["2020-01-01", "2020-01-01"],
    ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
    ["~", null],
    ["Null", null],
    ["", null],
    ['"yes"', "yes"],
    ["'0400'", "0400"],
    ["!!str 5", "5"],
    ['!!int "5"', 5],
    ["!!float 1", 1],
    ["!!binary aGk=", "hi"],
    ["!foo bar", "bar"],
  ])("parseYaml() reads %s as Kubernetes does", (text, value) => {
    expect(parsed(`a: ${text}`)).toEqual({ a: value });
  });

  test("parseYaml() makes texts of keys, whatever they mean", () => {
    expect(parsed("{ y: 1, 5: x, 0755: z, __proto__: p }")).toEqual(
      JSON.parse('{ "true": 1, "5": "x", "493": "z", "__proto__": "p" }'),
    );
  });

  test.each([
    ["{ <<: { a: b }, c: d }", { a: "b", c: "d" }],
    ["{ <<: { a: b }, a: c }", { a: "c" }],
    ["{ a: c, <<: { a: b } }", { a: "b" }],
    ["{ <<: [{ a: b }, { a: c, d: e }] }", { a: "b", d: "e" }],
    ["{ '<<': a }", { "<<": "a" }],
  ])("parseYaml() merges %s", (text, value) => {
    expect(parsed(text)).toEqual(value);
  });

  test("parseYaml() merges aliases", () => {
    expect(parsed("a: &a { x: 1 }\nb: { <<: *a, z: 2 }")).toEqual({ a: { x: 1 }, b: { x: 1, z: 2 } });
  });

  test("parseYaml() takes the last of the same key and says where it stands", () => {
    expect(parseYaml("a: 1\nb:\n  a: 1\n  a: 2\na: 3\n")).toEqual([
      {
        value: { a: 3, b: { a: 2 } },
        duplicateKeys: ["Map keys must be unique at line 4, column 3", "Map keys must be unique at line 5, column 1"],
      },
    ]);
  });

  test("parseYaml() reads JSON, several documents and none", () => {
    expect(parsed('{"a": [1, "yes", null]}')).toEqual({ a: [1, "yes", null] });
    expect(parseYaml("a: 1\n---\nb: 2\n").map(({ value }) => value)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(parseYaml("")).toEqual([]);
  });

  test.each([
    ["what is none", "a: [", /^Flow sequence .* line 1, column 5$/],
    ["infinity", "a: .inf", /^\.inf is no number that JSON has at line 1/],
    ["a merge of no mapping", "a: { <<: b }", /^the value of << must be a mapping/],
    ["an alias of nothing", "a: *b", /alias.*: b$/i],
    ["a bomb of aliases", `a: &a [1,2]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]`, /alias/],
    [
      "a bomb of merged aliases",
      `a: &a {x: 1}\nb: &b {<<: [${"*a,".repeat(50)}]}\nc: &c {<<: [${"*b,".repeat(50)}]}`,
      /alias/,
    ],
  ])("parseYaml() refuses %s", (_, text, message) => {
    expect(() => parseYaml(text)).toThrow(message);
  });
});
