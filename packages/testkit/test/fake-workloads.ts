import { type ExecSyncResult, RuntimeError } from "@wherry/runtime";
import type { Workload } from "@wherry/testkit/compliance";
import type { ContainerScript } from "../src/fake-runtime/fake-container.ts";

/** What makes a fake container do a workload: its script, as the only argument. */
export function fakeArguments(workload: Workload): string[] {
  return [JSON.stringify(scriptOf(workload))];
}

/** The script a fake container's arguments hold. */
export function fakeScript({ args }: { readonly args: readonly string[] }): ContainerScript {
  return JSON.parse(args[0] ?? "{}") as ContainerScript;
}

/** What a command does that holds a workload. */
export async function fakeCommand([word = ""]: readonly string[]): Promise<ExecSyncResult> {
  if (!word.startsWith("{")) throw new RuntimeError("NotFound", `There is no program ${JSON.stringify(word)}`);
  const workload = JSON.parse(word) as Workload;
  const stderr = new Uint8Array(0);
  if (workload.kind === "exit") return { exitCode: workload.code, stdout: new Uint8Array(0), stderr };
  if (workload.kind !== "print") return await new Promise(() => undefined);
  return { exitCode: 0, stdout: Buffer.from(workload.lines.map((line) => `${line}\n`).join("")), stderr };
}

function scriptOf(workload: Workload): ContainerScript {
  if (workload.kind === "exit") return { exitAfterMs: 0, exitCode: workload.code };
  if (workload.kind === "print") return { exitAfterMs: 0 };
  return workload.kind === "stubborn" ? { obeysStop: false } : {};
}
