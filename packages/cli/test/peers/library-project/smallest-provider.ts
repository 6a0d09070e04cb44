// The test file of a project outside the repository: the suite over a provider that leaves out what it may.
import { systemClock } from "@wherry/base";
import { createStandardProvider, wasmStandalonePlatform } from "@wherry/kubelet";
import { FakeRuntime } from "@wherry/testkit";
import { providerCompliance } from "@wherry/testkit/compliance";

providerCompliance("The smallest provider", async () => {
  const runtime = new FakeRuntime({ clock: systemClock });
  return {
    provider: (services) => {
      const provider = createStandardProvider({ ...services, runtime });
      Object.defineProperty(provider, "activeLogs", { value: undefined });
      return provider;
    },
    platform: wasmStandalonePlatform,
    container: ({ kind }) => (kind === "hold" ? { image: "app:v1" } : undefined),
    kill: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
});
