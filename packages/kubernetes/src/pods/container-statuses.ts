import type {
  Container,
  ContainerState,
  ContainerStateTerminated,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  VolumeMount,
  VolumeMountStatus,
} from "../api/index.ts";
import { formatApiTime } from "./api-time.ts";
import { type ContainerKind, findContainerStatus } from "./pod-containers.ts";
import { shouldRestartAfterExit } from "./restart-policy.ts";

/** One instance of a container as a runtime knows it. */
export interface ContainerInstance {
  /** `<runtime>://<id>`. */
  readonly id: string;
  readonly name: string;
  /** Restart count at the time it was created. */
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly createdAtMs: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** The runtime's reason of an exit; `Completed` or `Error` by the exit code when empty. */
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageRef: string;
}

/** Why a container cannot start now; the `waiting` state to show. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusFacts {
  readonly pod: Pod;
  readonly kind: ContainerKind;
  readonly container: Container | EphemeralContainer;
  /** Instances of this container, newest first. */
  readonly instances: readonly ContainerInstance[];
  /** The status published last. */
  readonly previous: ContainerStatus | undefined;
  /** Why the next instance cannot start. */
  readonly waiting: WaitingReason | undefined;
  /** The newest instance was ended for another that starts in its place, whatever the restart policy says. @default false */
  readonly replaced?: boolean | undefined;
  /** The pod is being stopped: nothing starts any more. */
  readonly stopping: boolean;
  /** All containers of the pod are being removed to start anew (KEP-5532), so that an instance that is gone was not lost. @default false */
  readonly restartingAll?: boolean | undefined;
  /** Whether the startup gate is open, once running. */
  readonly started: boolean;
  /** Whether readiness is given, once started. */
  readonly ready: boolean;
}

/** Reason of what a restart of all containers has removed: of waiting for the next instance, and in place of how the last one ended. */
export const restartingAllReason = "RestartingAllContainers";
const restartingAllMessage = "The container is removed because RestartAllContainers in place";

const lostMessage = "The container could not be located when the pod was deleted.  The container used to be Running";
const lost: ContainerStateTerminated = { exitCode: 137, reason: "ContainerStatusUnknown", message: lostMessage };

/** Status of one container from its instances and the status published before; a pure rule, the same as the kubelet's. */
export function containerStatus(facts: ContainerStatusFacts): ContainerStatus {
  const { container } = facts;
  const [newest, older] = facts.instances;
  const status =
    newest === undefined || isOutlived(newest, facts.previous)
      ? (removedInRestart(facts) ?? withoutInstance(facts))
      : fromInstance(newest, older, facts);
  const { waiting } = facts;
  if (waiting !== undefined && mayStart(facts, newest)) {
    if (status.state?.terminated) status.lastState = status.state;
    status.state = { waiting: { reason: waiting.reason, ...(waiting.message !== "" && { message: waiting.message }) } };
  }
  const running = status.state?.running !== undefined;
  if (facts.kind === "ephemeral") {
    // Nothing probes it and nobody waits for it.
    status.ready = false;
  } else if (facts.kind === "init" && container.restartPolicy !== "Always") {
    status.started = running;
    status.ready = status.state?.terminated?.exitCode === 0;
  } else {
    status.started = running && facts.started;
    status.ready = running && facts.started && facts.ready;
  }
  const volumeMounts = (container.volumeMounts ?? []).map(volumeMountStatus);
  if (volumeMounts.length > 0) status.volumeMounts = volumeMounts;
  // Alpha (ContainerStopSignals): only an API server that has the gate lets a pod name one.
  const stopSignal = container.lifecycle?.stopSignal;
  if (stopSignal !== undefined && status.containerID !== undefined) status.stopSignal = stopSignal;
  return status;
}

/** A mount that must be read-only with all that is mounted below it (`Enabled`) never gets as far as a status: it is refused. */
function volumeMountStatus({ name, mountPath, readOnly }: VolumeMount): VolumeMountStatus {
  return { name, mountPath, ...(readOnly === true && { readOnly, recursiveReadOnly: "Disabled" }) };
}

function mayStart(facts: ContainerStatusFacts, newest: ContainerInstance | undefined): boolean {
  if (facts.kind === "ephemeral") return newest === undefined || newest.state === "created";
  if (facts.stopping) return newest === undefined;
  if (newest === undefined || newest.state === "created" || newest.state === "unknown") return true;
  if (newest.state === "running") return false;
  if (facts.replaced === true) return true;
  return shouldRestartAfterExit(facts.pod.spec ?? {}, facts.container, facts.kind, newest.exitCode);
}

/** Of a container that a restart of all has removed, counted once; undefined where none of its instances was there to remove. */
function removedInRestart({ restartingAll, kind, previous }: ContainerStatusFacts): ContainerStatus | undefined {
  if (restartingAll !== true || kind === "ephemeral" || previous === undefined) return undefined;
  if (previous.state?.waiting?.reason === restartingAllReason) return { ...previous };
  if (previous.containerID === undefined) return undefined;
  const { name, image, imageID, restartCount } = previous;
  const reason = { reason: restartingAllReason, message: restartingAllMessage };
  return {
    name,
    image,
    imageID,
    ready: false,
    restartCount: restartCount + 1,
    state: { waiting: reason },
    lastState: { terminated: { exitCode: 137, ...reason } },
  };
}

/** Whether an instance after this one was published, and is gone: an older one says nothing of the container any more. */
export function isOutlived(
  { id, state, attempt }: Pick<ContainerInstance, "attempt"> & Partial<ContainerInstance>,
  published: Pick<ContainerStatus, "containerID" | "restartCount"> | undefined,
): boolean {
  if (published === undefined || state !== "exited") return false;
  return attempt < published.restartCount && id !== published.containerID;
}

/** Whether a container has not begun again since all containers of its pod were restarted. */
export function awaitsRestartOfAll(status: Pick<ContainerStatus, "state" | "lastState">): boolean {
  return status.state?.waiting !== undefined && status.lastState?.terminated?.reason === restartingAllReason;
}

function withoutInstance(facts: ContainerStatusFacts): ContainerStatus {
  const { previous, container, pod } = facts;
  if (previous?.state?.terminated) return { ...previous };
  // It is never started again, so it does not wait for that either.
  if (facts.kind === "ephemeral" && previous?.state?.running)
    return { ...previous, state: { terminated: withContainer(lost, previous.containerID) } };
  const hasInit = (pod.spec?.initContainers ?? []).length > 0;
  const status: ContainerStatus = {
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    state: { waiting: { reason: hasInit ? "PodInitializing" : "ContainerCreating" } },
  };
  if (previous?.lastState !== undefined) status.lastState = previous.lastState;
  if (previous?.state?.running) {
    status.lastState = { terminated: withContainer(lost, previous.containerID) };
    if (pod.metadata?.deletionTimestamp === undefined) status.restartCount++;
  }
  return status;
}

function fromInstance(
  newest: ContainerInstance,
  older: ContainerInstance | undefined,
  facts: ContainerStatusFacts,
): ContainerStatus {
  const { previous, container } = facts;
  const status: ContainerStatus = {
    name: container.name,
    image: newest.image,
    imageID: newest.imageRef,
    containerID: newest.id,
    ready: false,
    restartCount: Math.max(newest.attempt, previous?.restartCount ?? 0),
    state: instanceState(newest, previous),
  };
  const lastState = older === undefined ? keptLastState(newest, previous) : instanceState(older, previous);
  if (lastState?.terminated !== undefined) status.lastState = lastState;
  if (newest.state === "unknown" && status.state?.terminated && facts.pod.metadata?.deletionTimestamp === undefined)
    status.restartCount = Math.max(newest.attempt + 1, status.restartCount);
  return status;
}

/** The last termination when the runtime no longer knows an older instance. */
function keptLastState(newest: ContainerInstance, previous: ContainerStatus | undefined): ContainerState | undefined {
  if (previous === undefined) return undefined;
  const ended = previous.containerID !== newest.id ? previous.state?.terminated : undefined;
  const last = ended ?? previous.lastState?.terminated;
  // While it waits for its next start, an ended instance is published as the last state already.
  return last === undefined || last.containerID === newest.id ? undefined : { terminated: last };
}

function instanceState(instance: ContainerInstance, previous: ContainerStatus | undefined): ContainerState {
  switch (instance.state) {
    case "running":
      return { running: { startedAt: formatApiTime(instance.startedAtMs) } };
    case "exited":
      return { terminated: exitedState(instance, previous) };
    case "unknown":
      if (previous?.state?.running) return { terminated: withContainer(lost, instance.id) };
      if (previous?.state?.terminated && previous.containerID === instance.id) return previous.state;
      return { waiting: {} };
    case "created":
      return { waiting: {} };
  }
}

function exitedState(instance: ContainerInstance, previous: ContainerStatus | undefined): ContainerStateTerminated {
  const state: ContainerStateTerminated = {
    exitCode: instance.exitCode,
    reason: instance.reason || (instance.exitCode === 0 ? "Completed" : "Error"),
    finishedAt: formatApiTime(instance.finishedAtMs),
    containerID: instance.id,
  };
  if (instance.startedAtMs > 0) state.startedAt = formatApiTime(instance.startedAtMs);
  // The file a message came from is gone once the pod has given its volumes back.
  const published = [previous?.state?.terminated, previous?.lastState?.terminated].find(
    (terminated) => terminated?.containerID === instance.id,
  );
  const message = instance.message || published?.message;
  if (message) state.message = message;
  return state;
}

function withContainer(state: ContainerStateTerminated, containerID: string | undefined): ContainerStateTerminated {
  return containerID === undefined ? { ...state } : { ...state, containerID };
}

/**
 * Statuses of a pod whose life ended: every app container without an end gets one that says it could not be located, and so
 * does every init container that must have run. The first of them always had its turn, unless the pod was refused.
 */
export function endedStatuses(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  kind: "init" | "app",
  { initialized, refused }: { readonly initialized: boolean; readonly refused: boolean },
): ContainerStatus[] {
  const message = "The container could not be located when the pod was terminated";
  const end = (status: ContainerStatus): ContainerStatus =>
    status.state?.terminated
      ? status
      : { ...status, ready: false, started: false, state: { terminated: { ...lost, message } } };
  if (kind === "app") return initialized ? statuses.map(end) : [...statuses];
  const names = (pod.spec?.initContainers ?? []).map((container) => container.name);
  const hasEnded = (name: string) => {
    const status = findContainerStatus(statuses, name);
    return status?.state?.terminated !== undefined || status?.lastState?.terminated !== undefined;
  };
  const last = initialized ? names.length - 1 : Math.max(names.findLastIndex(hasEnded), refused ? -1 : 0);
  return statuses.map((status) => (names.indexOf(status.name) <= last ? end(status) : status));
}
