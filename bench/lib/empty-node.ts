import { spawn } from "node:child_process";
import { once } from "node:events";
import { processMemory } from "./processes.ts";
import { percentile } from "./statistics.ts";

/** Milliseconds from spawn to exit of a Node process that does nothing: the baseline of everything that starts processes. */
export async function emptyNodeMs(runs = 21): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await once(spawn(process.execPath, ["--eval", ""], { stdio: "ignore" }), "exit");
    times.push(performance.now() - start);
  }
  return percentile(times, 0.5);
}

/** MiB that a Node process that does nothing holds alone. */
export async function emptyNodeMemory(): Promise<number> {
  const child = spawn(process.execPath, ["--eval", "process.stdout.write('up'); setInterval(() => 0, 1 << 30)"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    if (child.stdout !== null) await once(child.stdout, "data");
    return processMemory(child.pid ?? 0).privateMib;
  } finally {
    child.kill("SIGKILL");
  }
}
