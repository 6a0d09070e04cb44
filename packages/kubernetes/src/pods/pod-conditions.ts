import type { ContainerStatus, Pod, PodCondition, PodSpec, PodStatus } from "../api/index.ts";
import { findContainerStatus, hasAnyAppContainerStarted, isRestartableInitContainer } from "./pod-containers.ts";
import type { PodPhase } from "./pod-phase.ts";
import { findPodCondition } from "./pod-predicates.ts";

/** Conditions a kubelet owns; every other one in a status belongs to somebody else and is kept. */
export const kubeletConditionTypes: readonly string[] = [
  "PodScheduled",
  "PodReadyToStartContainers",
  "Initialized",
  "ContainersReady",
  "Ready",
  "PodResizePending",
  "PodResizeInProgress",
  "AllContainersRestarting",
];

export interface PodConditionFacts {
  readonly pod: Pod;
  readonly phase: PodPhase;
  /** Undefined while no status is known at all. */
  readonly containerStatuses: readonly ContainerStatus[] | undefined;
  readonly initContainerStatuses: readonly ContainerStatus[] | undefined;
  readonly sandboxReady: boolean;
  /** Whether all containers are being restarted; undefined for a pod that nothing does that to. */
  readonly restartingAll?: boolean | undefined;
}

type Verdict = Pick<PodCondition, "status" | "reason" | "message">;

const yes: Verdict = { status: "True" };

/** The conditions a kubelet owns, without transition times, in upstream's order. */
export function podConditions(facts: PodConditionFacts): PodCondition[] {
  const containersReady = containersReadyVerdict(facts);
  const verdicts: [string, Verdict][] = [
    ["PodReadyToStartContainers", { status: facts.sandboxReady ? "True" : "False" }],
    ["Initialized", initializedVerdict(facts)],
    ["Ready", readyVerdict(facts.pod, containersReady)],
    ["ContainersReady", containersReady],
    ["PodScheduled", yes],
  ];
  if (facts.restartingAll !== undefined)
    verdicts.unshift(["AllContainersRestarting", restartingVerdict(facts.phase, facts.restartingAll)]);
  return verdicts.map(([type, verdict]) => ({ type, ...verdict }));
}

function containersReadyVerdict(facts: PodConditionFacts): Verdict {
  const spec = podSpec(facts.pod);
  if (facts.containerStatuses === undefined) return no("UnknownContainerStatuses");
  const unknown: string[] = [];
  const unready: string[] = [];
  const judge = (name: string, statuses: readonly ContainerStatus[] | undefined) => {
    const status = findContainerStatus(statuses, name);
    if (status === undefined) unknown.push(name);
    else if (!status.ready) unready.push(name);
  };
  for (const container of spec.initContainers ?? [])
    if (isRestartableInitContainer(container)) judge(container.name, facts.initContainerStatuses);
  for (const container of spec.containers) judge(container.name, facts.containerStatuses);
  if (facts.phase === "Succeeded" && unknown.length === 0) return no("PodCompleted");
  if (facts.phase === "Failed") return no("PodFailed");
  return listVerdict("ContainersNotReady", { unknown, unready });
}

function initializedVerdict(facts: PodConditionFacts): Verdict {
  const spec = podSpec(facts.pod);
  const containers = spec.initContainers ?? [];
  if (containers.length > 0 && facts.initContainerStatuses === undefined) return no("UnknownContainerStatuses");
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of containers) {
    const status = findContainerStatus(facts.initContainerStatuses, container.name);
    const done = isRestartableInitContainer(container) ? status?.started === true : status?.ready === true;
    if (status === undefined) unknown.push(container.name);
    else if (!done) incomplete.push(container.name);
  }
  if (facts.phase === "Succeeded" && unknown.length === 0) return { status: "True", reason: "PodCompleted" };
  if (hasAnyAppContainerStarted(spec, facts.containerStatuses ?? [])) return yes;
  return listVerdict("ContainersNotInitialized", { unknown, incomplete });
}

function readyVerdict(pod: Pod, containersReady: Verdict): Verdict {
  if (containersReady.status !== "True") return containersReady;
  const messages: string[] = [];
  for (const gate of podSpec(pod).readinessGates ?? []) {
    const name = JSON.stringify(gate.conditionType);
    const condition = findPodCondition(pod.status, gate.conditionType);
    if (condition === undefined) messages.push(`corresponding condition of pod readiness gate ${name} does not exist.`);
    else if (condition.status !== "True")
      messages.push(`the status of pod readiness gate ${name} is not "True", but ${condition.status}`);
  }
  return messages.length === 0 ? yes : no("ReadinessGatesNotReady", messages.join(", "));
}

function restartingVerdict(phase: PodPhase, restartingAll: boolean): Verdict {
  if (phase === "Succeeded") return no("PodCompleted");
  if (phase === "Failed") return no("PodFailed");
  if (!restartingAll) return { status: "False" };
  const message = "container exited with restart policy rule";
  return { status: "True", reason: "RestartAllContainersStarted", message };
}

function listVerdict(reason: string, lists: Readonly<Record<string, readonly string[]>>): Verdict {
  const messages = Object.entries(lists)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `containers with ${kind} status: [${names.join(" ")}]`);
  return messages.length === 0 ? yes : no(reason, messages.join(", "));
}

function no(reason: string, message?: string): Verdict {
  return message === undefined ? { status: "False", reason } : { status: "False", reason, message };
}

function podSpec(pod: Pod): PodSpec {
  return pod.spec ?? { containers: [] };
}

/** `next` with the transition times of `previous` where the status did not flip, and `now` where it did. */
export function withTransitionTimes(
  next: readonly PodCondition[],
  previous: PodStatus | undefined,
  now: string,
): PodCondition[] {
  return next.map((condition) => {
    const before = findPodCondition(previous, condition.type);
    const kept = before?.status === condition.status ? before?.lastTransitionTime : undefined;
    return { lastProbeTime: before?.lastProbeTime, ...condition, lastTransitionTime: kept ?? now };
  });
}
