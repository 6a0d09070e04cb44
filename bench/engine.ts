// Figures of the engine on this machine: node --conditions=@wherry/source bench/engine.ts [PODS]
//
// After `npm run build` hosts run from dist/, as for users; without it from source, which starts slower and takes more memory.
// Everything is set against an empty Node process started in the same run, as absolute times say little about other machines.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createEngine, type Engine, type GuestSpec, type Sandbox } from "@wherry/engine";
import wabt from "wabt";

const wasi = "wasi_snapshot_preview1";
const idleGuest = `(module
  (import "${wasi}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "${wasi}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 256) "ready\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 256))
    (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 80) (i32.const 1))
    (i64.store (i32.const 88) (i64.const 86400000000000))
    (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8)))))`;

const directory = mkdtempSync(join(tmpdir(), "wherry-bench-"));
const modulePath = join(directory, "idle.wasm");
const bundled = existsSync("dist/host.cjs");
const pods = Number(process.argv[2] ?? 50);

try {
  const module = (await wabt()).parseWat("idle.wat", idleGuest);
  writeFileSync(modulePath, module.toBinary({}).buffer);
  console.log(`hosts from ${bundled ? "dist" : "source"}; Node ${process.version}`);
  const baseline = await measureBaseline();
  await measureFirstByte(baseline.startMs);
  await measureIdle(baseline.privateMiB);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

interface Baseline {
  readonly startMs: number;
  readonly privateMiB: number;
}

/** An empty Node process: time to its first byte, and its memory when several are idle. */
async function measureBaseline(): Promise<Baseline> {
  const script = 'process.stdout.write("x"); setInterval(() => {}, 1e9)';
  const start = () => spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  const startsMs: number[] = [];
  const children = [];
  for (let index = 0; index < 15; index++) {
    const beganMs = performance.now();
    const child = start();
    children.push(child);
    await once(child.stdout, "data");
    startsMs.push(performance.now() - beganMs);
  }
  const memory = privateMiB(children.map(({ pid }) => pid ?? 0));
  for (const child of children) child.kill("SIGKILL");
  const startMs = median(startsMs);
  console.log(`empty Node process: first byte ${startMs.toFixed(1)} ms, private ${memory.toFixed(1)} MiB`);
  return { startMs, privateMiB: memory };
}

/** Time from the request for a pod to its first byte in the log, with a warm pool and without. */
async function measureFirstByte(baselineMs: number): Promise<void> {
  for (const poolSize of [2, 0]) {
    const times = await withEngine(poolSize, async (engine) => {
      const result: number[] = [];
      for (let index = 0; index < 15; index++) {
        // Lets the pool fill up again.
        if (poolSize > 0) await pause(600);
        const beganMs = performance.now();
        const sandbox = await startPod(engine, `first-${index}`);
        await firstByte(logPath(`first-${index}`));
        result.push(performance.now() - beganMs);
        await sandbox.shutdown();
      }
      return result;
    });
    const name = poolSize === 0 ? "cold" : "from the pool";
    const ratio = median(times) / baselineMs;
    console.log(`first byte ${name}: p50 ${median(times).toFixed(1)} ms, ${ratio.toFixed(2)} of an empty Node process`);
  }
}

/** Memory of idle pods, time for a burst of them, and for their end. */
async function measureIdle(baselineMiB: number): Promise<void> {
  await withEngine(2, async (engine) => {
    const beganMs = performance.now();
    const sandboxes = await Promise.all(Array.from({ length: pods }, (_, index) => startPod(engine, `idle-${index}`)));
    const perSecond = pods / ((performance.now() - beganMs) / 1000);
    // Until what the start needed has been given back.
    await pause(4_000);
    const pids = sandboxes.map((sandbox) => sandbox.guestState("main").pid);
    const memory = privateMiB(pids);
    const tables = pids.reduce((sum, pid) => sum + field(`/proc/${pid}/status`, "VmPTE"), 0) / pids.length / 1024;
    console.log(`burst of ${pods}: ${perSecond.toFixed(1)} pods/s`);
    console.log(
      `idle pod: private ${memory.toFixed(1)} MiB (${(memory / baselineMiB).toFixed(2)} of an empty Node process), page tables ${tables.toFixed(1)} MiB`,
    );
    const endBeganMs = performance.now();
    await Promise.all(sandboxes.map((sandbox) => sandbox.shutdown()));
    console.log(`end of ${pods}: ${(pods / ((performance.now() - endBeganMs) / 1000)).toFixed(0)} pods/s`);
  });
}

async function withEngine<T>(poolSize: number, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = createEngine({
    stateDirectory: join(directory, "state"),
    nodeExecutable: process.execPath,
    poolSize,
    ...(bundled
      ? { hostEntry: resolve("dist/start-host.cjs"), hostCode: resolve("dist/host.cjs") }
      : { nodeArguments: ["--conditions=@wherry/source"] }),
  });
  const controller = new AbortController();
  const running = engine.run(controller.signal);
  await pause(1_000);
  try {
    return await use(engine);
  } finally {
    controller.abort();
    await running;
  }
}

async function startPod(engine: Engine, id: string): Promise<Sandbox> {
  const sandbox = await engine.createSandbox({ id });
  const spec: GuestSpec = {
    id: "main",
    modulePath,
    args: ["idle"],
    env: {},
    mounts: [],
    sockets: [],
    logPath: logPath(id),
    stdin: false,
    stdinOnce: false,
    workingDir: "",
  };
  await sandbox.createGuest(spec);
  await sandbox.startGuest("main");
  return sandbox;
}

function logPath(id: string): string {
  return join(directory, `${id}.log`);
}

async function firstByte(path: string): Promise<void> {
  const written = () => existsSync(path) && readFileSync(path).length > 0;
  const watcher = watch(directory);
  try {
    for (let turn = new AbortController(); !written(); turn = new AbortController()) {
      await Promise.race([once(watcher, "change", { signal: turn.signal }).catch(() => undefined), pause(1)]);
      turn.abort();
    }
  } finally {
    watcher.close();
  }
}

function privateMiB(pids: readonly number[]): number {
  const sum = pids.reduce((total, pid) => {
    const path = `/proc/${pid}/smaps_rollup`;
    return total + field(path, "Private_Clean") + field(path, "Private_Dirty");
  }, 0);
  return sum / pids.length / 1024;
}

function field(path: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(path, "utf8"))?.[1] ?? 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, durationMs));
}
