import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@wherry/base";
import type { JsonObject } from "@wherry/kubernetes";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeCredentialProviderConfig } from "../../src/credentials/credential-provider-config.ts";
import { loadCredentialProviders } from "../../src/credentials/credential-providers.ts";

const head = { apiVersion: "kubelet.config.k8s.io/v1", kind: "CredentialProviderConfig" };
const provider = {
  name: "ecr",
  matchImages: ["*.dkr.ecr.*.example.com", "registry.example:5000/team"],
  defaultCacheDuration: "12h",
  apiVersion: "credentialprovider.kubelet.k8s.io/v1",
};
const withProvider = (more: JsonObject): JsonObject => ({ ...head, providers: [{ ...provider, ...more }] });

describe("decodeCredentialProviderConfig()", () => {
  test("reads every field", () => {
    const document = withProvider({ args: ["get"], env: [{ name: "PROFILE", value: "a" }, { name: "EMPTY" }] });
    expect(decodeCredentialProviderConfig(document)).toEqual({
      providers: [
        {
          name: "ecr",
          matchImages: provider.matchImages,
          defaultCacheMs: 12 * 3_600_000,
          args: ["get"],
          env: { PROFILE: "a", EMPTY: "" },
        },
      ],
      problems: [],
    });
  });

  test.each<[string, JsonObject]>([
    ["apiVersion", { ...withProvider({}), apiVersion: "v1" }],
    ["kind", { ...withProvider({}), kind: "Pod" }],
    ["extra", { ...withProvider({}), extra: 1 }],
    ["providers", { ...head, providers: [] }],
    ["providers[0]", { ...head, providers: ["x"] }],
    ["providers[1].name", { ...head, providers: [provider, provider] }],
    ["providers[0].name", withProvider({ name: "../sh" })],
    ["providers[0].name", withProvider({ name: ".." })],
    ["providers[0].name", withProvider({ name: "a b" })],
    ["providers[0].matchImages", withProvider({ matchImages: [] })],
    ["providers[0].matchImages[0]", withProvider({ matchImages: ["https://registry.example"] })],
    ["providers[0].defaultCacheDuration", withProvider({ defaultCacheDuration: "soon" })],
    ["providers[0].defaultCacheDuration", withProvider({ defaultCacheDuration: "-1s" })],
    ["providers[0].apiVersion", withProvider({ apiVersion: "credentialprovider.kubelet.k8s.io/v2" })],
    ["providers[0].args", withProvider({ args: "get" })],
    ["providers[0].env[0]", withProvider({ env: [{ name: "A=B" }] })],
    ["providers[0].tokenAttributes", withProvider({ tokenAttributes: "audience" })],
    ["providers[0].tokenAttributes.cacheType", withProvider({ tokenAttributes: {} })],
    ["providers[0].colour", withProvider({ colour: "red" })],
  ])("reports %s of %j", (path, document) => {
    expect(decodeCredentialProviderConfig(document).problems.map((problem) => problem.path)).toContain(path);
  });

  test("reports what is no mapping", () => {
    expect(decodeCredentialProviderConfig(null).problems).toHaveLength(1);
  });
});

describe("loadCredentialProviders()", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-credentials-"));
    await mkdir(join(directory, "bin"));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const load = () =>
    loadCredentialProviders({
      file: join(directory, "config.yaml"),
      binDirectory: join(directory, "bin"),
      environment: {},
      logger: silentLogger,
    });

  test("names the file that is not there, the field that is wrong, and the program that is missing", async () => {
    const file = join(directory, "config.yaml");
    await expect(load()).rejects.toThrow(
      `Cannot use the credential provider configuration of the file "${file}": it does not exist`,
    );
    await writeFile(file, JSON.stringify(withProvider({ name: "" })));
    await expect(load()).rejects.toThrow(/credential provider configuration of .*: providers\[0\]\.name: is ""/);
    await writeFile(file, JSON.stringify(withProvider({})));
    await expect(load()).rejects.toThrow(
      `providers[0].name: is "ecr", but "${join(directory, "bin/ecr")}" is no program`,
    );
    await writeFile(join(directory, "bin/ecr"), "");
    await chmod(join(directory, "bin/ecr"), 0o755);
    await expect(load()).resolves.toBeDefined();
  });
});
