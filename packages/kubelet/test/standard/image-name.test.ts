import { describe, expect, test } from "vitest";
import { bareImageName, pullPolicy, tryParseImageName } from "../../src/standard/image-name.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("tryParseImageName()", () => {
  test.each([
    ["app", "index.docker.io", "app", undefined, undefined],
    ["app:v1", "index.docker.io", "app", "v1", undefined],
    ["team/app:v1", "index.docker.io", "team/app", "v1", undefined],
    ["docker.io/team/app", "index.docker.io", "team/app", undefined, undefined],
    ["localhost/app", "localhost", "app", undefined, undefined],
    ["localhost:5000/app:v1", "localhost:5000", "app", "v1", undefined],
    ["127.0.0.1:5000/a/b/c", "127.0.0.1:5000", "a/b/c", undefined, undefined],
    ["[::1]:5000/app", "[::1]:5000", "app", undefined, undefined],
    [`registry.example.com/app:v1@${digest}`, "registry.example.com", "app", "v1", digest],
  ])("tryParseImageName() of %s", (image, registry, repository, tag, expectedDigest) => {
    expect(tryParseImageName(image)).toEqual({ registry, repository, tag, digest: expectedDigest });
  });

  test.each([
    "",
    "UPPER",
    "app:",
    "app:v1:v2",
    "a//b",
    "app@sha256:12",
    "https://example.com/app",
    "app:-v1",
    "a".repeat(2000),
  ])("tryParseImageName() refuses %j", (image) => {
    expect(tryParseImageName(image)).toBeUndefined();
  });
});

test.each([
  ["app", "app"],
  ["app:v1", "app"],
  ["localhost:5000/app", "localhost:5000/app"],
  ["localhost:5000/app:v1", "localhost:5000/app"],
  [`registry.example.com/app:v1@${digest}`, "registry.example.com/app"],
  [`docker.io/app@${digest}`, "docker.io/app"],
  ["not@@a-name", undefined],
])("bareImageName() of %s is %s", (image, name) => {
  expect(bareImageName(image)).toBe(name);
});

describe("pullPolicy()", () => {
  test.each([
    ["app", undefined, "Always"],
    ["app:latest", undefined, "Always"],
    ["app:v1", undefined, "IfNotPresent"],
    [`app@${digest}`, undefined, "IfNotPresent"],
    [`app:latest@${digest}`, undefined, "IfNotPresent"],
    ["app:latest", "Never", "Never"],
    ["app:v1", "Always", "Always"],
  ])("pullPolicy() of %s with %s is %s", (image, policy, expected) => {
    const name = tryParseImageName(image);
    expect(name && pullPolicy(policy, name)).toBe(expected);
  });
});
