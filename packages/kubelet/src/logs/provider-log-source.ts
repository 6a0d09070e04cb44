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
      if (podUid === undefined) return { status: 404, message: `pod ${JSON.stringify(name)} not found` };
      if (provider.containerLog === undefined)
        return { status: 500, message: "the provider of this node keeps no container logs" };
      return provider.containerLog({ podUid, container }, { previous });
    },
    activeLogs: () => provider.activeLogs?.() ?? [],
    reopenLog: async (containerId) => provider.reopenLog?.(containerId),
  };
}
