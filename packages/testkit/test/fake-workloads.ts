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

function scriptOf(workload: Workload): ContainerScript {
  if (workload.kind === "exit") return { exitAfterMs: 0, exitCode: workload.code };
  if (workload.kind === "print") return { exitAfterMs: 0 };
  return workload.kind === "stubborn" ? { obeysStop: false } : {};
}
