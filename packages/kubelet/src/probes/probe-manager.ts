import type { Pod } from "@wherry/kubernetes";
import type { EventContent } from "../ports/event-recorder.ts";
import type { Distribution } from "../server/metrics/distribution.ts";
import type { ProbeKind } from "./probe-spec.ts";
import type { ProbeResult } from "./probe-worker.ts";

/** An instance that runs. */
export interface ProbedContainer {
  /** The runtime's ID. */
  readonly id: string;
  readonly startedAtMs: number;
  /** What was published of this very instance, so that a restart of the kubelet does not take readiness away (KEP-4781). */
  readonly published?: { readonly started: boolean; readonly ready: boolean } | undefined;
}

/** A pod as its probes need to see it. */
export interface PodView {
  /** Address that handlers without a host go to; undefined while there is none. */
  readonly address: string | undefined;
  /** The pod is to end. */
  readonly ending: boolean;
  /** The newest instance of a container if it runs. */
  readonly running: (container: string) => ProbedContainer | undefined;
}

/** The probes of one pod. */
export interface PodProbes {
  /** Takes in how things are; to be called after each change. Cheap. */
  update(view: PodView): void;
  /** Whether the startup gate of a running instance is open. */
  isStarted(container: string, id: string): boolean;
  /** Whether a running instance is ready, as far as probes decide it. */
  isReady(container: string, id: string): boolean;
  /** The probe for the sake of which a running instance has to be killed. */
  failure(container: string, id: string): "liveness" | "startup" | undefined;
  /** Stops all probes of the pod for good. */
  close(): void;
}

/** Whom the probes of a pod tell what they find. */
export interface PodProbesListener {
  readonly event: (content: EventContent) => void;
  /** Something that `isStarted`, `isReady` or `failure` answer has changed. */
  readonly changed: () => void;
}

/** Probes of one container and kind, for metrics. */
export interface ProbeSeries {
  readonly pod: Pod;
  readonly container: string;
  readonly kind: ProbeKind;
  /** By what came of them. */
  readonly counts: Readonly<Record<ProbeResult, number>>;
  /** How long those took that did not fail. */
  readonly seconds: Distribution;
}

/** Probes the containers of a node's pods. */
export interface ProbeManager {
  /** Begins to look after a pod; nothing is probed before the first `update`. */
  open(pod: Pod, listener: PodProbesListener): PodProbes;
  /** Of the pods that are open now. */
  series(): Iterable<ProbeSeries>;
  /** Stops all probes when `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}
