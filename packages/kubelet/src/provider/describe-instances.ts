import {
  type ContainerInstance,
  type ContainerKind,
  type ContainerStatus,
  containerStatus,
  findContainerStatus,
  type Pod,
  type PodStatus,
  podContainers,
  type WaitingReason,
} from "@wherry/kubernetes";
import type { PodDescription } from "./pod-description.ts";

/** What a provider knows of a pod's containers. */
export interface InstanceFacts {
  readonly pod: Pod;
  /** The status published last, `PodHandle.status`: restart counts and last states never go back, even where instances are lost. */
  readonly published: PodStatus;
  /** Instances of a container of any kind, newest first; at least the newest two where there are two. */
  readonly instancesOf: (name: string) => readonly ContainerInstance[];
  /** Why a container's next instance cannot start now. @default never */
  readonly waiting?: ((name: string) => WaitingReason | undefined) | undefined;
  /** Whether a running container's startup gate is open. @default always */
  readonly isStarted?: ((name: string) => boolean) | undefined;
  /** Whether a started container is ready. @default while the pod is not to end */
  readonly isReady?: ((name: string) => boolean) | undefined;
  /** The pod is to end: nothing is started any more. */
  readonly ending: boolean;
  /** @default true */
  readonly sandboxReady?: boolean | undefined;
  readonly podIps?: readonly string[] | undefined;
  /** Nothing of the pod runs any more and nothing will be started. @default false */
  readonly stopped?: boolean | undefined;
}

/**
 * The description of a pod that follows from instances of its containers; pure, and by the rules of the upstream kubelet.
 *
 * It covers waiting reasons, exit codes, restart counts, last states, and containers the provider has lost sight of.
 */
export function describeInstances(facts: InstanceFacts): PodDescription {
  const { pod, published, ending, isStarted = () => true, isReady = () => !ending } = facts;
  const lists: Record<ContainerKind, ContainerStatus[]> = { init: [], app: [], ephemeral: [] };
  const previous = {
    init: published.initContainerStatuses,
    app: published.containerStatuses,
    ephemeral: published.ephemeralContainerStatuses,
  };
  for (const { kind, container } of podContainers(pod.spec ?? { containers: [] }))
    lists[kind].push(
      containerStatus({
        pod,
        kind,
        container,
        instances: facts.instancesOf(container.name),
        previous: findContainerStatus(previous[kind], container.name),
        waiting: facts.waiting?.(container.name),
        stopping: ending,
        started: isStarted(container.name),
        ready: isReady(container.name),
      }),
    );
  return {
    initContainerStatuses: lists.init,
    containerStatuses: lists.app,
    ephemeralContainerStatuses: lists.ephemeral,
    sandboxReady: facts.sandboxReady ?? true,
    podIps: facts.podIps ?? [],
    stopped: facts.stopped ?? false,
  };
}
