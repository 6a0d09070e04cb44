import { isAlreadyExists, isConflict, isNotFound, type KubernetesClient, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";

/** The writes the kubelet makes to mirror pods. */
export interface MirrorPodApi {
  /** Answers the pod as stored; where its name is taken, the pod that has it. */
  create(pod: Pod, signal: AbortSignal): Promise<Pod>;
  /** Removes this very pod at once; resolves also when it is gone or another has its name. */
  delete(pod: Pod, signal: AbortSignal): Promise<void>;
}

/** The writes through a lane of their own. */
export function createMirrorPodApi(client: KubernetesClient): MirrorPodApi {
  const lane = client.withLane("mirror-pods");
  return {
    async create(pod, signal) {
      const { name = "", namespace } = pod.metadata ?? {};
      try {
        return await lane.create(resources.pods, pod, { namespace, signal });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        return lane.get(resources.pods, name, { namespace, signal });
      }
    },
    async delete(pod, signal) {
      const { name = "", namespace, uid } = pod.metadata ?? {};
      try {
        await lane.delete(resources.pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid }, signal });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    },
  };
}
