// Commands in containers, with real guests; exec-guests.test.ts has what depends on the moment.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import { assembleWat, containerConfig, eventually, FakeRegistry, podSandboxConfig, workloadKit } from "@wherry/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ContainerConfig, Mount } from "../../src/index.ts";
import { contentImages } from "../../src/wasm/content-images.ts";
import { openWasmRuntime } from "../../src/wasm/open-wasm-runtime.ts";
import type { WasmRuntime } from "../../src/wasm/wasm-runtime.ts";

const wasi = { os: "wasi", architecture: "wasm" };
const exiting = (code: number) =>
  assembleWat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const ${code}))))`);

const owned = new AsyncDisposableStack();
let directory: string;
let registry: FakeRegistry;
let runtime: WasmRuntime;
let kit: Buffer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wherry-exec-"));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  registry = owned.use(await FakeRegistry.start());
  kit = await readFile(await workloadKit());
  registry.addImage("kit", "v1", kit);
  const store = owned.use(await openContentStore({ directory: join(directory, "content") }));
  const images = contentImages({ store, client: owned.use(createDistributionClient()) });
  const engine = createEngine({
    stateDirectory: join(directory, "engine"),
    nodeExecutable: process.execPath,
    nodeArguments: ["--conditions=@wherry/source"],
    poolSize: 1,
  });
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  owned.defer(async () => {
    stop.abort();
    await running;
  });
  runtime = owned.use(
    await openWasmRuntime({ stateDirectory: join(directory, "runtime"), engine, images, version: "1.0.0" }),
  );
  await runtime.images.pullImage({ image: `${registry.host}/kit:v1` });
});
afterEach(async () => {
  for (const { id } of await runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
});
afterAll(() => owned.disposeAsync());

let pods = 0;

/** A container of the kit that runs. */
async function start(changes: Partial<ContainerConfig> = {}): Promise<{ sandbox: string; container: string }> {
  const name = `pod-${++pods}`;
  const sandbox = await runtime.runPodSandbox(
    podSandboxConfig({
      metadata: { name, namespace: "default", uid: `uid-${name}`, attempt: 0 },
      hostname: name,
      logDirectory: join(directory, "logs", name),
    }),
  );
  const container = await runtime.createContainer(
    sandbox,
    containerConfig({
      image: { image: `${registry.host}/kit:v1`, runtimeHandler: "" },
      command: ["workload"],
      args: ["hold"],
      ...changes,
    }),
  );
  await runtime.startContainer(container);
  return { sandbox, container };
}

async function exec(container: string, command: readonly string[], timeoutMs = 0) {
  const { exitCode, stdout, stderr } = await runtime.execSync(container, command, timeoutMs);
  return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
}

const guestsOf = (sandbox: string) => readdir(join(directory, "engine/sandboxes", sandbox, "guests"));

describe("execSync() of a WebAssembly container", () => {
  test("runs the container's own module anew, and tells both streams apart", async () => {
    const { sandbox, container } = await start();
    expect(await exec(container, ["workload", "print", "to one", "error", "to the other", "exit", "9"])).toEqual({
      exitCode: 9,
      stdout: "to one\n",
      stderr: "to the other\n",
    });
    expect(await exec(container, ["module.wasm", "arguments", "exit", "0"])).toMatchObject({
      exitCode: 0,
      stdout: "module.wasm\narguments\nexit\n0\n",
    });
    expect(await guestsOf(sandbox)).toEqual([container]);
    // What a command prints is for who asked.
    expect(await readFile((await runtime.containerStatus(container)).logPath, "utf8")).toBe("");
  });

  test("gives it the container's environment, directory and files, but no socket and no input", async () => {
    const volume = await mkdtemp(join(directory, "volume-"));
    const mount: Mount = { containerPath: "/data", hostPath: volume, readOnly: false, propagation: "private" };
    const port = { name: "web", containerPort: 0, protocol: "TCP", hostPort: 0, hostIp: "" } as const;
    const { container } = await start({
      args: ["await", "/data/go", "cat", "/data/from-exec", "hold"],
      env: [{ name: "COLOR", value: "red" }],
      workingDir: "/data",
      mounts: [mount],
      ports: [port],
      stdin: true,
    });
    const { stdout } = await exec(container, ["workload", "environment"]);
    expect(stdout.split("\n").filter((line) => /^(COLOR|PWD|LISTEN_)/.test(line))).toEqual(["COLOR=red", "PWD=/data"]);
    expect(await exec(container, ["workload", "stdin"])).toMatchObject({ exitCode: 0, stdout: "" });
    await exec(container, ["workload", "write", "/data/from-exec", "seen\n", "write", "/data/go", ""]);
    expect(await readFile(join(volume, "from-exec"), "utf8")).toBe("seen\n");
    const { logPath } = await runtime.containerStatus(container);
    await eventually("the container's line", async () => (await readFile(logPath, "utf8")).includes("stdout F seen"));
  });

  test("keeps it from writing where the container may not", async () => {
    const volume = await mkdtemp(join(directory, "volume-"));
    await writeFile(join(volume, "file"), "kept");
    const mount: Mount = { containerPath: "/data", hostPath: volume, readOnly: true, propagation: "private" };
    const { container } = await start({ mounts: [mount] });
    expect((await exec(container, ["workload", "write", "/data/file", "x"])).exitCode).not.toBe(0);
    expect((await exec(container, ["workload", "cat", "/data/file"])).stdout).toBe("kept");
  });

  test("answers 134 for a trap, and limits its memory as the container's", async () => {
    const { container } = await start({ resources: { memoryLimitBytes: 16 << 20 } });
    expect((await exec(container, ["workload", "trap"])).exitCode).toBe(134);
    expect((await exec(container, ["workload", "allocate", "32"])).stdout).toBe("refused 32 MiB\n");
  });

  test("ends one that computes and never answers, when its time is over and when its container ends", async () => {
    const { sandbox, container } = await start();
    await expect(exec(container, ["workload", "spin"], 3000)).rejects.toMatchObject({ code: "DeadlineExceeded" });
    expect(await guestsOf(sandbox)).toEqual([container]);
    const spinning = exec(container, ["workload", "spin"]);
    spinning.catch(() => undefined);
    await eventually("the guest", async () => (await guestsOf(sandbox)).length === 2);
    await runtime.stopContainer(container, 0);
    await expect(spinning).rejects.toMatchObject({ code: "FailedPrecondition" });
    expect(await guestsOf(sandbox)).toEqual([container]);
  });

  test("ends with a container that ends by itself", async () => {
    const volume = await mkdtemp(join(directory, "volume-"));
    const mount: Mount = { containerPath: "/data", hostPath: volume, readOnly: false, propagation: "private" };
    const { sandbox, container } = await start({ args: ["await", "/data/go", "exit", "5"], mounts: [mount] });
    await expect(exec(container, ["workload", "write", "/data/go", "", "hold"])).rejects.toMatchObject({
      code: "FailedPrecondition",
    });
    expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", exitCode: 5 });
    expect(await guestsOf(sandbox)).toEqual([container]);
  });

  test("collects 16 MiB of each stream", async () => {
    const { container } = await start();
    const { exitCode, stdout } = await runtime.execSync(container, ["workload", "lines", "17", String(1 << 20)], 0);
    expect([exitCode, stdout.length]).toEqual([0, 16 << 20]);
  });

  test("runs another module of the image's file system, and nothing else in it", async () => {
    const files = { "kit.wasm": kit, "bin/check.wasm": await exiting(5), "etc/motd.wasm": "no module\n" };
    registry.addFiles("files", "v1", files, { ...wasi, config: { Entrypoint: ["/kit.wasm"], Env: ["PATH=/bin"] } });
    const image = `${registry.host}/files:v1`;
    await runtime.images.pullImage({ image });
    const { container } = await start({ image: { image }, command: [] });
    expect((await exec(container, ["/kit.wasm", "cat", "/etc/motd.wasm"])).stdout).toBe("no module\n");
    expect((await exec(container, ["/bin/check.wasm"])).exitCode).toBe(5);
    expect((await exec(container, ["check.wasm"])).exitCode).toBe(5);
    await expect(exec(container, ["cat", "/etc/motd.wasm"])).rejects.toMatchObject({
      code: "NotFound",
      message: expect.stringContaining('expected "/kit.wasm", its own module, or another .wasm file of its image'),
    });
    await expect(exec(container, ["../kit.wasm"])).rejects.toThrow("climbs out of the image");
    await expect(exec(container, ["/etc/motd.wasm"])).rejects.toMatchObject({
      code: "InvalidArgument",
      message: expect.stringContaining("is no WebAssembly"),
    });
  });

  test("goes on with the image that the container was made from when its tag has moved", async () => {
    registry.addImage("moving", "v1", kit);
    const image = `${registry.host}/moving:v1`;
    await runtime.images.pullImage({ image });
    const { container } = await start({ image: { image } });
    registry.addImage("moving", "v1", await exiting(9));
    await runtime.images.pullImage({ image });
    expect((await exec(container, ["workload", "exit", "4"])).exitCode).toBe(4);
  });

  test("says what would be right for a command that there is not", async () => {
    const { container } = await start();
    await expect(exec(container, ["cat", "/tmp/health"])).rejects.toMatchObject({
      code: "NotFound",
      message:
        'Cannot execute "cat" in container "main": it has no such program, expected "workload" or "module.wasm", its own module',
    });
  });
});
