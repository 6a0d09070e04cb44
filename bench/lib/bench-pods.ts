import { isNotFound, type KubernetesClient, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";
import type { BenchCluster } from "./bench-cluster.ts";
import type { PodWatch } from "./pod-watch.ts";

export interface BenchPodOptions {
  readonly image: string;
  readonly restartPolicy?: "Always" | "Never";
  /** Leaves choosing the node to the scheduler. @default false */
  readonly scheduled?: boolean;
}

/** A pod of one container as a user would write it; the service account's token is mounted as on any cluster. */
export function benchPod(cluster: Pick<BenchCluster, "nodeName">, name: string, options: BenchPodOptions): Pod {
  const { image, restartPolicy = "Always", scheduled = false } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      restartPolicy,
      containers: [{ name: "main", image }],
      tolerations: [{ operator: "Exists" }],
      ...(!scheduled && { nodeName: cluster.nodeName }),
    },
  };
}

/** Deletes pods without grace and waits until they are gone. */
export async function deletePods(client: KubernetesClient, watch: PodWatch, names: readonly string[]): Promise<void> {
  const pending = [...names];
  const worker = async () => {
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      await client.delete(resources.pods, name, { namespace: "default", gracePeriodSeconds: 1 }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  await watch.until((pods) => names.every((name) => !pods.has(name)), `${names.length} pods being deleted`);
}
