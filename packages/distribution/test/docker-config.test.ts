import { describe, expect, test } from "vitest";
import { dockerConfigCredentials, parseDockerConfig } from "../src/index.ts";

const basic = (username: string, password = "p") => ({ kind: "basic", username, password });
const auth = (text: string) => Buffer.from(text).toString("base64");

function lookUp(auths: Record<string, object>, host: string, repository = "team/app"): unknown {
  return dockerConfigCredentials(parseDockerConfig(JSON.stringify({ auths })))(host, repository);
}

describe("parseDockerConfig()", () => {
  test("reads all ways to write a credential", () => {
    const entries = parseDockerConfig(
      JSON.stringify({
        auths: {
          a: { auth: auth("user:with:colons") },
          b: { username: "u", password: "p" },
          c: { identitytoken: "refresh" },
          d: { auth: auth("<token>:refresh") },
          e: { registrytoken: "bearer" },
          f: { auth: auth("wins:yes"), username: "loses", password: "no" },
          g: {},
        },
        credHelpers: { h: "something" },
      }),
    );
    expect(Object.fromEntries(entries.map(({ location, credential }) => [location, credential]))).toEqual({
      a: basic("user", "with:colons"),
      b: basic("u"),
      c: { kind: "identity-token", identityToken: "refresh" },
      d: { kind: "identity-token", identityToken: "refresh" },
      e: { kind: "registry-token", registryToken: "bearer" },
      f: basic("wins", "yes"),
    });
  });

  test("reads the old format without auths", () => {
    expect(parseDockerConfig(JSON.stringify({ "r.example": { username: "u", password: "p" } }))).toEqual([
      { location: "r.example", credential: basic("u") },
    ]);
  });

  test.each([
    ["no JSON: secret", "it is no JSON"],
    ["[]", "no JSON object"],
    ['{"auths": []}', "auths is no object"],
    ['{"auths": {"a": 1}}', 'the entry of "a" is no object'],
    ['{"auths": {"a": {"auth": "c2VjcmV0"}}}', 'auth of "a"'],
    ['{"auths": {"a": {"auth": "***secret"}}}', 'auth of "a"'],
    ['{"auths": {"a": {"username": 1}}}', "username"],
  ])("refuses %s without telling what is in it", (text, problem) => {
    expect(() => parseDockerConfig(text)).toThrow(problem);
    expect(() => parseDockerConfig(text)).not.toThrow(/secret/);
  });
});

describe("dockerConfigCredentials()", () => {
  const entry = (username: string) => ({ username, password: "p" });

  test.each<[string, string, boolean]>([
    ["registry.example", "registry.example", true],
    ["https://registry.example/v2/", "registry.example", true],
    ["http://registry.example", "registry.example", true],
    ["REGISTRY.example", "registry.example", true],
    ["registry.example", "registry.example:5000", false],
    ["registry.example:5000", "registry.example:5000", true],
    ["*.example", "registry.example", true],
    ["*.example", "a.registry.example", false],
    ["*.*.example", "a.registry.example", true],
    ["reg*.example", "registry.example", true],
    ["r*y.example", "registry.example", true],
    ["re*e.example", "re.example", false],
    ["*", "registry.example", false],
    ["*.example:5000", "registry.example:5000", true],
    ["example", "registry.example", false],
    ["https://index.docker.io/v1/", "docker.io", true],
    ["docker.io", "docker.io", true],
    ["registry.example/team", "registry.example", true],
    ["registry.example/team/app", "registry.example", true],
    ["registry.example/te", "registry.example", false],
    ["registry.example/other", "registry.example", false],
  ])("%s against %s: %s", (location, host, found) => {
    expect(lookUp({ [location]: entry("u") }, host)).toEqual(found ? [basic("u")] : []);
  });

  test("puts the most specific entry first", () => {
    const found = lookUp(
      {
        "*.example": entry("wild"),
        "r.example": entry("host"),
        "r.example/team/app": entry("app"),
        "r.example/team": entry("team"),
      },
      "r.example",
    );
    expect(found).toEqual([basic("app"), basic("team"), basic("host"), basic("wild")]);
  });
});
