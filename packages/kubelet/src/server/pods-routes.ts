import { once } from "node:events";
import type { Pod } from "@wherry/kubernetes";
import type { RequestContext, Route } from "./route.ts";

export interface PodsRoutesOptions {
  /** The pods of this node as the kubelet sees them. */
  readonly pods: () => readonly Pod[];
  /** Pods of which something runs, as the runtime tells; empty where unset. */
  readonly runningPods?: ((signal: AbortSignal) => Promise<readonly Pod[]>) | undefined;
}

/** `/pods` and `/runningpods/`, each a PodList. */
export function podsRoutes(options: PodsRoutesOptions): Route[] {
  const { pods, runningPods } = options;
  return [
    ...["/pods", "/pods/"].map(
      (path): Route => ({ path, methods: ["GET"], handler: (context) => sendPods(context, pods()) }),
    ),
    ...["/runningpods", "/runningpods/"].map(
      (path): Route => ({
        path,
        methods: ["GET"],
        handler: async (context) => sendPods(context, (await runningPods?.(context.signal)) ?? []),
      }),
    ),
  ];
}

/** Sends the list pod by pod: as one text it would be built, and held, at once. */
async function sendPods({ response, signal }: RequestContext, pods: readonly Pod[]): Promise<void> {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.write('{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[');
  for (const [index, pod] of pods.entries()) {
    const more = response.write(`${index > 0 ? "," : ""}${JSON.stringify(pod)}`);
    if (!more) await once(response, "drain", { signal });
  }
  response.end("]}\n");
}
