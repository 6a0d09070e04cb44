import { describe, expect, test } from "vitest";
import { DistributionError, formatReference, imageName, parseReference, tryParseReference } from "../src/index.ts";

const hex = "a".repeat(64);

describe("parseReference()", () => {
  test.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["team/app", "docker.io/team/app:latest"],
    ["docker.io/nginx", "docker.io/library/nginx:latest"],
    ["index.docker.io/nginx", "docker.io/library/nginx:latest"],
    ["localhost/app", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["registry.example/a/b/c", "registry.example/a/b/c:latest"],
    ["registry.example:5000/app", "registry.example:5000/app:latest"],
    ["Registry/app", "Registry/app:latest"],
    ["[::1]:5000/app:1", "[::1]:5000/app:1"],
    ["127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"],
    ["a/b-c__d.e", "docker.io/a/b-c__d.e:latest"],
    ["app:5000", "docker.io/library/app:5000"],
    [`nginx@sha256:${hex}`, `docker.io/library/nginx@sha256:${hex}`],
    [`nginx:1@sha256:${hex}`, `docker.io/library/nginx:1@sha256:${hex}`],
  ])("completes %s", (text, complete) => {
    expect(formatReference(parseReference(text))).toBe(complete);
    expect(formatReference(parseReference(complete))).toBe(complete);
  });

  test.each([
    ["", "it is empty"],
    ["Nginx", "must be in lower case"],
    ["team/App", "must be in lower case"],
    ["https://registry.example/app", "URL scheme"],
    ["app name", "white space"],
    ["app:", "no valid tag"],
    ["app:.x", "no valid tag"],
    [`app:${"t".repeat(129)}`, "no valid tag"],
    ["app@sha256:abc", "no SHA-256 or SHA-512 digest"],
    [`app@sha256:${"A".repeat(64)}`, "no SHA-256 or SHA-512 digest"],
    [`app@md5:${hex}`, "no SHA-256 or SHA-512 digest"],
    ["team//app", "no valid repository name"],
    ["team/-app", "no valid repository name"],
    ["/app", "no valid repository name"],
    ["team/app/", "no valid repository name"],
    ["../../etc/passwd", "no host name"],
    ["registry.example:99999/app", "out of range"],
    ["registry..example/app", "no host name"],
    [hex, "image ID"],
    [`a/${"b".repeat(300)}`, "longer than 255"],
    ["x".repeat(2000), "longer than 1024"],
    ["app\u0000", "no valid repository name"],
    ["docker.io/", "no valid repository name"],
  ])("refuses %j", (text, problem) => {
    expect(() => parseReference(text)).toThrow(problem);
    expect(() => parseReference(text)).toThrow(DistributionError);
    expect(tryParseReference(text)).toBeUndefined();
  });
});

describe("imageName()", () => {
  test("drops the tag where there is a digest", () => {
    expect(imageName(parseReference(`app:1@sha256:${hex}`))).toBe(`docker.io/library/app@sha256:${hex}`);
    expect(imageName(parseReference("app:1"))).toBe("docker.io/library/app:1");
  });
});
