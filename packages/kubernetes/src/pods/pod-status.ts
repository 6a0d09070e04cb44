import type { ContainerStatus, Pod, PodCondition, PodSpec, PodStatus, ResourceRequirements } from "../api/index.ts";
import { formatApiTime } from "./api-time.ts";
import { endedStatuses } from "./container-statuses.ts";
import { kubeletConditionTypes, podConditions, withTransitionTimes } from "./pod-conditions.ts";
import { findContainerStatus, hasAnyAppContainerStarted, hasRun, podContainers } from "./pod-containers.ts";
import { type PodPhase, podPhase } from "./pod-phase.ts";
import { isTerminalPhase } from "./pod-predicates.ts";
import { qosClass } from "./qos-class.ts";
import { mayTakeBackExit } from "./restart-policy.ts";

export interface PodStatusFacts {
  /** The latest object; its status is where conditions of others are taken from. */
  readonly pod: Pod;
  /** The status published last, or the API's after a restart. */
  readonly previous: PodStatus | undefined;
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
  readonly ephemeralContainerStatuses: readonly ContainerStatus[];
  /** Sandbox and network exist. */
  readonly sandboxReady: boolean;
  /** Primary address first; empty while the pod has none. */
  readonly podIps: readonly string[];
  /** Primary address first. */
  readonly hostIps: readonly string[];
  /** Nothing of the pod runs and nothing will be started again. */
  readonly stopped: boolean;
  /** Whether all containers are being restarted, shown as a condition; undefined shows none. */
  readonly restartingAll?: boolean | undefined;
  /** The node did not take the pod: it shows no containers unless one has run, so that clients show the reason instead. @default false */
  readonly refused?: boolean | undefined;
  /** Overrides the phase that follows from the containers; once `stopped`, only where it is terminal. */
  readonly phase?: PodPhase | undefined;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** Requests of the pod as a whole that the node has granted, and what it has of requests and limits; empty says nothing. */
  readonly allocatedResources?: Readonly<Record<string, string>> | undefined;
  readonly resources?: ResourceRequirements | undefined;
  /** More conditions, e.g. `DisruptionTarget`; without transition times. */
  readonly conditions?: readonly PodCondition[] | undefined;
  readonly nowMs: number;
}

const termination = { totalBytes: 12 * 1024 } as const;

/**
 * The status to publish, from facts; a pure rule.
 *
 * A terminal phase appears only with `stopped`, and once published never changes again, nor do its reason and message.
 * Conditions of others are kept as the object has them.
 */
export function podStatus(facts: PodStatusFacts): PodStatus {
  const { pod, previous } = facts;
  const spec = pod.spec ?? { containers: [] };
  const lists = finalLists(facts);
  const phase = phaseOf(facts, lists);
  const now = formatApiTime(facts.nowMs);
  const generation = pod.metadata?.generation;
  const own = podConditions({
    pod,
    phase,
    sandboxReady: facts.sandboxReady,
    restartingAll: facts.restartingAll,
    ...lists,
  });
  const stamped = [...own, ...(facts.conditions ?? [])].map((condition) =>
    generation === undefined
      ? condition
      : { ...condition, observedGeneration: condition.observedGeneration ?? generation },
  );
  const status: PodStatus = {
    phase,
    conditions: mergeConditions(withTransitionTimes(stamped, previous, now), pod.status, previous),
    qosClass: pod.status?.qosClass ?? previous?.qosClass ?? qosClass(spec),
    startTime: previous?.startTime ?? now,
  };
  if (facts.refused !== true || [...lists.initContainerStatuses, ...lists.containerStatuses].some(hasRun)) {
    status.containerStatuses = cutMessages([...lists.containerStatuses].sort(byName), spec);
    if (spec.initContainers?.length) status.initContainerStatuses = cutMessages(lists.initContainerStatuses, spec);
    if (facts.ephemeralContainerStatuses.length > 0)
      status.ephemeralContainerStatuses = cutMessages(facts.ephemeralContainerStatuses, spec);
  }
  const final = isTerminalPhase(previous?.phase);
  const reason = final ? previous?.reason : facts.reason;
  const message = final ? previous?.message : facts.message;
  if (reason) status.reason = reason;
  if (message) status.message = message;
  if (generation !== undefined) status.observedGeneration = generation;
  const { allocatedResources = {}, resources = {} } = facts;
  if (Object.keys(allocatedResources).length > 0) status.allocatedResources = { ...allocatedResources };
  if (Object.keys(resources).length > 0) status.resources = { ...resources };
  addAddresses(status, facts);
  return status;
}

function finalLists(facts: PodStatusFacts): {
  initContainerStatuses: ContainerStatus[];
  containerStatuses: ContainerStatus[];
} {
  const { pod, previous } = facts;
  const initContainerStatuses = facts.initContainerStatuses.map((status) => {
    const before = findContainerStatus(previous?.initContainerStatuses, status.name);
    return before !== undefined && mustStayEnded(pod.spec, before, status) ? before : status;
  });
  const containerStatuses = [...facts.containerStatuses];
  if (!facts.stopped) return { initContainerStatuses, containerStatuses };
  const spec = pod.spec ?? { containers: [] };
  // None of the containers of a pod that was refused ever had a chance.
  const refused = facts.refused === true;
  const nothingBefore = !refused && (spec.initContainers ?? []).length === 0;
  const initialized =
    nothingBefore || hasAnyAppContainerStarted(spec, containerStatuses) || isLastInitDone(spec, initContainerStatuses);
  return {
    initContainerStatuses: endedStatuses(pod, initContainerStatuses, "init", { initialized, refused }),
    containerStatuses: endedStatuses(pod, containerStatuses, "app", { initialized, refused }),
  };
}

/**
 * Whether an init container that runs again, in a new sandbox, has to be shown as it ended before: the API server lets no status take
 * back an end after which the pod's policy starts nothing, and refuses all that comes with it, such as that the pod is not ready.
 */
function mustStayEnded(spec: PodSpec | undefined, before: ContainerStatus, { name, state }: ContainerStatus): boolean {
  const ended = before.state?.terminated;
  const container = spec?.initContainers?.find((candidate) => candidate.name === name);
  if (spec === undefined || container === undefined || ended === undefined || state?.terminated !== undefined)
    return false;
  return !mayTakeBackExit(spec, container, ended.exitCode);
}

/** Whether everything before the app containers was done at some time. */
function isLastInitDone(spec: PodSpec, statuses: readonly ContainerStatus[]): boolean {
  const last = spec.initContainers?.at(-1);
  const status = last && findContainerStatus(statuses, last.name);
  if (last?.restartPolicy === "Always") return status?.started === true;
  return status?.state?.terminated?.exitCode === 0 || status?.lastState?.terminated?.exitCode === 0;
}

function phaseOf(
  facts: PodStatusFacts,
  lists: { initContainerStatuses: ContainerStatus[]; containerStatuses: ContainerStatus[] },
): PodPhase {
  const { previous, stopped } = facts;
  if (isTerminalPhase(previous?.phase)) return previous?.phase as PodPhase;
  const spec = facts.pod.spec ?? { containers: [] };
  // An override that is no end was said of a pod that still lived.
  const given = stopped && !isTerminalPhase(facts.phase) ? undefined : facts.phase;
  const phase = given ?? podPhase({ spec, ...lists, terminal: stopped });
  if (stopped || !isTerminalPhase(phase)) return phase;
  return previous?.phase === "Pending" ? "Pending" : "Running";
}

/** Own conditions first, then those of others as the object has them now. */
function mergeConditions(
  own: readonly PodCondition[],
  current: PodStatus | undefined,
  previous: PodStatus | undefined,
): PodCondition[] {
  const types = new Set([...kubeletConditionTypes, ...own.map((condition) => condition.type)]);
  const foreign = (current ?? previous)?.conditions ?? [];
  return [...own, ...foreign.filter((condition) => !types.has(condition.type))];
}

function addAddresses(status: PodStatus, facts: PodStatusFacts): void {
  const [hostIP] = facts.hostIps;
  if (hostIP !== undefined) {
    status.hostIP = hostIP;
    status.hostIPs = facts.hostIps.map((ip) => ({ ip }));
  }
  const ips = facts.podIps.length > 0 ? facts.podIps : (facts.previous?.podIPs ?? []).map((entry) => entry.ip ?? "");
  const [podIP] = ips;
  if (podIP !== undefined) {
    status.podIP = podIP;
    status.podIPs = ips.map((ip) => ({ ip }));
  }
}

/**
 * Cuts termination messages to equal shares of 12 KiB, so that those of all containers of a pod, of whatever kind, stay within it
 * together, and those of their last instances too.
 */
function cutMessages(statuses: readonly ContainerStatus[], spec: PodSpec): ContainerStatus[] {
  const limit = Math.floor(termination.totalBytes / Math.max(podContainers(spec).length, 1));
  const cut = (state: ContainerStatus["state"]): ContainerStatus["state"] => {
    const message = state?.terminated?.message;
    if (state?.terminated === undefined || message === undefined) return state;
    const bytes = Buffer.from(message);
    if (bytes.length <= limit) return state;
    return {
      terminated: {
        ...state.terminated,
        message: bytes
          .subarray(0, limit)
          .toString()
          .replace(/\uFFFD$/, ""),
      },
    };
  };
  return statuses.map((status) => {
    const result: ContainerStatus = { ...status };
    if (status.state !== undefined) result.state = cut(status.state);
    if (status.lastState !== undefined) result.lastState = cut(status.lastState);
    return result;
  });
}

function byName(a: ContainerStatus, b: ContainerStatus): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
