import {
  awaitsRestartOfAll,
  type Container,
  hasRun,
  isOutlived,
  isRestartableInitContainer,
  type Pod,
  type PodSpec,
  type PodStatus,
  podContainers,
  shouldRestartAfterExit,
  shouldRestartAllAfterExit,
  statusOfContainer,
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
  if (facts.restartingAll || restartsOfAll(spec, facts.instancesOf).length > 0)
    return { ...nothingDone, restartAll: true };
  const apps = spec.containers.map((container) => ({ container, verdict: verdictOf(facts, spec, container, "app") }));
  if (apps.every(({ verdict }) => verdict === "finished" || verdict === "failed"))
    return { ...nothingDone, done: true, initialized: true };
  if (endsWithItsSandbox(facts, spec)) return { ...nothingDone, done: true };
  const init = initActions(facts, spec);
  if (init.failed && !apps.some(({ verdict }) => verdict === "running")) return { ...nothingDone, done: true };
  const startApps = init.initialized ? apps.filter(({ verdict }) => verdict === "start") : [];
  // Last, so that the pull of a debug image holds nothing up; and also while the pod is stuck in its initialisation.
  const start = [...init.start, ...startApps.map(({ container }) => container), ...neverStarted(facts)];
  if (facts.sandboxId === undefined)
    return { ...nothingDone, needsSandbox: true, initialized: init.initialized, start };
  const replace = containersToStop(facts, spec);
  const last = new Set(replace.filter(isLast).map(({ container }) => container));
  const goesOn = apps.some(
    ({ container, verdict }) => verdict === "start" || (verdict === "running" && !last.has(container)),
  );
  // The sidecars of the last app container end with it, and not after it.
  if (!goesOn) return { ...nothingDone, done: true, initialized: true };
  return { ...nothingDone, initialized: init.initialized, replace, start };
}

/** A pod that never restarts is over when it loses the sandbox in which something of it has run. */
function endsWithItsSandbox(facts: PodActionFacts, spec: PodSpec): boolean {
  if (facts.sandboxId !== undefined || spec.restartPolicy !== "Never") return false;
  return podContainers(spec).some(({ kind, container: { name } }) => {
    if (facts.instancesOf(name).length > 0) return true;
    const status = statusOfContainer(facts.status, kind, name);
    return status !== undefined && hasRun(status) && !awaitsRestartOfAll(status);
  });
}

/** Whether a container that is stopped will not run again, also not for the sake of a rule on the exit code it is going to have. */
function isLast({ container, restart }: ContainerStop): boolean {
  return !restart && (container.restartPolicyRules ?? []).length === 0;
}

/**
 * The instances whose end asks to restart all containers of the pod, until they are removed. What ended when the pod was over already was
 * stopped with it, and asks for nothing.
 */
export function restartsOfAll(spec: PodSpec, instancesOf: PodActionFacts["instancesOf"]): Instance[] {
  const overAtMs = endOfPod(spec, instancesOf);
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap((container) => {
    const [newest] = instancesOf(container.name);
    const asks = newest?.state === "exited" && shouldRestartAllAfterExit(container, newest.exitCode);
    return asks && newest.finishedAtMs <= overAtMs ? newest : [];
  });
}

/** When the last app container ended, or an init container failed, for good; infinite while neither is so. */
function endOfPod(spec: PodSpec, instancesOf: PodActionFacts["instancesOf"]): number {
  const endOf = (container: Container, kind: "init" | "app"): number => {
    const [newest] = instancesOf(container.name);
    const isOver = newest?.state === "exited" && !shouldRestartAfterExit(spec, container, kind, newest.exitCode);
    return isOver && (kind === "app" || newest.exitCode !== 0) ? newest.finishedAtMs : Number.POSITIVE_INFINITY;
  };
  const inits = (spec.initContainers ?? []).filter((container) => !isRestartableInitContainer(container));
  const appsAtMs = Math.max(...spec.containers.map((container) => endOf(container, "app")));
  return Math.min(appsAtMs, ...inits.map((container) => endOf(container, "init")));
}

/** Ephemeral containers are started once: one that has ever run, also in an earlier sandbox, stays as it is. */
function neverStarted(facts: PodActionFacts): Container[] {
  return facts.ephemeral.filter(({ name }) => {
    const [newest] = facts.instancesOf(name);
    if (newest !== undefined) return newest.state === "created";
    const state = statusOfContainer(facts.status, "ephemeral", name)?.state;
    return state?.running === undefined && state?.terminated === undefined;
  });
}

/** Running containers that have to be stopped. */
function containersToStop(facts: PodActionFacts, spec: PodSpec): ContainerStop[] {
  const stops: ContainerStop[] = [];
  for (const container of [...(spec.initContainers ?? []).filter(isRestartableInitContainer), ...spec.containers]) {
    const [instance] = facts.instancesOf(container.name);
    if (instance?.state !== "running") continue;
    const isSidecar = spec.initContainers?.includes(container) === true;
    // Upstream says of apps only that they will be restarted.
    const message = isSidecar
      ? `Init container ${container.name} definition changed`
      : `Container ${container.name} definition changed, will be restarted`;
    if (instance.specHash !== "" && instance.specHash !== containerHash(container))
      stops.push({ container, instance, message, restart: true });
    else if (resizeNeedsRestart(spec, container, instance))
      stops.push({
        container,
        instance,
        message: `Container ${container.name} resize requires restart`,
        restart: true,
      });
    else {
      const failed = facts.probeFailure(container.name);
      if (failed !== undefined) stops.push(failedProbeStop(spec, container, instance, { failed, isSidecar }));
    }
  }
  return stops;
}

function failedProbeStop(
  spec: PodSpec,
  container: Container,
  instance: Instance,
  { failed, isSidecar }: { readonly failed: "liveness" | "startup"; readonly isSidecar: boolean },
): ContainerStop {
  const restart = (container.restartPolicy ?? spec.restartPolicy) !== "Never";
  const probe = failed === "liveness" ? container.livenessProbe : container.startupProbe;
  const message = isSidecar
    ? `Init container ${container.name} failed ${failed} probe`
    : `Container ${container.name} failed ${failed} probe${restart ? ", will be restarted" : ""}`;
  return { container, instance, message, restart, gracePeriodSeconds: probe?.terminationGracePeriodSeconds };
}

function verdictOf(facts: PodActionFacts, spec: PodSpec, container: Container, kind: "init" | "app"): Verdict {
  const [known] = facts.instancesOf(container.name);
  const published = statusOfContainer(facts.status, kind, container.name);
  const newest = known !== undefined && isOutlived(known, published) ? undefined : known;
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
  const status = statusOfContainer(facts.status, kind, name);
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
 * Init containers run one after another in each new sandbox; a sidecar lets the next one go once its startup gate is open. What
 * was let go is not held again by a sidecar that falls over: those before the last one that was begun in this sandbox are only kept
 * running, and so are all when an app container was.
 */
function initActions(facts: PodActionFacts, spec: PodSpec): InitActions {
  const here = (container: Container) =>
    facts.instancesOf(container.name).filter((instance) => instance.sandboxId === facts.sandboxId);
  const inits = spec.initContainers ?? [];
  const begun = (container: Container) => here(container).length > 0;
  const reached = spec.containers.some(begun) ? inits.length : inits.findLastIndex(begun);
  const start: Container[] = [];
  for (const [index, container] of inits.entries()) {
    const [newest] = here(container);
    const isPassed = index < reached;
    if (isRestartableInitContainer(container)) {
      if (newest?.state !== "running") start.push(container);
      if (!isPassed && !(newest?.state === "running" && facts.isStarted(container.name)))
        return { initialized: false, failed: false, start };
      continue;
    }
    if (isPassed) continue;
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
