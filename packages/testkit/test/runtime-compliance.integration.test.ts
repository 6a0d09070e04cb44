import { systemClock } from "@wherry/base";
import { runtimeCompliance, type Workload } from "@wherry/testkit/compliance";
import type { ContainerScript } from "../src/fake-runtime/fake-container.ts";
import { FakeRuntime } from "../src/fake-runtime/fake-runtime.ts";

function scriptOf(workload: Workload): ContainerScript {
  if (workload.kind === "exit") return { exitAfterMs: 0, exitCode: workload.code };
  return workload.kind === "stubborn" ? { obeysStop: false } : {};
}

runtimeCompliance("FakeRuntime", async () => {
  const eventCapacity = 16;
  const runtime = new FakeRuntime({
    clock: systemClock,
    eventCapacity,
    script: ({ args }) => JSON.parse(args[0] ?? "{}") as ContainerScript,
  });
  runtime.images.remote = new Set(["app:v1"]);
  return {
    runtime,
    image: "app:v1",
    missingImage: "nobody.example/app:v1",
    logsDirectory: "/nonexistent",
    writesLogs: false,
    eventCapacity,
    workload: (workload) => ({ command: [], args: [JSON.stringify(scriptOf(workload))] }),
    // All its state is in the object: another life of the kubelet gets the same one.
    reopen: async () => undefined,
    leftovers: () => [...runtime.sandboxes.keys(), ...runtime.containers.keys()],
    [Symbol.asyncDispose]: async () => undefined,
  };
});
