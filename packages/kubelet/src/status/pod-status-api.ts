import { isConflict, isInvalid, isNotFound, type KubernetesClient, resources } from "@wherry/client";
import type { Pod } from "@wherry/kubernetes";

/** The writes the kubelet makes to pods; both name the pod by UID too, so that a recreated pod is never touched. */
export interface PodStatusApi {
  /** Strategic merge patch of the status. Undefined when this pod is gone or another has its name. */
  patchStatus(pod: Pod, patch: unknown, signal: AbortSignal): Promise<Pod | undefined>;
  /** Removes the object at once; resolves also when it is gone. */
  deletePod(pod: Pod, signal: AbortSignal): Promise<void>;
}

/** Whether an answer is one that a pod of another UID leads to; a conflict also comes of many writers, invalid of other things. */
function mayBeReplaced(error: unknown): boolean {
  return isConflict(error) || isInvalid(error);
}

/** The writes through a lane of the client, so that no other traffic and no rate limit holds up what a pod's owner sees. */
export function createPodStatusApi(client: KubernetesClient): PodStatusApi {
  const lane = client.withLane("status");
  const isReplaced = async (pod: Pod, signal: AbortSignal): Promise<boolean> => {
    const { name = "", namespace, uid } = pod.metadata ?? {};
    try {
      return (await lane.get(resources.pods, name, { namespace, signal })).metadata?.uid !== uid;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  };
  return {
    async patchStatus(pod, patch, signal) {
      const { name = "", namespace } = pod.metadata ?? {};
      try {
        return await lane.patch(resources.pods, name, patch, {
          namespace,
          type: "strategic",
          subresource: "status",
          signal,
        });
      } catch (error) {
        if (isNotFound(error) || (mayBeReplaced(error) && (await isReplaced(pod, signal)))) return undefined;
        throw error;
      }
    },
    async deletePod(pod, signal) {
      const { name = "", namespace, uid } = pod.metadata ?? {};
      try {
        await lane.delete(resources.pods, name, { namespace, gracePeriodSeconds: 0, preconditions: { uid }, signal });
      } catch (error) {
        if (isNotFound(error) || (isConflict(error) && (await isReplaced(pod, signal)))) return;
        throw error;
      }
    },
  };
}
