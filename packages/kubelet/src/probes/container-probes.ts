import type { Clock } from "@wherry/base";
import type { Container } from "@wherry/kubernetes";
import type { ContainerActions } from "../actions/container-actions.ts";
import type { EventContent } from "../ports/event-recorder.ts";
import type { PodView, ProbedContainer } from "./probe-manager.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";
import { type ProbeKind, probeSpec } from "./probe-spec.ts";
import { type FirstProbe, ProbeWorker } from "./probe-worker.ts";
import type { TickSchedule } from "./tick-schedule.ts";

export interface ContainerProbesOptions {
  readonly container: Container;
  /** Of events. */
  readonly fieldPath: string;
  readonly actions: ContainerActions;
  readonly clock: Clock;
  readonly schedule: TickSchedule;
  readonly random: () => number;
  /** Wall time at which this life of the kubelet began. */
  readonly sinceMs: number;
  readonly event: (content: EventContent) => void;
  readonly changed: () => void;
}

/**
 * Upstream hears of a start up to a second late. A failure sooner mostly is that of a server that does not listen yet, and would cost it
 * a whole period, or its life where `failureThreshold` is 1; so a probe that is sooner counts only if it succeeds.
 */
const earlyMs = 1000;

const titles: Readonly<Record<ProbeKind, string>> = {
  startup: "Startup",
  liveness: "Liveness",
  readiness: "Readiness",
};

/**
 * The probes of one container and how they hang together: liveness and readiness wait for startup, a liveness or startup failure
 * holds until there is another instance, and while the pod ends only readiness is still asked for: what has not started by then
 * never does.
 */
export class ContainerProbes {
  readonly #options: ContainerProbesOptions;
  readonly #startup: ProbeWorker | undefined;
  readonly #liveness: ProbeWorker | undefined;
  readonly #readiness: ProbeWorker | undefined;
  #instance: ProbedContainer | undefined;
  #address: string | undefined;
  #ending = false;

  constructor(options: ContainerProbesOptions) {
    this.#options = options;
    const { startupProbe, livenessProbe, readinessProbe } = options.container;
    const worker = (kind: ProbeKind, probe: Container["startupProbe"]) =>
      probe &&
      new ProbeWorker({
        ...options,
        spec: probeSpec(kind, probe),
        probed: (outcome) => this.#tell(kind, outcome),
        changed: () => this.#changed(),
      });
    this.#startup = worker("startup", startupProbe);
    this.#liveness = worker("liveness", livenessProbe);
    this.#readiness = worker("readiness", readinessProbe);
  }

  get name(): string {
    return this.#options.container.name;
  }

  get workers(): readonly ProbeWorker[] {
    return [this.#startup, this.#liveness, this.#readiness].filter((worker) => worker !== undefined);
  }

  isStarted(id: string): boolean {
    return this.#startup === undefined || (this.#instance?.id === id && this.#startup.result === "success");
  }

  isReady(id: string): boolean {
    if (!this.isStarted(id)) return false;
    return this.#readiness === undefined || (this.#instance?.id === id && this.#readiness.result === "success");
  }

  failure(id: string): "liveness" | "startup" | undefined {
    if (this.#instance?.id !== id || this.#ending) return undefined;
    if (this.#liveness?.result === "failure") return "liveness";
    return this.#startup?.result === "failure" ? "startup" : undefined;
  }

  observe(view: PodView): void {
    const instance = view.running(this.name);
    this.#address = view.address;
    if (instance?.id !== this.#instance?.id) {
      const published = instance?.published;
      this.#startup?.reset(published?.started === true ? "success" : "unknown");
      this.#liveness?.reset("success");
      this.#readiness?.reset(published?.ready === true ? "success" : "failure");
      this.#ending = false;
    }
    this.#instance = instance;
    if (view.ending) this.#ending = true;
    this.#arrange();
  }

  stop(): void {
    for (const worker of this.workers) worker.stop();
  }

  #arrange(): void {
    const instance = this.#instance;
    const started = instance !== undefined && this.isStarted(instance.id);
    const lives = !this.#ending && this.failure(instance?.id ?? "") === undefined;
    this.#probeIf(this.#startup, lives && !started);
    this.#probeIf(this.#liveness, lives && started);
    this.#probeIf(this.#readiness, started);
  }

  #probeIf(worker: ProbeWorker | undefined, wanted: boolean): void {
    const instance = this.#instance;
    if (worker === undefined) return;
    if (wanted && instance !== undefined) {
      const { container } = this.#options;
      const subject = { container, containerId: instance.id, address: this.#address };
      worker.start(subject, () => this.#firstProbe(worker, instance));
    } else worker.stop();
  }

  #firstProbe({ spec }: ProbeWorker, { startedAtMs }: ProbedContainer): FirstProbe {
    const { clock, sinceMs, random } = this.#options;
    // What runs since an earlier life of the kubelet would otherwise be probed all in one moment.
    const jitterMs = startedAtMs < sinceMs ? random() * spec.periodMs : 0;
    // A start that lies ahead, because the wall clock was set back since, is one of now.
    const ranMs = Math.max(0, clock.now() - startedAtMs);
    const countsMs = Math.max(spec.initialDelayMs, earlyMs) - ranMs;
    const delayMs = Math.max(countsMs, jitterMs, 0);
    // Nobody waits for the first success of a liveness probe.
    const atOnce = spec.initialDelayMs === 0 && jitterMs === 0 && spec.kind !== "liveness";
    return { delayMs, atOnce: atOnce && delayMs > 0 };
  }

  #changed(): void {
    this.#arrange();
    this.#options.changed();
  }

  #tell(kind: ProbeKind, outcome: ProbeOutcome): void {
    if (outcome.kind === "success") return;
    const { event, fieldPath } = this.#options;
    const words = {
      warning: "probe warning",
      failure: "probe failed",
      error: "probe errored and resulted in unknown state",
    }[outcome.kind];
    const reason = outcome.kind === "warning" ? "ProbeWarning" : "Unhealthy";
    event({ type: "Warning", reason, message: `${titles[kind]} ${words}: ${outcome.message}`, fieldPath });
  }
}
