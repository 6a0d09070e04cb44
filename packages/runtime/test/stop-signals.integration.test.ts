import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import { containerConfig, FakeRegistry, podSandboxConfig, workloadKit } from "@wherry/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ContainerConfig } from "../src/container.ts";
import type { Runtime } from "../src/runtime.ts";
import type { PodSandboxConfig } from "../src/sandbox.ts";
import { contentImages } from "../src/wasm/content-images.ts";
import { openWasmRuntime } from "../src/wasm/open-wasm-runtime.ts";

const owned = new AsyncDisposableStack();
let runtime: Runtime;
let host: string;
let logDirectory: string;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "wherry-runtime-"));
  owned.defer(() => rm(directory, { recursive: true, force: true }));
  logDirectory = join(directory, "logs");
  const registry = owned.use(await FakeRegistry.start());
  host = registry.host;
  const kit = await readFile(await workloadKit());
  const types = { layer: "application/wasm", config: "application/vnd.wasm.config.v0+json" };
  registry.addImage("kit", "plain", kit);
  registry.addImage("kit", "usr1", kit, types, { config: { StopSignal: "SIGUSR1" } });
  const store = owned.use(await openContentStore({ directory: join(directory, "content") }));
  const images = contentImages({ store, client: owned.use(createDistributionClient()) });
  const engine = createEngine({
    stateDirectory: join(directory, "engine"),
    nodeExecutable: process.execPath,
    nodeArguments: ["--conditions=@wherry/source"],
    poolSize: 1,
  });
  const opened = await openWasmRuntime({
    stateDirectory: join(directory, "runtime"),
    engine,
    images,
    version: "1.0.0",
  });
  runtime = opened;
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  owned.defer(async () => {
    for (const { id } of await runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
    stop.abort();
    await running;
    await opened[Symbol.asyncDispose]();
  });
  for (const tag of ["plain", "usr1"]) await images.pullImage({ image: `${host}/kit:${tag}` });
});
afterAll(() => owned.disposeAsync());

function sandboxOf(uid: string): PodSandboxConfig {
  return podSandboxConfig({
    metadata: { name: "pod", namespace: "default", uid, attempt: 0 },
    hostname: "pod",
    logDirectory,
  });
}

async function startedContainer(sandbox: string, tag: string, program: string, stopSignal: string): Promise<string> {
  const config: ContainerConfig = containerConfig({
    image: { image: `${host}/kit:${tag}`, runtimeHandler: "" },
    args: [program],
    stopSignal,
  });
  const container = await runtime.createContainer(sandbox, config);
  await runtime.startContainer(container);
  return container;
}

test.each([
  { what: "that of the pod", tag: "plain", stopSignal: "SIGUSR1", program: "hold", exitCode: 138 },
  { what: "SIGTERM where nobody names one", tag: "plain", stopSignal: "", program: "hold", exitCode: 143 },
  { what: "SIGKILL", tag: "plain", stopSignal: "SIGKILL", program: "hold", exitCode: 137 },
  { what: "that of the image", tag: "usr1", stopSignal: "", program: "hold", exitCode: 138 },
  { what: "that of the pod before the image's", tag: "usr1", stopSignal: "SIGINT", program: "hold", exitCode: 130 },
  { what: "that of a guest that computes", tag: "usr1", stopSignal: "", program: "spin", exitCode: 138 },
])("stopContainer() ends a guest by the stop signal: $what", async ({ tag, stopSignal, program, exitCode }) => {
  const sandbox = await runtime.runPodSandbox(sandboxOf(`${tag}-${exitCode}-${program}`));
  const container = await startedContainer(sandbox, tag, program, stopSignal);
  // Longer than any test takes: it does not end by having waited that long.
  await runtime.stopContainer(container, 600_000);
  expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", exitCode, reason: "Error" });
});

test("stopContainer() kills a guest that its stop signal cannot end, such as SIGTSTP", async () => {
  const container = await startedContainer(await runtime.runPodSandbox(sandboxOf("tstp")), "plain", "hold", "SIGTSTP");
  await runtime.stopContainer(container, 1);
  expect(await runtime.containerStatus(container)).toMatchObject({ state: "exited", exitCode: 137, reason: "Error" });
});
