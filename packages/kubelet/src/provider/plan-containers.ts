import type { Container, ContainerInstance, Pod, PodStatus } from "@wherry/kubernetes";
import { podActions } from "../standard/pod-actions.ts";

/** What the decision which containers to start rests on. */
export interface ContainerPlanFacts {
  readonly pod: Pod;
  /** The status published last, `PodHandle.status`; stands in for instances that the provider has lost sight of. */
  readonly published: PodStatus;
  /** Instances of a container, newest first. */
  readonly instancesOf: (name: string) => readonly ContainerInstance[];
  /** Whether a running container's startup gate is open. @default always */
  readonly isStarted?: ((name: string) => boolean) | undefined;
}

/** What is to be done for the containers of a pod that is meant to run. */
export interface ContainerPlan {
  /**
   * A container ended by a rule with `RestartAllContainers`: all instances of init and app containers have to be stopped and forgotten, last
   * of all the one whose end asked for it, and nothing is planned before. Who does not do that refuses the action in `Provider.admit`.
   */
  readonly restartAll: boolean;
  /** Nothing will ever start again and no app container runs: the pod is over, and what still runs is to be stopped. */
  readonly done: boolean;
  /** Every init container has done its part. */
  readonly initialized: boolean;
  /** Containers that need a new instance, in order; whether the time has come is for `crashDelay` to say. */
  readonly start: readonly Container[];
}

/** For providers whose pods have nothing around their containers: all instances count as of one sandbox. */
const onlySandbox = "pod";

/**
 * Which containers of a pod are to be started now, by its restart policies, the order of init containers and the published status; the
 * rules are the upstream kubelet's. Pure.
 */
export function planContainers(facts: ContainerPlanFacts): ContainerPlan {
  const { restartAll, done, initialized, start } = podActions({
    pod: facts.pod,
    status: facts.published,
    restartingAll: false,
    sandboxId: onlySandbox,
    instancesOf: (name) =>
      facts.instancesOf(name).map((instance) => ({
        ...instance,
        runtimeId: instance.id,
        sandboxId: onlySandbox,
        specHash: "",
        resources: {},
        logPath: "",
      })),
    isStarted: facts.isStarted ?? (() => true),
    ephemeral: [],
    // Who has probes stops what fails them; what has ended is started again by the rules here.
    probeFailure: () => undefined,
  });
  return { restartAll, done, initialized, start };
}
