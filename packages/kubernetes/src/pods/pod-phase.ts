import type { ContainerStatus, PodSpec } from "../api/index.ts";
import { awaitsRestartOfAll } from "./container-statuses.ts";
import { findContainerStatus, hasAnyAppContainerStarted, isRestartableInitContainer } from "./pod-containers.ts";
import { shouldRestartAfterExit } from "./restart-policy.ts";

/** As in `status.phase` of a pod. */
export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** What a pod's phase is computed from. */
export interface PodPhaseFacts {
  readonly spec: PodSpec;
  readonly initContainerStatuses: readonly ContainerStatus[];
  readonly containerStatuses: readonly ContainerStatus[];
  /** The pod will not be started again: it ended, is deleted, evicted or over its deadline, and nothing of it runs. */
  readonly terminal: boolean;
}

interface Counts {
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
  restarting: number;
  unknown: number;
}

/** Phase of a pod from the statuses of its containers; a pure rule, the same as the kubelet's. */
export function podPhase(facts: PodPhaseFacts): PodPhase {
  const { spec, terminal } = facts;
  const init = countInit(facts);
  if (init.failed > 0 && spec.restartPolicy === "Never") return "Failed";
  const counts = countContainers(facts, init);
  if (terminal && counts.running === 0) return counts.succeeded === spec.containers.length ? "Succeeded" : "Failed";
  if (initializesAgain(facts)) return "Pending";
  const initialized = hasAnyAppContainerStarted(spec, facts.containerStatuses);
  if (init.pending > 0 || (init.pendingRestartable > 0 && !initialized) || counts.waiting > 0) return "Pending";
  if (counts.running > 0 && counts.unknown === 0) return "Running";
  if (counts.running > 0 || counts.stopped === 0 || counts.unknown > 0) return "Pending";
  if (counts.restarting > 0 || spec.restartPolicy === "Always" || spec.restartPolicy === undefined) return "Running";
  if (counts.stopped === counts.succeeded) return "Succeeded";
  return spec.restartPolicy === "Never" ? "Failed" : "Running";
}

/** Whether all containers were restarted, and the init containers have not yet let an app container begin again. */
function initializesAgain({ spec, containerStatuses }: PodPhaseFacts): boolean {
  if ((spec.initContainers ?? []).length === 0 || !containerStatuses.some(awaitsRestartOfAll)) return false;
  return !containerStatuses.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
}

interface InitCounts {
  readonly pending: number;
  readonly failed: number;
  readonly pendingRestartable: number;
  readonly runningRestartable: number;
  readonly waitingRestartable: number;
  readonly unknownRestartable: number;
}

function countInit(facts: PodPhaseFacts): InitCounts {
  const counts = { pending: 0, failed: 0 };
  const sidecars = { pendingRestartable: 0, runningRestartable: 0, waitingRestartable: 0, unknownRestartable: 0 };
  for (const container of facts.spec.initContainers ?? []) {
    const status = findContainerStatus(facts.initContainerStatuses, container.name);
    const state = status?.state;
    if (isRestartableInitContainer(container)) {
      if (status === undefined) sidecars.unknownRestartable++;
      else if (state?.running) {
        sidecars.runningRestartable++;
        if (status.started !== true) sidecars.pendingRestartable++;
      } else if (state?.waiting && !status.lastState?.terminated) {
        sidecars.pendingRestartable++;
        sidecars.waitingRestartable++;
      }
      continue;
    }
    const removed = status !== undefined && awaitsRestartOfAll(status);
    const ended = state?.terminated ?? (state?.waiting && !removed ? status?.lastState?.terminated : undefined);
    if (ended === undefined) counts.pending++;
    else if (ended.exitCode !== 0 && !shouldRestartAfterExit(facts.spec, container, "init", ended.exitCode))
      counts.failed++;
    else if (ended.exitCode !== 0) counts.pending++;
  }
  return { ...counts, ...sidecars };
}

function countContainers(facts: PodPhaseFacts, init: InitCounts): Counts {
  const counts: Counts = {
    running: init.runningRestartable,
    waiting: init.waitingRestartable,
    stopped: 0,
    succeeded: 0,
    restarting: 0,
    unknown: init.unknownRestartable,
  };
  for (const container of facts.spec.containers) {
    const status = findContainerStatus(facts.containerStatuses, container.name);
    const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (status?.state?.running) counts.running++;
    else if (ended !== undefined) {
      counts.stopped++;
      if (status?.state?.terminated?.exitCode === 0) counts.succeeded++;
      if (shouldRestartAfterExit(facts.spec, container, "app", ended.exitCode)) counts.restarting++;
    } else if (status?.state?.waiting) counts.waiting++;
    else counts.unknown++;
  }
  return counts;
}
