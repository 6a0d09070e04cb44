import {
  type ContainerStatus,
  containerStatus,
  findContainerStatus,
  formatResourceList,
  type Pod,
  type PodCondition,
  type PodStatus,
  podContainers,
  podLimits,
  podRequests,
  podStatus,
  statusOfContainer,
} from "@wherry/kubernetes";
import type { PodDescription } from "../provider/pod-description.ts";
import type { PodTermination } from "../provider/pod-handle.ts";

export interface DescribedStatusFacts {
  readonly pod: Pod;
  /** What the provider says of it. */
  readonly description: PodDescription;
  /** The status published last. */
  readonly previous: PodStatus;
  readonly termination: PodTermination | undefined;
  readonly pendingResize: PodCondition | undefined;
  /** Primary address of the node first. */
  readonly hostIps: readonly string[];
  readonly nowMs: number;
}

/** The status of a pod from what its provider describes and what the node has decided of it; pure. */
export function describedStatus(facts: DescribedStatusFacts): PodStatus {
  const { pod, description, previous, termination, pendingResize, hostIps, nowMs } = facts;
  const outcome = description.stopped === true ? termination?.outcome : undefined;
  const refused = description.refused === true || termination?.cause === "refused";
  return podStatus({
    pod,
    previous,
    ...statusLists(facts),
    // One that was refused has been given nothing.
    ...(!refused && resourcesOfPod(pod, description)),
    sandboxReady: description.sandboxReady ?? false,
    podIps: description.podIps ?? [],
    hostIps,
    stopped: description.stopped ?? false,
    restartingAll: description.restartingAll,
    refused,
    phase: outcome?.phase ?? description.phase,
    reason: outcome?.reason ?? description.reason,
    message: outcome?.message ?? description.message,
    conditions: [
      ...(pendingResize === undefined ? [] : [pendingResize]),
      ...(description.conditions ?? []),
      ...(outcome?.conditions ?? []),
    ],
    nowMs,
  });
}

function resourcesOfPod(
  { spec = { containers: [] } }: Pod,
  { limits }: PodDescription,
): Pick<PodStatus, "allocatedResources" | "resources"> {
  const requests = formatResourceList(podRequests(spec));
  const lists = { limits: limits ?? formatResourceList(podLimits(spec)), requests };
  const given = Object.entries(lists).filter(([, amounts]) => Object.keys(amounts).length > 0);
  return { allocatedResources: requests, resources: Object.fromEntries(given) };
}

function statusLists({
  pod,
  description,
  previous,
  termination,
}: DescribedStatusFacts): Record<
  "initContainerStatuses" | "containerStatuses" | "ephemeralContainerStatuses",
  ContainerStatus[]
> {
  const lists: Record<"init" | "app" | "ephemeral", ContainerStatus[]> = { init: [], app: [], ephemeral: [] };
  const given = {
    init: description.initContainerStatuses,
    app: description.containerStatuses,
    ephemeral: description.ephemeralContainerStatuses,
  };
  for (const { kind, container } of podContainers(pod.spec ?? { containers: [] })) {
    lists[kind].push(
      findContainerStatus(given[kind], container.name) ??
        containerStatus({
          pod,
          kind,
          container,
          instances: [],
          previous: statusOfContainer(previous, kind, container.name),
          waiting: undefined,
          stopping: termination !== undefined,
          started: false,
          ready: false,
        }),
    );
  }
  return {
    initContainerStatuses: lists.init,
    containerStatuses: lists.app,
    ephemeralContainerStatuses: lists.ephemeral,
  };
}
