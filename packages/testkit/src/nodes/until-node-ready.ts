import { type KubernetesClient, resources } from "@wherry/client";
import { eventually } from "../processes/peer-process.ts";

/** Resolves when the API server shows the node as ready; rejects after half a minute, or when `signal` aborts. */
export function untilNodeReady(client: KubernetesClient, name: string, signal?: AbortSignal): Promise<void> {
  const isReady = async () => {
    const node = await client.get(resources.nodes, name);
    return node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  };
  return eventually(`node "${name}" becoming ready`, isReady, undefined, signal);
}
