import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeRegistry, sendError, workloadKit } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callWherry } from "./call-wherry.ts";
import { runWherry } from "./run-wherry.ts";

let directory: string;
let kit: string;
let registry: FakeRegistry;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-commands-"));
  registry = await FakeRegistry.start();
  kit = await workloadKit();
  registry.intercept = (request, response) => {
    if (!request.url.pathname.startsWith("/v2/private/")) return false;
    if (request.authorization === `Basic ${Buffer.from("me:pass").toString("base64")}`) return false;
    response.setHeader("www-authenticate", 'Basic realm="test"');
    sendError(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test("a command's process ends with it, whatever Node still believes to wait for (a node that was stopped went on computing)", async () => {
  const leftOpen = "data:text/javascript,setInterval(() => {}, 1e9)";
  expect(await runWherry(["version"], { env: { NODE_OPTIONS: `--import "${leftOpen}"` } })).toMatchObject({ code: 0 });
});

describe.concurrent("wherry version", () => {
  test("prints versions, as text and as JSON", async () => {
    const text = await runWherry(["version"]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/^wherry \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+, V8 .*\)\n$/);
    expect((await runWherry(["--version"])).stdout).toBe(text.stdout);
    const { stdout } = await runWherry(["version", "--output", "json"]);
    expect(JSON.parse(stdout)).toEqual({
      wherry: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      node: process.versions.node,
      v8: process.versions.v8,
      platform: `${process.platform}/${process.arch}`,
    });
  });
});

describe.concurrent("wherry push and pull", () => {
  test("a module goes to a registry and comes back as it was", async () => {
    const reference = `${registry.host}/round/trip:v1`;
    const pushed = await runWherry(["push", "--output=json", "--annotation=org.example.team=core", kit, reference]);
    expect(pushed).toMatchObject({ code: 0, stderr: "" });
    const report = JSON.parse(pushed.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ digest: expect.stringMatching(/^sha256:/), size: (await readFile(kit)).length });
    const again = await runWherry(["push", "--output=json", "--annotation=org.example.team=core", kit, reference]);
    expect(JSON.parse(again.stdout)).toEqual(report);
    const manifest = JSON.parse(registry.manifests.get("round/trip:v1")!.bytes.toString()) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      config: { mediaType: "application/vnd.wasm.config.v0+json" },
      layers: [{ mediaType: "application/wasm", digest: report["module"] }],
      annotations: { "org.example.team": "core" },
    });
    const state = `--state-dir=${join(directory, "pulled")}`;
    const pulled = await runWherry(["pull", state, reference]);
    expect(pulled).toMatchObject({ code: 0, stderr: "" });
    expect(pulled.stdout).toMatch(/\/round\/trip@sha256:[0-9a-f]{64}\n$/);
    expect(await runWherry(["run", state, reference, "exit", "5"])).toMatchObject({ code: 5 });
  });

  test("credentials come from a docker configuration", async () => {
    const reference = `${registry.host}/private/app:v1`;
    const config = join(directory, "docker.json");
    const auth = Buffer.from("me:pass").toString("base64");
    await writeFile(config, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const state = `--state-dir=${join(directory, "private")}`;
    const refused = await runWherry(["push", kit, reference], { env: { DOCKER_CONFIG: directory } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^error: Cannot push .*answered 401/);
    expect(await runWherry(["push", `--docker-config=${config}`, kit, reference])).toMatchObject({ code: 0 });
    expect(await runWherry(["pull", state, `--docker-config=${config}`, reference])).toMatchObject({ code: 0 });
    expect(refused.stderr).not.toContain(auth);
  });

  test.each<[string, () => string[], RegExp]>([
    [
      "a file that is no module",
      () => ["push", import.meta.filename, `${registry.host}/a:v1`],
      /^error: .*commands\.integration\.test\.ts" is no WebAssembly; it starts with "import/,
    ],
    ["a missing file", () => ["push", "missing.wasm", `${registry.host}/a:v1`], /^error: Cannot .*missing\.wasm/],
    ["a bad reference", () => ["push", kit, "not a reference"], /^error: .*not a reference/],
    [
      "an unknown image",
      () => ["pull", `--state-dir=${directory}/s`, `${registry.host}/none:v1`],
      /^error: Cannot pull .*\/none:v1.* 404/,
    ],
    [
      "an unreachable registry",
      () => ["pull", `--state-dir=${directory}/s`, "127.0.0.1:1/a:v1"],
      /^error: Cannot pull .*127\.0\.0\.1:1.*ECONNREFUSED/,
    ],
  ])("%s is refused with a message that names it", async (_, args, message) => {
    const result = await callWherry(args());
    expect(result.stderr).toMatch(message);
    expect(result.stdout).toBe("");
    expect(result.code).toBe(1);
  });
});
