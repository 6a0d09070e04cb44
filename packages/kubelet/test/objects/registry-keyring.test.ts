import { describe, expect, test } from "vitest";
import { type DockerConfig, parseDockerConfig } from "../../src/objects/docker-config.ts";
import { matchCredentials } from "../../src/objects/registry-keyring.ts";

const configFor = (...locations: string[]): DockerConfig =>
  locations.map((location) => ({ location, auth: { username: location, password: "p" } }));

const matching = (image: string, ...locations: string[]) =>
  matchCredentials(configFor(...locations), image).map(({ username }) => username);

describe("matchCredentials()", () => {
  test.each([
    ["registry.test/app:1", "registry.test", true],
    ["registry.test/app@sha256:00", "https://registry.test", true],
    ["registry.test/app", "http://registry.test/v2/", true],
    ["registry.test/app", "registry.test/v1/", true],
    ["registry.test/team/app:1", "registry.test/team", true],
    ["registry.test/other/app", "registry.test/team", false],
    ["registry.test:5000/app", "registry.test:5000", true],
    ["registry.test:5000/app", "registry.test", false],
    ["registry.test/app", "registry.test:5000", false],
    ["a.registry.test/app", "*.registry.test", true],
    ["registry.test/app", "*.registry.test", false],
    ["a.b.registry.test/app", "*.registry.test", false],
    ["a.b.registry.test/app", "*.*.registry.test", true],
    ["prefix-a.registry.test/app", "prefix-?.registry.test", true],
    ["r1.test/app", "r[0-9].test", true],
    ["rx.test/app", "r[0-9].test", false],
    ["rx.test/app", "r[^0-9].test", true],
    ["r.test/app", "r[.test", false],
    ["[::1]:5000/app", "[::1]:5000", true],
    ["registry.test/app", "registryxtest", false],
    ["localhost/app", "localhost", true],
    ["nginx", "docker.io", true],
    ["nginx", "https://index.docker.io/v1/", true],
    ["library/nginx:1", "index.docker.io", true],
    ["docker.io/me/app", "index.docker.io", true],
    ["registry.test/app", "index.docker.io", false],
  ])("matchCredentials() for %s and %s: %s", (image, location, expected) => {
    expect(matching(image, location)).toEqual(expected ? [location] : []);
  });

  // One pull secret held the kubelet's event loop for as long as a backtracking matcher took.
  test("matchCredentials() ends for a location of many stars", () => {
    const location = `${"*a".repeat(30)}*b.test`;
    expect(matching(`${"a".repeat(63)}.test/app`, location)).toEqual([]);
    expect(matching(`${"a".repeat(62)}b.test/app`, location)).toEqual([location]);
  });

  test("matchCredentials() matches no patterns with labels that DNS cannot have", () => {
    expect(matching(`${"a".repeat(64)}.test/app`, "*.test", `${"a".repeat(64)}.test`)).toEqual([
      `${"a".repeat(64)}.test`,
    ]);
  });

  test("matchCredentials() tries longer locations first and keeps the order of secrets for equal ones", () => {
    const config: DockerConfig = [
      { location: "registry.test", auth: { username: "first", password: "1" } },
      { location: "registry.test/team", auth: { username: "team", password: "1" } },
      { location: "https://registry.test", auth: { username: "second", password: "2" } },
      { location: "registry.test", auth: { username: "first", password: "1" } },
    ];
    expect(matchCredentials(config, "registry.test/team/app").map(({ username }) => username)).toEqual([
      "team",
      "first",
      "second",
    ]);
  });
});

describe("parseDockerConfig()", () => {
  test("parseDockerConfig() reads user and password, base64 auth and tokens", () => {
    const text = JSON.stringify({
      auths: {
        plain: { username: "u", password: "p" },
        combined: { auth: btoa("u:p:q"), username: "other" },
        unpadded: { auth: btoa("me:x").replace(/=+$/, "") },
        token: { identitytoken: "t" },
        useless: { email: "x@y" },
        broken: { auth: btoa("nocolon") },
        odd: 5,
      },
    });
    expect(parseDockerConfig(text, "dockerconfigjson")).toEqual([
      { location: "plain", auth: { username: "u", password: "p" } },
      { location: "combined", auth: { username: "u", password: "p:q" } },
      { location: "unpadded", auth: { username: "me", password: "x" } },
      { location: "token", auth: { username: "", password: "", identityToken: "t" } },
    ]);
  });

  test("parseDockerConfig() reads the older form", () => {
    expect(parseDockerConfig('{"r.test":{"username":"u","password":"p"}}', "dockercfg")).toHaveLength(1);
    expect(parseDockerConfig("{}", "dockerconfigjson")).toEqual([]);
  });

  test.each(["", "[]", "hunter2", '{"auths":[]}'])("parseDockerConfig() refuses %j without showing it", (text) => {
    expect(() => parseDockerConfig(text, "dockerconfigjson")).toThrow(SyntaxError);
    expect(() => parseDockerConfig(text, "dockerconfigjson")).not.toThrow(/hunter2/);
  });
});
