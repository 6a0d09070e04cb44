import type { PodAllocation } from "@wherry/kubernetes";

/** What the node has given its pods, by UID; kept across restarts of the kubelet. */
export interface Allocations {
  /** Undefined for a pod that was given nothing yet, or has nothing that could be resized. */
  get(podUid: string): PodAllocation | undefined;
  /** Resolves once the next life of the kubelet would find it. */
  set(podUid: string, allocation: PodAllocation): Promise<void>;
  /** Forgets the pod; what is stored of it goes with its directory. */
  forget(podUid: string): void;
}

/** Allocations that end with the process. */
export function memoryAllocations(): Allocations {
  const known = new Map<string, PodAllocation>();
  return {
    get: (podUid) => known.get(podUid),
    set: async (podUid, allocation) => void known.set(podUid, allocation),
    forget: (podUid) => void known.delete(podUid),
  };
}
