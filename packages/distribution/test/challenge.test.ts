import { describe, expect, test } from "vitest";
import { parseChallenges } from "../src/index.ts";

function plain(header: string | readonly string[] | undefined): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe("parseChallenges()", () => {
  test("reads a token server's challenge", () => {
    const header =
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:team/app:pull,push"';
    expect(plain(header)).toEqual([
      [
        "bearer",
        { realm: "https://auth.example/token", service: "registry.example", scope: "repository:team/app:pull,push" },
      ],
    ]);
  });

  test.each<[string, unknown]>([
    [
      'Basic realm="a", Bearer realm="b",service=c',
      [
        ["basic", { realm: "a" }],
        ["bearer", { realm: "b", service: "c" }],
      ],
    ],
    [
      "Negotiate, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "Negotiate abc+/==, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ['Bearer realm = "a" , scope = "b"', [["bearer", { realm: "a", scope: "b" }]]],
    ['bEaReR Realm="a"', [["bearer", { realm: "a" }]]],
    ['Basic realm="quote \\" and \\\\ backslash"', [["basic", { realm: 'quote " and \\ backslash' }]]],
    ['Bearer realm="first",realm="second"', [["bearer", { realm: "first" }]]],
    ["", []],
    ["   ,, ", []],
    ['Bearer realm="never closed', [["bearer", {}]]],
  ])("reads %s", (header, expected) => {
    expect(plain(header)).toEqual(expected);
  });

  test("takes several headers and none", () => {
    expect(plain(["Basic realm=a", "Bearer realm=b"])).toEqual([
      ["basic", { realm: "a" }],
      ["bearer", { realm: "b" }],
    ]);
    expect(plain(undefined)).toEqual([]);
  });

  test("ends for every prefix and cut of a header and for noise", () => {
    const header = 'Negotiate abc==, Basic realm="a\\"b", Bearer realm="https://x/y",scope="a b",error=';
    for (let from = 0; from < header.length; from++)
      for (let to = from; to <= header.length; to++) parseChallenges(header.slice(from, to));
    expect(parseChallenges("=".repeat(10_000))).toEqual([]);
    expect(parseChallenges("a".repeat(100_000))).toEqual([]);
  });
});
