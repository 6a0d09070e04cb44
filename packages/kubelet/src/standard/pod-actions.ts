import {
  awaitsRestartOfAll,
  type Container,
  type ContainerStatus,
  findContainerStatus,
  isRestartableInitContainer,
  type Pod,
  type PodSpec,
  type PodStatus,
  shouldRestartAfterExit,
  shouldRestartAllAfterExit,
} from "@wherry/kubernetes";
import { containerHash } from "./container-hash.ts";
import type { Instance } from "./pod-facts.ts";
import { resizeNeedsRestart } from "./resize-actions.ts";

export interface PodActionFacts {
  readonly pod: Pod;
  /** The status published last; stands in for instances that the runtime no longer knows. */
  readonly status: PodStatus;
  /** ID of the sandbox that containers run in; undefined while there is none. */
  readonly sandboxId: string | undefined;
  /** Whether all containers are being restarted already, so that those of the run before may be gone. */
  readonly restartingAll: boolean;
  /** Instances of a container, newest first. */
  readonly instancesOf: (name: string) => readonly Instance[];
  /** Ephemeral containers that the node takes. */
  readonly ephemeral: readonly Container[];
  /** Whether a running container's startup gate is open. */
  readonly isStarted: (name: string) => boolean;
  /** The probe for the sake of which a running container has to be killed. */
  readonly probeFailure: (name: string) => "liveness" | "startup" | undefined;
}

export interface ContainerStop {
  readonly container: Container;
  readonly instance: Instance;
  /** Message of the `Killing` event. */
  readonly message: string;
  /** Another instance is started at once, however this one ends; otherwise its exit code and the restart policy decide. */
  readonly restart: boolean;
  /** Overrides the pod's grace period. */
  readonly gracePeriodSeconds?: number | undefined;
}

/** What is to be done next for a pod that is meant to run. */
export interface PodActions {
  /** All init and app containers have to go and begin again, before anything else. */
  readonly restartAll: boolean;
  /** Nothing of the pod will ever start again and no app container runs: the pod is over. */
  readonly done: boolean;
  /** Something has to start, and there is no sandbox to start it in. */
  readonly needsSandbox: boolean;
  /** Every init container has done its part. */
  readonly initialized: boolean;
  /** Instances to stop, whose definition changed, whose probe failed or whose resize asks for it. */
  readonly replace: readonly ContainerStop[];
  /** Containers that need a new instance now, in order. */
  readonly start: readonly Container[];
}

type Verdict = "running" | "start" | "finished" | "failed";

/** Works out what to do for a pod from what is; pure, the same facts always give the same actions. */
export function podActions(facts: PodActionFacts): PodActions {
  const spec = facts.pod.spec ?? { containers: [] };
  const nothingDone: PodActions = {
    restartAll: false,
    done: false,
    needsSandbox: false,
    initialized: false,
    replace: [],
    start: [],
  };
  if (facts.restartingAll || findRestartOfAll(spec, facts.instancesOf) !== undefined)
    return { ...nothingDone, restartAll: true };
  const apps = spec.containers.map((container) => ({ container, verdict: verdictOf(facts, spec, container, "app") }));
  if (apps.every(({ verdict }) => verdict === "finished" || verdict === "failed"))
    return { ...nothingDone, done: true, initialized: true };
  const init = initActions(facts, spec);
  if (init.failed && !apps.some(({ verdict }) => verdict === "running")) return { ...nothingDone, done: true };
  const startApps = init.initialized ? apps.filter(({ verdict }) => verdict === "start") : [];
  // Last, so that the pull of a debug image holds nothing up; and also while the pod is stuck in its initialisation.
  const start = [...init.start, ...startApps.map(({ container }) => container), ...neverStarted(facts)];
  if (facts.sandboxId === undefined)
    return { ...nothingDone, needsSandbox: true, initialized: init.initialized, start };
  return { ...nothingDone, initialized: init.initialized, replace: containersToStop(facts, spec), start };
}

/** The instance whose end asks to restart all containers of the pod, until it is removed; undefined where there is none. */
export function findRestartOfAll(spec: PodSpec, instancesOf: PodActionFacts["instancesOf"]): Instance | undefined {
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    const [newest] = instancesOf(container.name);
    if (newest?.state === "exited" && shouldRestartAllAfterExit(container, newest.exitCode)) return newest;
  }
  return undefined;
}

/** Ephemeral containers are started once: one that has ever run, also in an earlier sandbox, stays as it is. */
function neverStarted(facts: PodActionFacts): Container[] {
  return facts.ephemeral.filter(({ name }) => {
    const [newest] = facts.instancesOf(name);
    if (newest !== undefined) return newest.state === "created";
    const state = findContainerStatus(facts.status.ephemeralContainerStatuses, name)?.state;
    return state?.running === undefined && state?.terminated === undefined;
  });
}

/** Running containers that have to be stopped. */
function containersToStop(facts: PodActionFacts, spec: PodSpec): ContainerStop[] {
  const stops: ContainerStop[] = [];
  for (const container of [...(spec.initContainers ?? []).filter(isRestartableInitContainer), ...spec.containers]) {
    const [instance] = facts.instancesOf(container.name);
    if (instance?.state !== "running") continue;
    const message = `Container ${container.name} definition changed, will be restarted`;
    if (instance.specHash !== "" && instance.specHash !== containerHash(container))
      stops.push({ container, instance, message, restart: true });
    else if (resizeNeedsRestart(container, instance))
      stops.push({
        container,
        instance,
        message: `Container ${container.name} resize requires restart`,
        restart: true,
      });
    else {
      const failed = facts.probeFailure(container.name);
      if (failed !== undefined) stops.push(failedProbeStop(spec, container, instance, failed));
    }
  }
  return stops;
}

function failedProbeStop(
  spec: PodSpec,
  container: Container,
  instance: Instance,
  failed: "liveness" | "startup",
): ContainerStop {
  const sidecar = spec.initContainers?.includes(container) === true;
  const restart = (container.restartPolicy ?? spec.restartPolicy) !== "Never";
  const probe = failed === "liveness" ? container.livenessProbe : container.startupProbe;
  // Upstream says of apps only that they will be restarted.
  const message = sidecar
    ? `Init container ${container.name} failed ${failed} probe`
    : `Container ${container.name} failed ${failed} probe${restart ? ", will be restarted" : ""}`;
  return { container, instance, message, restart, gracePeriodSeconds: probe?.terminationGracePeriodSeconds };
}

function verdictOf(facts: PodActionFacts, spec: PodSpec, container: Container, kind: "init" | "app"): Verdict {
  const [newest] = facts.instancesOf(container.name);
  if (newest?.state === "running" && newest.sandboxId === facts.sandboxId) return "running";
  if (newest?.state === "created") return "start";
  const exitCode = newest === undefined ? lostExitCode(facts, container.name, kind) : exitCodeOf(newest);
  if (exitCode === undefined) return "start";
  if (shouldRestartAfterExit(spec, container, kind, exitCode)) return "start";
  return exitCode === 0 ? "finished" : "failed";
}

/** 137 for an instance that stopped with its sandbox or that the runtime has lost sight of. */
function exitCodeOf(instance: Instance): number {
  return instance.state === "exited" ? instance.exitCode : 137;
}

/** Exit code of a container of which only the published status tells that it ran. */
function lostExitCode(facts: PodActionFacts, name: string, kind: "init" | "app"): number | undefined {
  const { containerStatuses, initContainerStatuses } = facts.status;
  const status: ContainerStatus | undefined = findContainerStatus(
    kind === "app" ? containerStatuses : initContainerStatuses,
    name,
  );
  if (status === undefined || awaitsRestartOfAll(status)) return undefined;
  if (status.state?.terminated) return status.state.terminated.exitCode;
  if (status.state?.running) return 137;
  return status.state?.waiting ? status.lastState?.terminated?.exitCode : undefined;
}

interface InitActions {
  readonly initialized: boolean;
  readonly failed: boolean;
  readonly start: readonly Container[];
}

/**
 * Init containers run one after another in each new sandbox; a sidecar lets the next one go once its startup gate is open. When
 * an app container has been started in this sandbox initialisation is over for good, and only sidecars are restarted.
 */
function initActions(facts: PodActionFacts, spec: PodSpec): InitActions {
  const here = (container: Container) =>
    facts.instancesOf(container.name).filter((instance) => instance.sandboxId === facts.sandboxId);
  const initialized = spec.containers.some((container) => here(container).length > 0);
  const start: Container[] = [];
  for (const container of spec.initContainers ?? []) {
    const [newest] = here(container);
    if (isRestartableInitContainer(container)) {
      if (newest?.state !== "running") start.push(container);
      if (!initialized && !(newest?.state === "running" && facts.isStarted(container.name)))
        return { initialized: false, failed: false, start };
      continue;
    }
    if (initialized) continue;
    if (newest?.state === "exited" && newest.exitCode === 0) continue;
    if (newest?.state === "running") return { initialized: false, failed: false, start };
    if (newest !== undefined && newest.state !== "created" && isFailure(spec, container, exitCodeOf(newest)))
      return { initialized: false, failed: true, start: [] };
    start.push(container);
    return { initialized: false, failed: false, start };
  }
  return { initialized: true, failed: false, start };
}

function isFailure(spec: PodSpec, container: Container, exitCode: number): boolean {
  return !shouldRestartAfterExit(spec, container, "init", exitCode);
}
