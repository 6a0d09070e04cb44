import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLogger, FakeClock, type LogEntry } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import {
  FileCredentials,
  inClusterConfig,
  loadClusterConfig,
  loadKubeconfig,
  parseKubeconfig,
  resolveContext,
} from "../src/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-kubeconfig-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig with one context, whose cluster and user have the given fields. */
function config(cluster: Record<string, unknown>, user: Record<string, unknown> = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "main",
    clusters: [{ name: "c", cluster: { server: "https://api.test:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "main", context: { cluster: "c", user: "u", namespace: "team" } }],
  });
}

describe("loadClusterConfig()", () => {
  test("resolves the current context, with data in the file and files beside it", async () => {
    await file("ca.pem", "AUTHORITY");
    const issued = new CertificateAuthority().issue("client");
    await file("client.crt", issued.certificate);
    await file("client.key", issued.key);
    const path = await file(
      "config",
      `
apiVersion: v1
kind: Config
current-context: main
preferences: {}
clusters:
- name: c
  cluster: { server: "https://api.test:6443", certificate-authority: ca.pem, tls-server-name: inner.test }
users:
- name: u
  user: { client-certificate: ./client.crt, client-key: client.key, token: abc, as: jane, as-groups: [a, b] }
contexts:
- name: main
  context: { cluster: c, user: u, namespace: team }
`,
    );
    const resolved = await loadClusterConfig({ paths: [path] });
    expect(resolved).toMatchObject({
      server: "https://api.test:6443",
      certificateAuthority: "AUTHORITY",
      tlsServerName: "inner.test",
      insecureSkipTlsVerify: false,
      namespace: "team",
      impersonate: { user: "jane", groups: ["a", "b"] },
    });
    expect(await resolved.credentials?.get()).toEqual({
      authorization: "Bearer abc",
      identity: { certificate: issued.certificate, key: issued.key },
    });
  });

  test("prefers data over files and encodes basic credentials", async () => {
    const path = await file(
      "config",
      config(
        { "certificate-authority-data": base64("INLINE"), "certificate-authority": "missing.pem" },
        { username: "jane", password: "päss" },
      ),
    );
    const resolved = await loadClusterConfig({ paths: [path] });
    expect(resolved.certificateAuthority).toBe("INLINE");
    expect(await resolved.credentials?.get()).toEqual({ authorization: `Basic ${base64("jane:päss")}` });
  });

  test("chooses another context by name and says which there are", async () => {
    const path = await file("config", config({}));
    await expect(loadClusterConfig({ paths: [path], context: "other" })).rejects.toThrow(
      `Cannot use ${path}: context "other" is not defined, there are "main"`,
    );
  });

  test.each([
    ["cluster", '"nope"', { contexts: [{ name: "main", context: { cluster: "nope" } }] }],
    ["user", '"nobody"', { contexts: [{ name: "main", context: { cluster: "c", user: "nobody" } }] }],
  ])("names the %s a context refers to in vain", async (what, name, change) => {
    const path = await file("config", JSON.stringify({ ...JSON.parse(config({})), ...change }));
    await expect(loadClusterConfig({ paths: [path] })).rejects.toThrow(`names ${what} ${name}`);
  });

  test("names the file that is missing or too large", async () => {
    const path = await file("config", config({ "certificate-authority": "gone.pem" }));
    await expect(loadClusterConfig({ paths: [path] })).rejects.toThrow(
      `Cannot read certificate-authority ${join(directory, "gone.pem")}`,
    );
    const large = await file("large", "#".repeat(9 * 2 ** 20));
    await expect(loadClusterConfig({ paths: [large] })).rejects.toThrow("want at most 8388608");
  });
});

describe("loadKubeconfig()", () => {
  test("merges files: the first definition of a name stands, absent files are passed over", async () => {
    const first = await file("first", config({ server: "https://first.test" }));
    const second = await file(
      "second",
      JSON.stringify({
        "current-context": "second",
        clusters: [
          { name: "c", cluster: { server: "https://second.test" } },
          { name: "d", cluster: { server: "https://second.test" } },
        ],
      }),
    );
    const merged = await loadKubeconfig([join(directory, "absent"), first, "", second]);
    expect(merged.files).toEqual([first, second]);
    expect(merged.currentContext).toBe("main");
    expect([...merged.clusters].map(([name, cluster]) => `${name} ${cluster().server}`)).toEqual([
      "c https://first.test",
      "d https://second.test",
    ]);
  });

  test("refuses when no file is named or none exists", async () => {
    await expect(loadKubeconfig([])).rejects.toThrow("no file is named");
    await expect(loadKubeconfig([join(directory, "absent")])).rejects.toThrow("absent does not exist");
  });
});

describe("parseKubeconfig()", () => {
  test("reads YAML as kubectl does: yes and no, the last of the same key, the first of several documents", () => {
    const text = `current-context: a
current-context: b
clusters: [{ name: c, cluster: { server: "https://api.test", insecure-skip-tls-verify: yes } }]
---
current-context: c
`;
    const { currentContext, clusters } = parseKubeconfig(text, "f");
    expect([currentContext, clusters.get("c")?.().insecureSkipTlsVerify]).toEqual(["b", true]);
    const octal = parseKubeconfig("users: [{ name: u, user: { token: 0123 } }]", "f");
    expect(() => octal.users.get("u")?.()).toThrow("users[0].user.token is a number, want a string");
  });

  test.each([
    ["another kind", "kind: Pod", 'kind is "Pod", want "Config"'],
    ["another version", "apiVersion: v2", 'apiVersion is "v2", want "v1"'],
    ["a list of clusters that is none", "clusters: 3", "clusters is a number, want a list"],
    [
      "a name that stands twice",
      "users: [{ name: a }, { name: b }, { name: a }]",
      'users[2].name is "a" for a second time: keep one of the two',
    ],
    ["YAML that is none", "a: b: c", "Cannot load f:"],
    ["a text instead of a mapping", "hello", "document is a string, want a mapping"],
  ])("refuses %s, naming file and field", (_, text, message) => {
    expect(() => parseKubeconfig(text, "f")).toThrow(message);
    expect(() => parseKubeconfig(text, "f")).toThrow("Cannot load f:");
  });

  test.each([
    [
      "a proxy",
      config({ "proxy-url": "http://proxy" }),
      "clusters[0].cluster.proxy-url is set, but proxies are not supported",
    ],
    ["no server", config({ server: "" }), "clusters[0].cluster.server is missing"],
    [
      "a cluster that is no mapping",
      config({}).replace('"cluster":{', '"cluster":5,"x":{'),
      "cluster is a number, want a mapping",
    ],
    ["a server that is no URL", config({ server: "api.test" }), 'server is "api.test", want an https: or http: URL'],
    ["a flag that is a text", config({ "insecure-skip-tls-verify": "yes" }), "insecure-skip-tls-verify is a string"],
    [
      "an authority that is to be ignored",
      config({ "insecure-skip-tls-verify": true, "certificate-authority": "x" }),
      "insecure-skip-tls-verify is true although",
    ],
    [
      "data that is not base64",
      config({ "certificate-authority-data": "{}" }),
      "certificate-authority-data is not base64",
    ],
    ["a key without its certificate", config({}, { "client-key": "x" }), "client-certificate is missing"],
    ["two ways to authenticate", config({}, { token: "x", username: "y" }), "username is set beside another way"],
    ["an auth provider", config({}, { "auth-provider": { name: "gcp" } }), "auth-provider is set, but"],
    ["groups of nobody", config({}, { "as-groups": ["a"] }), "as is missing"],
    [
      "an unknown plug-in version",
      config({}, { exec: { apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" } }),
      'exec.apiVersion is "client.authentication.k8s.io/v1alpha1", want',
    ],
    [
      "a plug-in that wants a terminal",
      config({}, { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "x", interactiveMode: "Always" } }),
      "there is no terminal to ask on",
    ],
  ])(
    "refuses a chosen context with %s, naming file and field, and takes others beside it",
    async (_, text, message) => {
      const broken = parseKubeconfig(text, "f");
      await expect(resolveContext(broken)).rejects.toThrow(message);
      await expect(resolveContext(broken)).rejects.toThrow("Cannot load f:");
      const { clusters, users, contexts, ...rest } = JSON.parse(config({}));
      const theirs = JSON.parse(text);
      const both = {
        ...rest,
        clusters: [...theirs.clusters, { ...clusters[0], name: "good" }],
        users: [...theirs.users, { name: "good", user: null }],
        contexts: [...theirs.contexts, { name: "good", context: { cluster: "good", user: "good" } }],
      };
      const merged = parseKubeconfig(JSON.stringify(both), "f");
      expect(await resolveContext(merged, { context: "good" })).toMatchObject({ server: "https://api.test:6443" });
    },
  );

  test("takes entries without a name or a body as long as none is chosen", async () => {
    const text = JSON.stringify({
      ...JSON.parse(config({})),
      users: [{ name: "u" }, { name: "other" }, { user: { token: 5 } }],
    });
    const { credentials } = await resolveContext(parseKubeconfig(text, "f"));
    expect(await credentials?.get()).toEqual({ authorization: undefined, identity: undefined });
  });

  test("does not show secrets in messages", async () => {
    const text = config({}, { token: { secret: "hush" } });
    const message = "users[0].user.token is a object, want a string";
    await expect(resolveContext(parseKubeconfig(text, "f"))).rejects.toThrow(message);
  });
});

describe("FileCredentials", () => {
  test("reads a token again as it rotates, and keeps the old one while it cannot be read", async () => {
    const tokenFile = await file("token", "one\n");
    const clock = new FakeClock();
    const log: LogEntry[] = [];
    const logger = createLogger((entry) => void log.push(entry));
    const source = await FileCredentials.load({ tokenFile, token: "ignored" }, { clock, logger });
    expect(source.get()).toEqual({ authorization: "Bearer one" });
    await file("token", "two");
    expect(source.get()).toEqual({ authorization: "Bearer one" });
    await clock.advance(31_000);
    expect(await source.get()).toEqual({ authorization: "Bearer two" });
    await rm(tokenFile);
    await clock.advance(31_000);
    expect(await source.get()).toEqual({ authorization: "Bearer two" });
    expect(log).toHaveLength(1);
  });

  test("uses the token beside a file that cannot be read, until it can, as client-go does", async () => {
    const tokenFile = join(directory, "token");
    const clock = new FakeClock();
    const log: LogEntry[] = [];
    const logger = createLogger((entry) => void log.push(entry));
    const source = await FileCredentials.load({ tokenFile, token: "beside" }, { clock, logger });
    expect(source.get()).toEqual({ authorization: "Bearer beside" });
    expect(log).toEqual([expect.objectContaining({ level: "warn" })]);
    await file("token", "one");
    await clock.advance(31_000);
    expect(await source.get()).toEqual({ authorization: "Bearer one" });
    await file("token", "");
    await clock.advance(31_000);
    expect(await source.get()).toEqual({ authorization: "Bearer one" });
    await expect(FileCredentials.load({ tokenFile })).rejects.toThrow("it is empty");
  });

  test("reads again at once after a refusal and tells whether that helped", async () => {
    const tokenFile = await file("token", "one");
    const source = await FileCredentials.load({ tokenFile }, { clock: new FakeClock() });
    const refused = await source.get();
    expect(await source.refresh(refused)).toBe(false);
    await file("token", "two");
    expect(await source.refresh(refused)).toBe(true);
    expect(await (await FileCredentials.load({ token: "x" })).refresh(refused)).toBe(false);
  });

  test("takes over a rotated certificate only when its key is there too", async () => {
    const authority = new CertificateAuthority();
    const [first, second] = [authority.issue("a"), authority.issue("b")];
    const clientCertificate = { file: await file("crt", first.certificate) };
    const clientKey = { file: await file("key", first.key) };
    const clock = new FakeClock();
    const source = await FileCredentials.load({ clientCertificate, clientKey }, { clock });
    const before = await source.get();
    await file("crt", second.certificate);
    await clock.advance(31_000);
    expect((await source.get()).identity).toBe(before.identity);
    await file("key", second.key);
    await clock.advance(31_000);
    expect((await source.get()).identity).toEqual(second);
  });

  test("refuses tokens a header cannot carry, without showing them", async () => {
    const tokenFile = await file("token", "hush\nhush");
    await expect(FileCredentials.load({ tokenFile })).rejects.toThrow(/^Cannot use token file .*token: it has spaces/);
    await file("token", " \n");
    await expect(FileCredentials.load({ tokenFile })).rejects.toThrow("it is empty");
  });
});

describe("inClusterConfig()", () => {
  test("reads a service account directory", async () => {
    await file("token", "abc");
    await file("ca.crt", "AUTHORITY");
    await file("namespace", "team\n");
    const resolved = await inClusterConfig(directory, { server: "https://10.0.0.1:443" });
    expect(resolved).toMatchObject({
      server: "https://10.0.0.1:443",
      certificateAuthority: "AUTHORITY",
      namespace: "team",
    });
    expect(await resolved.credentials?.get()).toEqual({ authorization: "Bearer abc" });
  });

  test("names the file that is missing", async () => {
    await expect(inClusterConfig(directory)).rejects.toThrow(`Cannot read token file ${join(directory, "token")}`);
  });
});
