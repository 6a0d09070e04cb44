import { systemClock } from "@wherry/base";
import { runtimeCompliance } from "@wherry/testkit/compliance";
import { FakeRuntime } from "../src/fake-runtime/fake-runtime.ts";
import { fakeArguments, fakeCommand, fakeScript } from "./fake-workloads.ts";

runtimeCompliance("FakeRuntime", async () => {
  const eventCapacity = 16;
  const runtime = new FakeRuntime({
    clock: systemClock,
    eventCapacity,
    script: fakeScript,
    command: (_container, command) => fakeCommand(command),
  });
  runtime.images.remote = new Set(["app:v1", "data:v1"]);
  runtime.images.directories.set("data:v1", new Set(["etc"]));
  return {
    runtime,
    image: "app:v1",
    mountedImage: { image: "data:v1", directory: "etc", file: "motd", content: "" },
    missingImage: "nobody.example/app:v1",
    logsDirectory: "/nonexistent",
    writesLogs: false,
    eventCapacity,
    workload: (workload) => ({ command: [], args: fakeArguments(workload) }),
    command: (workload) => [JSON.stringify(workload)],
    // All its state is in the object: another life of the kubelet gets the same one.
    reopen: async () => undefined,
    leftovers: () => [...runtime.sandboxes.keys(), ...runtime.containers.keys()],
    [Symbol.asyncDispose]: async () => undefined,
  };
});
