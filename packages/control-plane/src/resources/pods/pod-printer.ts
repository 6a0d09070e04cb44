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
  const initialized = pod.status?.conditions?.some(({ type, status }) => type === "Initialized" && status === "True");
  // A sidecar that restarts later on holds nothing up, and yet is told where the others have nothing to tell.
  const main = init.reason === undefined || initialized === true ? mainState(pod, init) : undefined;
  const restarts = main?.restarts ?? init.restarts;
  const total = (pod.spec?.containers.length ?? 0) + sidecars.size;
  const since =
    restarts.count > 0 && restarts.lastAt !== "" ? ` (${humanDuration(nowMs - Date.parse(restarts.lastAt))} ago)` : "";
  return [
    `${init.ready + (main?.ready ?? 0)}/${total}`,
    finalReason(pod, main?.reason ?? init.reason ?? ""),
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

interface InitState {
  /** Sidecars before the first that is not through. */
  readonly ready: number;
  /** What holds initialisation up; undefined where nothing does. */
  readonly reason: string | undefined;
  readonly restarts: Restarts;
  /** Those of them that go on counting after initialisation. */
  readonly sidecarRestarts: Restarts;
}

function initState(pod: Pod, sidecars: ReadonlySet<string>): InitState {
  const restarts: Restarts = { count: 0, lastAt: "" };
  const sidecarRestarts: Restarts = { count: 0, lastAt: "" };
  let ready = 0;
  const heldUp = (what: string): InitState => ({ ready, reason: `Init:${what}`, restarts, sidecarRestarts });
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    addRestarts(restarts, status);
    if (sidecars.has(status.name)) addRestarts(sidecarRestarts, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started) {
      if (status.ready) ready++;
    } else if (terminated !== undefined) return heldUp(terminationText(terminated));
    else if (waiting?.reason && waiting.reason !== "PodInitializing") return heldUp(waiting.reason);
    else return heldUp(`${index}/${pod.spec?.initContainers?.length ?? 0}`);
  }
  return { ready, reason: undefined, restarts, sidecarRestarts };
}

function terminationText(terminated: {
  reason?: string | undefined;
  signal?: number | undefined;
  exitCode: number;
}): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** What the app containers do, with the restarts of sidecars. */
function mainState(pod: Pod, init: InitState): { ready: number; reason: string; restarts: Restarts } {
  const restarts = init.sidecarRestarts;
  let reason = init.reason ?? podReason(pod);
  let ready = 0;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    addRestarts(restarts, status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminationText(terminated);
    else if (status.ready && running !== undefined) ready++;
  }
  // One container has ended well while another serves on.
  if (reason === "Completed" && ready > 0) {
    const isReady = pod.status?.conditions?.some(
      (condition) => condition.type === "Ready" && condition.status === "True",
    );
    reason = isReady ? "Running" : "NotReady";
  }
  return { ready, reason, restarts };
}

function podReason({ status }: Pod): string {
  const gated = status?.conditions?.some(
    (condition) => condition.type === "PodScheduled" && condition.reason === "SchedulingGated",
  );
  return gated ? "SchedulingGated" : status?.reason || status?.phase || "";
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
