import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import { FakeRegistry, workloadKit } from "@wherry/testkit";
import { runtimeCompliance, type Workload } from "@wherry/testkit/compliance";
import { contentImages } from "../src/wasm/content-images.ts";
import { openWasmRuntime } from "../src/wasm/open-wasm-runtime.ts";

function argumentsOf(workload: Workload): string[] | undefined {
  if (workload.kind === "exit") return ["exit", String(workload.code)];
  if (workload.kind === "print") return workload.lines.flatMap((line) => ["print", line]);
  // Signals end a guest by their default action; it cannot decline.
  return workload.kind === "hold" ? ["hold"] : undefined;
}

runtimeCompliance("WasmRuntime", async () => {
  await using owned = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "wherry-runtime-"));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  const registry = owned.use(await FakeRegistry.start());
  registry.addImage("kit", "v1", await readFile(await workloadKit()));
  registry.addFiles("data", "v1", { "etc/motd": "welcome\n" });
  const store = owned.use(await openContentStore({ directory: join(directory, "content") }));
  const images = contentImages({ store, client: owned.use(createDistributionClient()) });
  const engineDirectory = join(directory, "engine");

  const open = async () => {
    const engine = createEngine({
      stateDirectory: engineDirectory,
      nodeExecutable: process.execPath,
      nodeArguments: ["--conditions=@wherry/source"],
      poolSize: 1,
    });
    const stateDirectory = join(directory, "runtime");
    const runtime = await openWasmRuntime({ stateDirectory, engine, images, version: "1.0.0" });
    const stop = new AbortController();
    const running = engine.run(stop.signal);
    const close = async () => {
      stop.abort();
      await running;
      await runtime[Symbol.asyncDispose]();
    };
    return { runtime, close };
  };

  let life = await open();
  owned.defer(() => life.close());
  owned.defer(async () => {
    for (const { id } of await life.runtime.listPodSandboxes()) await life.runtime.removePodSandbox(id);
  });
  const all = owned.move();
  return {
    get runtime() {
      return life.runtime;
    },
    image: `${registry.host}/kit:v1`,
    mountedImage: {
      image: `${registry.host}/data:v1`,
      directory: "etc",
      file: "motd",
      content: "welcome",
    },
    read: (path) => ({ command: [], args: ["cat", path] }),
    write: (path) => ({ command: [], args: ["write", path, "x"] }),
    missingImage: `${registry.host}/missing:v1`,
    logsDirectory: join(directory, "logs"),
    workload(workload) {
      const args = argumentsOf(workload);
      return args && { command: [], args };
    },
    command(workload) {
      const args = argumentsOf(workload);
      return args && ["module.wasm", ...args];
    },
    async reopen() {
      await life.close();
      life = await open();
    },
    leftovers: () => readdir(join(engineDirectory, "sandboxes")),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
});
