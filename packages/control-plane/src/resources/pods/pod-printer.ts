import type { ContainerStatus, Pod } from "@wherry/kubernetes";
import { ageOf, humanDuration } from "../../tables/age.ts";
import type { Cell, Column, Printer } from "../resource-definition.ts";

const columns: readonly Column[] = [
  { name: "Ready", description: "Containers that pass their readiness checks, of all containers." },
  { name: "Status", description: "Phase of the pod, or what keeps its containers from running." },
  { name: "Restarts", description: "How often containers were restarted, and when last." },
  { name: "Age", description: "Time since the pod was created." },
  { name: "IP", description: "Address of the pod.", priority: 1 },
  { name: "Node", description: "Node the pod is bound to.", priority: 1 },
  { name: "Nominated Node", description: "Node that preemption makes room on for the pod.", priority: 1 },
  { name: "Readiness Gates", description: "Readiness gates that are true, of all gates.", priority: 1 },
];

interface Restarts {
  count: number;
  lastAt: string;
}

/** The table of pods as `kubectl get pods` shows it. */
export const podPrinter: Printer<Pod> = { columns, cells: podCells };

function podCells(pod: Pod, nowMs: number): readonly Cell[] {
  const sidecars = sidecarNames(pod);
  const init = initState(pod, sidecars);
  const main =
    init.reason === undefined
      ? mainState(pod)
      : { ready: countReady(pod.status?.containerStatuses), reason: init.reason };
  const restarts = init.reason === undefined ? restartsOf(pod, sidecars) : init.restarts;
  const readySidecars = (pod.status?.initContainerStatuses ?? []).filter(
    (status) => sidecars.has(status.name) && status.started && status.ready,
  ).length;
  const total = (pod.spec?.containers.length ?? 0) + sidecars.size;
  const since =
    restarts.count > 0 && restarts.lastAt !== "" ? ` (${humanDuration(nowMs - Date.parse(restarts.lastAt))} ago)` : "";
  return [
    `${main.ready + readySidecars}/${total}`,
    finalReason(pod, main.reason),
    `${restarts.count}${since}`,
    ageOf(pod.metadata?.creationTimestamp, nowMs),
    pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || "<none>",
    pod.spec?.nodeName || "<none>",
    pod.status?.nominatedNodeName || "<none>",
    readinessGates(pod),
  ];
}

function sidecarNames(pod: Pod): Set<string> {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return new Set(sidecars.map((container) => container.name));
}

function addRestarts(restarts: Restarts, status: ContainerStatus): void {
  restarts.count += status.restartCount ?? 0;
  const finishedAt = status.lastState?.terminated?.finishedAt ?? "";
  if (finishedAt > restarts.lastAt) restarts.lastAt = finishedAt;
}

/** What holds initialisation up, if it is not over. */
function initState(pod: Pod, sidecars: ReadonlySet<string>): { reason: string | undefined; restarts: Restarts } {
  const restarts: Restarts = { count: 0, lastAt: "" };
  const statuses = pod.status?.initContainerStatuses ?? [];
  for (const [index, status] of statuses.entries()) {
    addRestarts(restarts, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started) continue;
    if (terminated !== undefined) return { reason: `Init:${terminationText(terminated)}`, restarts };
    if (waiting?.reason && waiting.reason !== "PodInitializing") return { reason: `Init:${waiting.reason}`, restarts };
    return { reason: `Init:${index}/${pod.spec?.initContainers?.length ?? 0}`, restarts };
  }
  return { reason: undefined, restarts };
}

function terminationText(terminated: {
  reason?: string | undefined;
  signal?: number | undefined;
  exitCode: number;
}): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function countReady(statuses: readonly ContainerStatus[] | undefined): number {
  return (statuses ?? []).filter((status) => status.ready && status.state?.running !== undefined).length;
}

function mainState(pod: Pod): { ready: number; reason: string } {
  let reason = pod.status?.reason || pod.status?.phase || "";
  const gated = pod.status?.conditions?.some(
    (condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated",
  );
  if (gated) reason = "SchedulingGated";
  let hasRunning = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminationText(terminated);
    else if (status.ready && running !== undefined) hasRunning = true;
  }
  // One container has ended well while another serves on.
  if (reason === "Completed" && hasRunning) {
    const isReady = pod.status?.conditions?.some(
      (condition) => condition.type === "Ready" && condition.status === "True",
    );
    reason = isReady ? "Running" : "NotReady";
  }
  return { ready: countReady(pod.status?.containerStatuses), reason };
}

function restartsOf(pod: Pod, sidecars: ReadonlySet<string>): Restarts {
  const restarts: Restarts = { count: 0, lastAt: "" };
  for (const status of pod.status?.containerStatuses ?? []) addRestarts(restarts, status);
  for (const status of pod.status?.initContainerStatuses ?? [])
    if (sidecars.has(status.name)) addRestarts(restarts, status);
  return restarts;
}

function finalReason(pod: Pod, reason: string): string {
  if (pod.metadata?.deletionTimestamp === undefined) return reason;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const phase = pod.status?.phase;
  return phase === "Failed" || phase === "Succeeded" ? reason : "Terminating";
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const isTrue = (type: string) =>
    pod.status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
  return `${gates.filter((gate) => isTrue(gate.conditionType)).length}/${gates.length}`;
}
