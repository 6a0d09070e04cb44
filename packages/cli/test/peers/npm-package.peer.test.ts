import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { createClient, loadClusterConfig, resources } from "@wherry/client";
import { FakeRegistry, KubernetesObserver, LoggedProcess, workloadKit } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../../..");
const pinnedNode = dirname(process.execPath);

/** The user's own npm and Node, whatever their age, not those that run the tests. */
const path = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== pinnedNode);
const run = (command: string, args: readonly string[], options: { readonly cwd?: string } = {}) =>
  promisify(execFile)(command, args, { ...options, env: { ...process.env, PATH: path.join(delimiter) } });

/** The package as a user gets it: packed, and installed by npm into an empty prefix, with the Node that runs npm there. */
describe("the npm package", () => {
  let directory: string;
  let wherry: string;
  let packedBytes: number;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "wherry-npm-"));
    await run("npm", ["pack", "--silent", "--pack-destination", directory], { cwd: root });
    const [tarball] = await readdir(directory);
    packedBytes = (await stat(join(directory, tarball!))).size;
    const prefix = join(directory, "prefix");
    await run("npm", ["install", "--global", "--no-audit", "--no-fund", "--prefix", prefix, join(directory, tarball!)]);
    wherry = join(prefix, "bin/wherry");
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("holds the bundle and nothing else", async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "bin/wherry.js",
        "dist/wherry.js",
        "dist/unpack-worker.js",
        "dist/host.cjs",
        "dist/start-host.cjs",
        "LICENSE",
        "README.md",
      ]),
    );
    for (const path of paths) expect(path).toMatch(/^(bin\/|dist\/[\w.-]+\.c?js$|package\.json$|LICENSE$|README\.md$)/);
    expect(packedBytes).toBeLessThan(5 << 20);
  });

  test("tells its version and runs a module", async () => {
    const { stdout } = await run(wherry, ["version", "--output", "json"]);
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      version: string;
      dependencies: { node: string };
    };
    expect(JSON.parse(stdout)).toMatchObject({ wherry: manifest.version, node: manifest.dependencies.node });
    expect((await run(wherry, ["run", await workloadKit(), "print", "installed"])).stdout).toBe("installed\n");
    await expect(run(wherry, ["run", await workloadKit(), "exit", "7"])).rejects.toMatchObject({ code: 7 });
  });

  test("runs a pod from push to Succeeded", async () => {
    await using up = await LoggedProcess.start({
      name: "wherry up",
      command: wherry,
      args: [
        "up",
        `--state-dir=${join(directory, "state")}`,
        "--port=0",
        "--registry-port=0",
        "--kubelet-port=0",
        "--output=json",
      ],
      logPath: join(directory, "up.log"),
    });
    const report = await up.line("that it is ready", (line) =>
      line.startsWith("{") ? (JSON.parse(line) as { kubeconfig: string; registry: string }) : undefined,
    );
    const image = `${report.registry}/kit:v1`;
    await run(wherry, ["push", await workloadKit(), image]);
    // Unpacked by a thread, whose script is another file of the package.
    await using registry = await FakeRegistry.start();
    registry.addFiles("site", "v1", { "index.html": "hello\n" });
    const volumes = [{ name: "site", image: { reference: `${registry.host}/site:v1` } }];
    const volumeMounts = [{ name: "site", mountPath: "/site" }];
    const client = createClient(await loadClusterConfig({ paths: [report.kubeconfig] }));
    const observer = new KubernetesObserver(client, "default");
    const stop = new AbortController();
    const observing = observer.run(stop.signal);
    const containers = [{ name: "main", image, args: ["cat", "/site/index.html"], volumeMounts }];
    const metadata = { name: "hello", namespace: "default" };
    await client.create(resources.pods, { metadata, spec: { restartPolicy: "Never", containers, volumes } });
    await observer.untilPhase("hello", "Succeeded");
    stop.abort();
    await observing;
    await client.close();
    expect(await up.stop()).toEqual({ code: 0, signal: undefined });
  });
});
