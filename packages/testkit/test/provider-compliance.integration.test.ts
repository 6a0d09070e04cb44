import { systemClock } from "@wherry/base";
import { createStandardProvider, wasmStandalonePlatform } from "@wherry/kubelet";
import { providerCompliance } from "@wherry/testkit/compliance";
import { FakeRuntime } from "../src/fake-runtime/fake-runtime.ts";
import { fakeArguments, fakeScript } from "./fake-workloads.ts";

providerCompliance("The standard provider over FakeRuntime", async () => {
  const runtime = new FakeRuntime({ clock: systemClock, script: fakeScript });
  return {
    provider: (services, configuration) =>
      createStandardProvider({ ...services, runtime, maxRestartDelayMs: configuration.pods.maxRestartDelayMs }),
    platform: wasmStandalonePlatform,
    container: (workload) => ({ image: "app:v1", args: fakeArguments(workload) }),
    async kill(podUid, name) {
      for (const { id, config, sandboxId, state } of runtime.containers.values())
        if (config.name === name && state === "running")
          if (runtime.sandboxes.get(sandboxId)?.config.metadata.uid === podUid) runtime.exit(id, 137);
    },
    refused: { hostPID: true },
    writesLogs: false,
    leftovers: () => [...runtime.sandboxes.keys(), ...runtime.containers.keys()],
    [Symbol.asyncDispose]: async () => undefined,
  };
});
