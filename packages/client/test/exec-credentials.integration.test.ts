import { chmod, mkdtemp, readFile, rm, watch, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { FakeClock } from "@wherry/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type CredentialSource, loadClusterConfig } from "../src/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

const apiVersion = "client.authentication.k8s.io/v1";
let directory = "";

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-exec-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** The credentials of a kubeconfig whose plugin is a Node program. */
async function plugin(
  program: string,
  more: Record<string, unknown> = {},
  clock = new FakeClock(),
): Promise<CredentialSource> {
  await writeFile(join(directory, "plugin"), `#!${process.execPath}\nconst fs = require("node:fs");\n${program}`);
  await chmod(join(directory, "plugin"), 0o700);
  const exec = { apiVersion, command: "./plugin", interactiveMode: "Never", ...more };
  const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }];
  const kubeconfig = {
    "current-context": "main",
    clusters: [{ name: "c", cluster: { server: "https://api.test", extensions } }],
    users: [{ name: "u", user: { exec } }],
    contexts: [{ name: "main", context: { cluster: "c", user: "u" } }],
  };
  await writeFile(join(directory, "config"), JSON.stringify(kubeconfig));
  const config = await loadClusterConfig({
    paths: [join(directory, "config")],
    env: { GIVEN: "by the caller", PATH: "/usr/bin:/bin" },
    clock,
  });
  if (config.credentials === undefined) throw new Error("no credentials");
  return config.credentials;
}

function printing(status: string): string {
  return `console.log(JSON.stringify({ apiVersion: "${apiVersion}", kind: "ExecCredential", status: ${status} }));`;
}

/** A plugin that gives token 1, 2, 3 and so on. */
function counting(more = ""): string {
  return `
const path = ${JSON.stringify(join(directory, "count"))};
let count = 0; try { count = Number(fs.readFileSync(path)); } catch {}
fs.writeFileSync(path, String(++count));
${printing(`{ token: "t" + count ${more} }`)}`;
}

describe("ExecCredentials", () => {
  test("runs the plugin once for concurrent requests and keeps what it gave", async () => {
    const source = await plugin(counting());
    const all = await Promise.all([source.get(), source.get()]);
    expect(all.map((credentials) => credentials.authorization)).toEqual(["Bearer t1", "Bearer t1"]);
    expect(source.get()).toBe(all[0]);
  });

  test("runs the plugin again after expiry and after a refusal", async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1));
    const source = await plugin(counting(', expirationTimestamp: "2026-01-01T00:01:00Z"'), {}, clock);
    const first = await source.get();
    await clock.advance(59_000);
    expect(source.get()).toBe(first);
    expect(await source.refresh(first)).toBe(true);
    const second = await source.get();
    expect(second.authorization).toBe("Bearer t2");
    // A second refusal of the same credentials finds newer ones there.
    expect(await source.refresh(first)).toBe(true);
    expect(source.get()).toBe(second);
    await clock.advance(2000);
    expect((await source.get()).authorization).toBe("Bearer t3");
  });

  test("passes arguments as they are, the environment, and cluster information", async () => {
    const out = join(directory, "out");
    const program = `
fs.writeFileSync(${JSON.stringify(out)}, JSON.stringify({ args: process.argv.slice(2), env: process.env }));
${printing('{ token: "x" }')}`;
    const source = await plugin(program, {
      args: ["--name", "$(touch x); a b"],
      env: [{ name: "ADDED", value: "by the file" }],
      provideClusterInfo: true,
    });
    await source.get();
    const { args, env } = JSON.parse(await readFile(out, "utf8"));
    expect(args).toEqual(["--name", "$(touch x); a b"]);
    expect(env).toMatchObject({ GIVEN: "by the caller", ADDED: "by the file" });
    expect(JSON.parse(env.KUBERNETES_EXEC_INFO)).toEqual({
      apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: "https://api.test", config: { audience: "x" } } },
    });
  });

  test("gives a client certificate", async () => {
    const { certificate, key } = new CertificateAuthority().issue("client");
    const source = await plugin(
      printing(`{ clientCertificateData: ${JSON.stringify(certificate)}, clientKeyData: ${JSON.stringify(key)} }`),
    );
    expect(await source.get()).toEqual({ identity: { certificate, key } });
  });

  test.each([
    ["fails", 'console.error("log in first"); process.exit(3);', "it ended with exit code 3: log in first"],
    ["prints no JSON", 'console.log("hush");', "it printed something that is not JSON"],
    ["prints another kind", 'console.log("{}");', "it printed no object of kind ExecCredential"],
    [
      "prints another version",
      'console.log(\'{"kind":"ExecCredential","apiVersion":"v9"}\');',
      `apiVersion is "v9", want "${apiVersion}"`,
    ],
    ["gives nothing", printing("{}"), "status has neither token nor clientCertificateData"],
    ["gives half a certificate", printing('{ clientKeyData: "x" }'), "status has only one of"],
    ["gives a bad time", printing('{ token: "x", expirationTimestamp: "soon" }'), 'expirationTimestamp is "soon"'],
    ["floods", 'fs.writeSync(1, "x".repeat(1 << 20)); fs.writeSync(1, "x".repeat(1 << 20));', "it printed more than"],
  ])("tells of a plugin that %s", async (_, program, message) => {
    const source = await plugin(program);
    await expect(source.get()).rejects.toThrow(message);
  });

  test("tells of a plugin that is not there, with its hint, and of one that does not end", async () => {
    const absent = await plugin("", { command: "wherry-no-such-plugin", installHint: "Install it." });
    await expect(absent.get()).rejects.toThrow("it cannot be started; Install it.");
    const clock = new FakeClock();
    const endless = Promise.resolve((await plugin("setInterval(() => {}, 1000);", {}, clock)).get());
    endless.catch(() => undefined);
    await clock.advance(60_000);
    await expect(endless).rejects.toThrow("not done in 60000 ms");
  });

  // What the plugin started kept its pipes open, and with them the process that waited for credentials.
  test("hangs up on what a plugin that does not end has started", async () => {
    const clock = new FakeClock();
    const [started, hungUp] = [join(directory, "started"), join(directory, "hung-up")];
    await writeFile(started, "");
    const grandchild = `echo >>"${started}"; yes >&2; echo >"${hungUp}"`;
    const program = `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(grandchild)}], { stdio: "inherit" });`;
    const source = await plugin(program, {}, clock);
    const ends = watch(directory, { signal: AbortSignal.timeout(60_000) });
    const endless = Promise.resolve(source.get());
    endless.catch(() => undefined);
    let isStarted = false;
    for await (const { eventType, filename } of ends) {
      if (filename === "started" && eventType === "change" && !isStarted) {
        isStarted = true;
        await clock.advance(60_000);
        await expect(endless).rejects.toThrow("not done in 60000 ms");
      }
      if (filename === "hung-up") break;
    }
    expect(isStarted).toBe(true);
  });
});
