import { aborted, type Clock } from "@wherry/base";
import { type Container, containerFieldPath, isRestartableInitContainer, type Pod } from "@wherry/kubernetes";
import type { ContainerActions } from "../actions/container-actions.ts";
import { ContainerProbes } from "./container-probes.ts";
import type { PodProbes, PodProbesListener, PodView, ProbeManager, ProbeSeries } from "./probe-manager.ts";
import { TickSchedule } from "./tick-schedule.ts";

/** How probes reach containers, and the clock they go by. */
export interface ProbeManagerOptions {
  readonly actions: ContainerActions;
  readonly clock: Clock;
  /** For the first probes after a restart of the kubelet. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Runs the probes of all pods on one schedule, each by its own period, until its `run` has ended. */
export function createProbeManager(options: ProbeManagerOptions): ProbeManager {
  return new ScheduledProbeManager(options);
}

class ScheduledProbeManager implements ProbeManager {
  readonly #options: ProbeManagerOptions;
  readonly #schedule: TickSchedule;
  readonly #sinceMs: number;
  readonly #open: Set<ScheduledPodProbes> = new Set();
  #closed = false;

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
    this.#schedule = new TickSchedule(options.clock);
    this.#sinceMs = options.clock.now();
  }

  open(pod: Pod, listener: PodProbesListener): PodProbes {
    const { actions, clock, random = Math.random } = this.#options;
    const probed = probedContainers(pod);
    if (probed.length === 0 || this.#closed) return unprobed;
    const containers = probed.map(
      (container) =>
        new ContainerProbes({
          ...listener,
          container,
          fieldPath: containerFieldPath(pod.spec ?? { containers: [] }, container.name),
          actions,
          clock,
          schedule: this.#schedule,
          random,
          sinceMs: this.#sinceMs,
        }),
    );
    const probes = new ScheduledPodProbes(pod, containers, () => this.#open.delete(probes));
    this.#open.add(probes);
    return probes;
  }

  *series(): Generator<ProbeSeries, void, undefined> {
    for (const probes of this.#open) yield* probes.series();
  }

  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    this.#closed = true;
    for (const probes of this.#open) probes.close();
  }
}

class ScheduledPodProbes implements PodProbes {
  readonly #pod: Pod;
  readonly #containers: Map<string, ContainerProbes>;
  readonly #onClose: () => void;
  #closed = false;

  constructor(pod: Pod, containers: readonly ContainerProbes[], onClose: () => void) {
    this.#pod = pod;
    this.#containers = new Map(containers.map((container) => [container.name, container]));
    this.#onClose = onClose;
  }

  update(view: PodView): void {
    if (this.#closed) return;
    for (const container of this.#containers.values()) container.observe(view);
  }

  isStarted(container: string, id: string): boolean {
    return this.#containers.get(container)?.isStarted(id) ?? true;
  }

  isReady(container: string, id: string): boolean {
    return this.#containers.get(container)?.isReady(id) ?? true;
  }

  failure(container: string, id: string): "liveness" | "startup" | undefined {
    return this.#containers.get(container)?.failure(id);
  }

  close(): void {
    this.#closed = true;
    for (const container of this.#containers.values()) container.stop();
    this.#onClose();
  }

  *series(): Generator<ProbeSeries, void, undefined> {
    for (const { name, workers } of this.#containers.values())
      for (const { spec, counts, seconds } of workers)
        yield { pod: this.#pod, container: name, kind: spec.kind, counts, seconds };
  }
}

/** App containers and sidecars with a probe; other init containers have none by the API's rules. */
function probedContainers({ spec }: Pod): Container[] {
  const sidecars = (spec?.initContainers ?? []).filter(isRestartableInitContainer);
  return [...sidecars, ...(spec?.containers ?? [])].filter(
    ({ startupProbe, livenessProbe, readinessProbe }) =>
      startupProbe !== undefined || livenessProbe !== undefined || readinessProbe !== undefined,
  );
}

/** Of a pod without probes. */
const unprobed: PodProbes = {
  update: () => undefined,
  isStarted: () => true,
  isReady: () => true,
  failure: () => undefined,
  close: () => undefined,
};
