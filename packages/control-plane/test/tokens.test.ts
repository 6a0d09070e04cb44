import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keyIdOf, signJwt, verifyJwt } from "../src/auth/jwt.ts";
import { TokenFile } from "../src/auth/token-file.ts";
import { adminUser, nodeNameOf, nodeUser } from "../src/auth/user.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wherry-tokens-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("TokenFile", () => {
  test("gives each identity one token, also after a restart", () => {
    const path = join(directory, "tokens.json");
    const file = new TokenFile(path);
    const admin = file.tokenFor(adminUser);
    const node = file.tokenFor(nodeUser("n1"));
    expect(admin).not.toBe(node);
    expect(statSync(path).mode & 0o077).toBe(0);
    const next = new TokenFile(path);
    expect(next.tokenFor(adminUser)).toBe(admin);
    expect(next.authenticate(node)?.name).toBe("system:node:n1");
    expect(next.authenticate(`${node}x`)).toBeUndefined();
    expect(next.authenticate("")).toBeUndefined();
  });

  test("does not guess at a file that it cannot read", () => {
    const path = join(directory, "tokens.json");
    writeFileSync(path, "[{");
    expect(() => new TokenFile(path)).toThrow(expect.objectContaining({ code: "STATE_CORRUPT" }));
    expect(readFileSync(path, "utf8")).toBe("[{");
  });
});

test("nodeNameOf() believes the group, not the name alone", () => {
  expect(nodeNameOf(nodeUser("n1"))).toBe("n1");
  expect(nodeNameOf({ name: "system:node:n1", groups: [] })).toBeUndefined();
});

describe("signJwt() and verifyJwt()", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey);
  const token = signJwt({ sub: "me" }, privateKey, keyIdOf(publicKey));

  test("agree", () => {
    expect(verifyJwt(token, publicKey)).toEqual({ sub: "me" });
    const [head = ""] = token.split(".");
    expect(JSON.parse(Buffer.from(head, "base64url").toString())).toEqual({ alg: "ES256", kid: keyIdOf(publicKey) });
  });

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const [head = "", claims = "", signature = ""] = token.split(".");

  test.each([
    ["other claims", `${head}.${part({ sub: "root" })}.${signature}`],
    ["no signature", `${head}.${claims}.`],
    ["no algorithm", `${part({ alg: "none" })}.${claims}.`],
    ["a symmetric algorithm", `${part({ alg: "HS256" })}.${claims}.${signature}`],
    ["more parts", `${token}.x`],
    ["no parts", "token"],
    ["a huge text", `${head}.${"A".repeat(20_000)}.${signature}`],
  ])("verifyJwt() refuses %s", (_, forged) => {
    expect(verifyJwt(forged, publicKey)).toBeUndefined();
  });

  test("verifyJwt() refuses another's key", () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    expect(verifyJwt(token, other)).toBeUndefined();
  });
});
