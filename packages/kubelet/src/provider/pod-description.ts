import type { ContainerStatus, PodCondition, PodPhase } from "@wherry/kubernetes";

/**
 * How a provider describes one pod at one moment; a whole, never a delta.
 *
 * The kubelet turns it into the pod's status: it adds start time, host addresses, QoS class, conditions and generation, computes
 * the phase, and holds a terminal phase back until `stopped`.
 */
export interface PodDescription {
  /** Statuses by container; a container without one is shown as waiting, unless the pod was refused. */
  readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
  readonly containerStatuses?: readonly ContainerStatus[] | undefined;
  readonly ephemeralContainerStatuses?: readonly ContainerStatus[] | undefined;
  /** Whether everything that containers run in exists; shown as `PodReadyToStartContainers`. @default false */
  readonly sandboxReady?: boolean | undefined;
  /** Addresses of the pod, primary first; those published before are kept while this is empty. */
  readonly podIps?: readonly string[] | undefined;
  /** Limits that hold for all containers together, by resource. @default those of the spec */
  readonly limits?: Readonly<Record<string, string>> | undefined;
  /**
   * Whether the pod restarts all its containers in place (KEP-5532), shown as the condition `AllContainersRestarting`; undefined for a pod
   * without a rule that asks for it.
   */
  readonly restartingAll?: boolean | undefined;
  /** Nothing of the pod runs any more and nothing will be started. @default false */
  readonly stopped?: boolean | undefined;
  /** The pod was not taken in after all; containers that never ran are then not shown. @default false */
  readonly refused?: boolean | undefined;
  /** Overrides the phase that follows from the container statuses; once `stopped`, only where it is terminal. */
  readonly phase?: PodPhase | undefined;
  /** `status.reason`, CamelCase. */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** More conditions than the kubelet's own; transition times are the kubelet's business. */
  readonly conditions?: readonly PodCondition[] | undefined;
}
