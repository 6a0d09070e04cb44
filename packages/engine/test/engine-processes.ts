import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface EngineProcessRequest {
  readonly count: number;
  readonly poolSize?: number;
}

/** Starts an engine in a process of its own, which creates sandboxes with one guest each; resolves to their process numbers. */
export async function startEngineProcess(
  directory: string,
  modulePath: string,
  { count, poolSize = 0 }: EngineProcessRequest,
): Promise<{ child: ChildProcess; pids: number[] }> {
  const script = join(import.meta.dirname, "engine-process.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=@wherry/source", script, directory, modulePath, String(count), String(poolSize)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, pids: JSON.parse(String(line)) as number[] };
}

/** Whether a process is there; one that has ended but is not reaped is not. */
export function processExists(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") !== true;
  } catch {
    return false;
  }
}
