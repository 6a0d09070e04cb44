// What a command in a WebAssembly container costs: node --conditions=@wherry/source bench/exec.ts [RUNS]
//
// Needs the bundle (`npm run build`). Each command is one more instance of the container's module, in a process of its own. The
// baseline is an empty Node process of the same run, from its start to its end. CPU is that of the host processes, from their start to
// their end, and of this process, which has the kubelet's part of the work.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openContentStore } from "@wherry/content";
import { createDistributionClient } from "@wherry/distribution";
import { createEngine } from "@wherry/engine";
import { contentImages, openWasmRuntime, type Runtime } from "@wherry/runtime";
import { containerConfig, podSandboxConfig } from "@wherry/testkit";
import { emptyNodeMs } from "./lib/empty-node.ts";
import { writeGuest } from "./lib/guest-modules.ts";
import { startModuleRegistry } from "./lib/module-registry.ts";
import { endedChildrenCpuMs } from "./lib/processes.ts";
import { pause } from "./lib/settle.ts";
import { type Figure, percentile, printFigures } from "./lib/statistics.ts";

const runs = Number(process.argv[2] ?? 50);
const emptyRuns = 21;
const poolSize = 2;
/** Lets the pool of ready processes fill up again. */
const refillMs = 600;

await using cleanup = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "wherry-bench-"));
cleanup.defer(() => rm(directory, { recursive: true, force: true }));
const { value: emptyMs, cpuMs: emptyCpuMs } = await withCpu(emptyRuns, () => emptyNodeMs(emptyRuns));
const time = { name: "empty Node process", value: emptyMs };
const cpu = { name: "empty Node process", value: emptyCpuMs };

const runtime = await openRuntime();
const container = await startContainer(runtime);
const run = async () => {
  const startMs = performance.now();
  const { exitCode } = await runtime.execSync(container, ["check", "yourself"], 0);
  if (exitCode !== 0) throw new Error(`The command ended with ${exitCode}`);
  return performance.now() - startMs;
};
await run();
await pause(refillMs);

const rested: number[] = [];
for (let index = 0; index < runs; index++) {
  rested.push(await run());
  await pause(refillMs);
}
const startMs = performance.now();
const { value: hurried, cpuMs } = await withCpu(runs, async () => {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) times.push(await run());
  return times;
});
const perSecond = runs / ((performance.now() - startMs) / 1000);

const figures: Figure[] = [
  { name: "empty Node process, start to end", value: emptyMs, unit: "ms" },
  {
    name: `command, p50 of ${runs}, a ready process for each`,
    value: percentile(rested, 0.5),
    unit: "ms",
    baseline: time,
  },
  { name: "p99", value: percentile(rested, 0.99), unit: "ms", baseline: time },
  {
    name: `command, p50 of ${runs}, one right after the other`,
    value: percentile(hurried, 0.5),
    unit: "ms",
    baseline: time,
  },
  { name: "commands one right after the other", value: perSecond, unit: "/s" },
  { name: "CPU of a command", value: cpuMs, unit: "ms", baseline: cpu },
];
printFigures("Commands in containers", figures);
await removePods(runtime);

/** The answer of `work`, and the CPU time that each of its `times` repetitions took, here and in processes that ended. */
async function withCpu<T>(times: number, work: () => Promise<T>): Promise<{ value: T; cpuMs: number }> {
  const used = () => endedChildrenCpuMs() + (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  const before = used();
  const value = await work();
  return { value, cpuMs: (used() - before) / times };
}

async function openRuntime(): Promise<Runtime> {
  const store = cleanup.use(await openContentStore({ directory: join(directory, "content") }));
  const dist = (name: string) => resolve(import.meta.dirname, "../dist", name);
  const engine = createEngine({
    stateDirectory: join(directory, "engine"),
    nodeExecutable: process.execPath,
    hostEntry: dist("start-host.cjs"),
    hostCode: dist("host.cjs"),
    poolSize,
  });
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  cleanup.defer(async () => {
    stop.abort();
    await running;
  });
  const images = contentImages({ store, client: cleanup.use(createDistributionClient()) });
  return cleanup.use(
    await openWasmRuntime({ stateDirectory: join(directory, "runtime"), engine, images, version: "bench" }),
  );
}

/** One whose module, called with an argument, ends at once, and else sleeps. */
async function startContainer(runtime: Runtime): Promise<string> {
  const registry = cleanup.use(await startModuleRegistry());
  const module = join(directory, "check.wasm");
  await writeGuest("check", module);
  const image = registry.add("check", await readFile(module));
  await runtime.images.pullImage({ image });
  const sandbox = await runtime.runPodSandbox(
    podSandboxConfig({
      metadata: { name: "bench", namespace: "default", uid: "bench", attempt: 0 },
      hostname: "bench",
      logDirectory: join(directory, "logs"),
    }),
  );
  const id = await runtime.createContainer(
    sandbox,
    containerConfig({
      image: { image, runtimeHandler: "" },
      command: ["check"],
    }),
  );
  await runtime.startContainer(id);
  return id;
}

async function removePods(runtime: Runtime): Promise<void> {
  for (const { id } of await runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
}
