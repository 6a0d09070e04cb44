import { existsSync } from "node:fs";
import { glob, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type KubernetesClient, loadClusterConfig, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import { KubernetesObserver, LoggedProcess, processEnded, wherryProgram, workloadKit } from "@wherry/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryDirectoryPath } from "../src/node/memory-directory.ts";
import { runWherry } from "./run-wherry.ts";

interface UpReport {
  readonly url: string;
  readonly kubeconfig: string;
  readonly registry: string;
  readonly node: string;
}

const namespace = "default";
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-up-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const freePorts = ["--port=0", "--registry-port=0", "--kubelet-port=0"];

async function up(name: string, ...flags: string[]): Promise<LoggedProcess> {
  return LoggedProcess.start({
    name: "wherry up",
    logPath: join(directory, `${name}.log`),
    ...wherryProgram("up", `--state-dir=${join(directory, name)}`, "--output=json", ...freePorts, ...flags),
  });
}

const reportOf = (process: LoggedProcess): Promise<UpReport> =>
  process.line("that it is ready", (line) => (line.startsWith("{") ? (JSON.parse(line) as UpReport) : undefined));

interface Access extends AsyncDisposable {
  readonly client: KubernetesClient;
  readonly observer: KubernetesObserver;
}

async function access({ kubeconfig }: UpReport): Promise<Access> {
  const client = createClient(await loadClusterConfig({ paths: [kubeconfig] }));
  const observer = new KubernetesObserver(client, namespace);
  const stop = new AbortController();
  const observing = observer.run(stop.signal);
  await observer.ready();
  return {
    client,
    observer,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await observing.catch(() => undefined);
      await client.close();
    },
  };
}

/** As a user writes it: nothing but a name and an image. */
const plainPod = (name: string, image: string, args: string[], restartPolicy = "Never"): Pod => ({
  metadata: { name, namespace },
  spec: { restartPolicy, containers: [{ name: "main", image, args }] },
});

async function hostPids(name: string): Promise<number[]> {
  const sandboxes = join(directory, name, "engine/sandboxes");
  const records = await Array.fromAsync(glob("*/guests/*/process.json", { cwd: sandboxes }), (path) =>
    readFile(join(sandboxes, path), "utf8"),
  );
  return records.map((text) => (JSON.parse(text) as { pid: number }).pid);
}

describe.concurrent("wherry up", () => {
  test("runs plain pods from its own registry, ends them with itself, and goes on where it ended", async () => {
    const first = await up("default");
    const report = await reportOf(first);
    expect(report).toMatchObject({ url: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/), node: "wherry" });
    const image = `${report.registry}/kit:v1`;
    expect(await runWherry(["push", await workloadKit(), image])).toMatchObject({ code: 0 });
    let pids: number[];
    {
      await using cluster = await access(report);
      await cluster.client.create(resources.pods, plainPod("done", image, ["print", "hello"]));
      await cluster.client.create(resources.pods, plainPod("runs", image, ["hold"], "Always"));
      await cluster.observer.untilPhase("done", "Succeeded");
      await cluster.observer.untilPhase("runs", "Running");
      pids = await hostPids("default");
      expect(pids.length).toBeGreaterThan(0);
    }
    expect(await first.stop("SIGTERM")).toEqual({ code: 0, signal: undefined });
    await Promise.all(pids.map((pid) => processEnded(pid)));
    // Nor does it leave secrets in memory: what the engine's link leads to is gone.
    await expect(readdir(join(directory, "default/engine"))).rejects.toThrow("ENOENT");

    await using second = await up("default");
    await using cluster = await access(await reportOf(second));
    expect((await cluster.client.get(resources.pods, "done", { namespace })).status?.phase).toBe("Succeeded");
    const again = await cluster.observer.until("runs", "a restart", (pod) => {
      const status = pod.status?.containerStatuses?.[0];
      return (status?.restartCount ?? 0) > 0 && status?.state?.running !== undefined;
    });
    expect(again.status?.phase).toBe("Running");
    expect(await second.stop("SIGINT")).toEqual({ code: 0, signal: undefined });
  });

  test("leaves pods running with --keep-pods and finds them again", async () => {
    const first = await up("keep", "--keep-pods");
    const report = await reportOf(first);
    const image = `${report.registry}/kit:v1`;
    expect(await runWherry(["push", await workloadKit(), image])).toMatchObject({ code: 0 });
    {
      await using cluster = await access(report);
      await cluster.client.create(resources.pods, plainPod("kept", image, ["hold"]));
      await cluster.observer.untilPhase("kept", "Running");
    }
    const pids = await hostPids("keep");
    expect(await first.stop("SIGTERM")).toEqual({ code: 0, signal: undefined });
    await using second = await up("keep");
    await using cluster = await access(await reportOf(second));
    const pod = await cluster.observer.untilPhase("kept", "Running");
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    expect(await hostPids("keep")).toEqual(pids);
    expect(await second.stop("SIGTERM")).toEqual({ code: 0, signal: undefined });
    await Promise.all(pids.map((pid) => processEnded(pid)));
  });

  test.each(["--port", "--registry-port", "--kubelet-port"])("says that the port of %s is in use", async (flag) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const child = await up(`taken${flag}`, `${flag}=${port}`);
    const { code } = await child.exited;
    server.close();
    expect(child.tail()).toMatch(new RegExp(`^error: Cannot .*${port}.* in use`, "m"));
    expect(child.tail()).toContain(flag);
    // The other flags' names are not told as the one to change.
    expect(child.tail()).not.toMatch(/^error: .*--/m);
    expect(code).toBe(1);
    expect(existsSync(memoryDirectoryPath(join(directory, `taken${flag}`)))).toBe(false);
  });

  test("says that its state directory is in use by another", async () => {
    await using first = await up("shared");
    await reportOf(first);
    const second = await up("shared");
    const { code } = await second.exited;
    expect(code).toBe(1);
    expect(second.tail()).toMatch(/^error: Cannot .*\/shared.*/m);
    expect(first.running).toBe(true);
  });
});
