import type { Pod, PodCondition, PodStatus } from "../api/index.ts";

/** The condition of a type. */
export function findPodCondition(status: PodStatus | undefined, type: string): PodCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Whether the pod's `Ready` condition is True. */
export function isPodReady(pod: Pod): boolean {
  return findPodCondition(pod.status, "Ready")?.status === "True";
}

/** Whether the phase is one that a pod never leaves. */
export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether the pod's phase is `Succeeded` or `Failed`. */
export function isPodTerminal(pod: Pod): boolean {
  return isTerminalPhase(pod.status?.phase);
}

/** Where the kubelet has a pod from: `file`, `http` or `api`. */
export const configSourceAnnotation = "kubernetes.io/config.source";
/** What a static pod was made from, as a hash. */
export const configHashAnnotation = "kubernetes.io/config.hash";
/** Marks a mirror pod; holds the UID of its static pod, which is a hash where the manifest has none. */
export const configMirrorAnnotation = "kubernetes.io/config.mirror";

/** Whether the pod came from a file or an URL of the node rather than from the API. */
export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata?.annotations?.[configSourceAnnotation];
  return source !== undefined && source !== "api";
}

/** Whether the pod only shows a static pod in the API; a kubelet never runs it. */
export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata?.annotations?.[configMirrorAnnotation] !== undefined;
}

const systemCriticalPriority = 2_000_000_000;

/** Whether the pod may preempt others on the node and survives soft pressure. */
export function isCriticalPod(pod: Pod): boolean {
  return isStaticPod(pod) || isMirrorPod(pod) || (pod.spec?.priority ?? 0) >= systemCriticalPriority;
}

/** Whether a full node may end the pod to make room for the preemptor: critical goes before what is not, then priority decides. */
export function mayPreempt(preemptor: Pod, pod: Pod): boolean {
  if (isCriticalPod(preemptor) && !isCriticalPod(pod)) return true;
  const [mine, other] = [preemptor.spec?.priority, pod.spec?.priority];
  return mine !== undefined && other !== undefined && mine > other;
}
