import { createReflector, isNotFound, type KubernetesClient, type ReflectorOptions, resources } from "@wherry/client";
import type { Lease, Node } from "@wherry/kubernetes";
import type { NodeApi, NodeCallOptions } from "./node-api.ts";

const leaseNamespace = "kube-node-lease";
// A heartbeat that takes longer than a quarter of the lease is better given up and tried anew.
const timeoutMs = 10_000;

/** The calls for one node over `client`, on a connection of their own so that no other traffic delays heartbeats. */
export function createNodeApi(
  client: KubernetesClient,
  nodeName: string,
  options: Pick<ReflectorOptions<Node>, "clock" | "random" | "logger"> = {},
): NodeApi {
  const lane = client.withLane("heartbeat");
  const call = (options: NodeCallOptions = {}) => ({ signal: options.signal, timeoutMs });
  return {
    async serverVersion(options) {
      const { status, body } = await lane.raw("GET", "/version", { ...call(options), maxResponseBytes: 65_536 });
      if (status !== 200) return undefined;
      const version: unknown = JSON.parse(body.toString("utf8"));
      if (typeof version !== "object" || version === null || !("gitVersion" in version)) return undefined;
      return typeof version.gitVersion === "string" ? version.gitVersion : undefined;
    },
    getNode: (options = {}) =>
      found(
        lane.get<Node>(resources.nodes, nodeName, {
          ...call(options),
          ...(options.cached && { resourceVersion: "0" }),
        }),
      ),
    createNode: (node, options) => lane.create<Node>(resources.nodes, node, call(options)),
    patchNode: (patch, options) =>
      lane.patch<Node>(resources.nodes, nodeName, patch, { ...call(options), type: "strategic" }),
    patchNodeStatus: (patch, options) =>
      lane.patch<Node>(resources.nodes, nodeName, patch, {
        ...call(options),
        type: "strategic",
        subresource: "status",
      }),
    async watchNode(onChange, signal) {
      const fieldSelector = `metadata.name=${nodeName}`;
      const reflector = createReflector<Node>(lane, resources.nodes, { ...options, fieldSelector });
      const stop = reflector.onChange(({ type, object }) => onChange(type === "deleted" ? undefined : object));
      await reflector.run(signal).finally(stop);
    },
    getLease: (options) =>
      found(lane.get<Lease>(resources.leases, nodeName, { ...call(options), namespace: leaseNamespace })),
    createLease: (lease, options) =>
      lane.create<Lease>(resources.leases, lease, { ...call(options), namespace: leaseNamespace }),
    replaceLease: (lease, options) => lane.replace<Lease>(resources.leases, lease, call(options)),
  };
}

async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
