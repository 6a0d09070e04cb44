import type { Pod } from "@wherry/kubernetes";
import type { LogSource } from "../ports/log-source.ts";
import type { PodDirectory } from "../ports/pod-directory.ts";
import type { Provider } from "../provider/provider.ts";

type LogProvider = Pick<Provider<never, never>, "containerLog" | "activeLogs" | "reopenLog">;

/** Finds logs by names through what the provider knows of pods. */
export function providerLogSource(pods: PodDirectory, provider: LogProvider): LogSource {
  return {
    async containerLog(namespace, name, container, { previous }) {
      const pod = pods.get(namespace, name);
      const podUid = pod?.metadata?.uid;
      if (pod === undefined || podUid === undefined)
        return { status: 404, message: `pod ${JSON.stringify(name)} does not exist` };
      if (!containerNames(pod).includes(container)) {
        const message = `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(name)}`;
        return { status: 404, message };
      }
      if (provider.containerLog === undefined)
        return { status: 500, message: "the provider of this node keeps no container logs" };
      return provider.containerLog({ podUid, container }, { previous });
    },
    activeLogs: () => provider.activeLogs?.() ?? [],
    reopenLog: async (containerId) => provider.reopenLog?.(containerId),
  };
}

function containerNames({ spec }: Pod): string[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  return [...containers, ...initContainers, ...ephemeralContainers].map(({ name }) => name);
}
