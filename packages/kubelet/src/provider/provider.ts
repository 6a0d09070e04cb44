import type { Pod } from "@wherry/kubernetes";
import type { EdgeTable, MachineDefinition, StateName } from "@wherry/machine";
import type { StreamSession } from "@wherry/runtime";
import type { ContainerLog, LogRefusal } from "../ports/log-source.ts";
import type { MetricsRegistry } from "../server/metrics/metrics-registry.ts";
import type { HealthTerm, NodeDetails } from "./node-details.ts";
import type { PodDescription } from "./pod-description.ts";
import type { PodHandle } from "./pod-handle.ts";

export interface ProviderCallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A pod that the node cannot run; becomes phase `Failed` with this reason, and an event. */
export interface PodRefusal {
  /** CamelCase. */
  readonly reason: string;
  /** As the event has it; the status says "Pod was rejected: " before it, as upstream's does. */
  readonly message: string;
}

/** One container of a pod, for logs, exec and attach. */
export interface ContainerTarget {
  readonly podUid: string;
  readonly container: string;
}

/**
 * What runs the pods of a node, with full freedom over their life.
 *
 * It supplies the state machine that every pod walks through, the context its states share, and what the node says about itself.
 * The kubelet gives the rest: it watches pods, admits them, runs one machine for each, writes statuses and events, and deletes
 * the object at the end.
 *
 * Restarts: the kubelet may die at any instruction. A new one starts a fresh machine for each pod it finds, so the first states
 * must look at what already exists and go on from there. Pods that are to end, or whose published phase is terminal, start in
 * `stopping` instead.
 *
 * Failures: what a provider throws ends neither the kubelet nor another pod, `run` and `ready` excepted. A state that fails is tried
 * again with back-off, and so is the whole machine after a terminal error, an edge there is not, or a `createContext` or `status` that
 * throws. Users see each as a Warning `FailedSync` with the error's words, unless a Warning of its own was recorded in the same try.
 *
 * Ownership: the kubelet owns handles and objects, the provider owns contexts and whatever runs.
 */
export interface Provider<E extends EdgeTable, Context> {
  /** For logs, e.g. `standard`. */
  readonly name: string;
  /**
   * The machine of a pod. Its ends mean that nothing of the pod runs; what logs need may be kept until `removePod`.
   *
   * A state's `next` must settle when its signal aborts: until it does, the pod cannot be deleted and the kubelet cannot end.
   */
  readonly machine: MachineDefinition<E, Context, PodDescription>;
  /**
   * State that ends a pod. The kubelet interrupts to it when the pod is deleted, evicted or over its deadline, so every state in
   * which a pod lives needs an edge to it. It must be safe to enter without any other state before it.
   */
  readonly stopping: StateName<E>;

  /** Facts for the Node object. May block; a rejection is retried and keeps the node from registering. */
  nodeDetails(options?: ProviderCallOptions): Promise<NodeDetails>;
  /** Terms of the node's readiness, asked every few seconds. A rejection counts as unhealthy. */
  health?(options?: ProviderCallOptions): Promise<readonly HealthTerm[]>;
  /**
   * Whether the provider can run the pod at all; pure and quick. Asked before anything else, and again after a restart.
   *
   * A refusal is final, a throw is none: the pod stays as it is, its event says why, and the question is put again with back-off until
   * there is an answer or the pod is to end.
   */
  admit?(pod: Pod): PodRefusal | undefined;
  /**
   * Whether the provider gives running containers what `PodHandle.pod` says when that changes, and describes how far that is
   * with `PodResizeInProgress`. Otherwise a resize is shown as infeasible. @default false
   */
  readonly resizesPods?: boolean | undefined;
  /**
   * Told the range of pods' addresses from the Node (`spec.podCIDRs`, with `,` between them), when the Node gets one and before
   * the first pod where it has one already. A retryable rejection is tried again, any is logged.
   */
  podCidrChanged?(podCidr: string): Promise<void>;
  /** Makes the state that the machine's states share. Pure and quick; called once for each machine. */
  createContext(handle: PodHandle): Context;

  /** UIDs of all pods of which anything is left, also of earlier lives of the process. */
  listPods?(options?: ProviderCallOptions): Promise<readonly string[]>;
  /**
   * Removes everything left of a pod whose object is gone, by force where it still runs. Idempotent; retried with back-off until
   * it resolves. Never called while the pod's machine runs.
   */
  removePod?(podUid: string, options?: ProviderCallOptions): Promise<void>;

  /**
   * Log file of the container's latest instance, or with `previous` of the one before. Optional: without it logs are refused.
   *
   * Answers a refusal that `kubectl logs` shows: 404 for a pod or container that the provider does not know, 400 for a container that
   * has not started and where there is no instance before. The kubelet asks only for containers that are in the pod's spec.
   */
  containerLog?(
    target: ContainerTarget,
    options: ProviderCallOptions & { readonly previous: boolean },
  ): Promise<ContainerLog | LogRefusal>;
  /** Logs of all running containers, for rotation. Optional: without it no log is rotated. */
  activeLogs?(): readonly { readonly containerId: string; readonly path: string }[];
  reopenLog?(containerId: string): Promise<void>;
  /** Runs a command in a container and resolves when it ended. Optional: without it exec is refused. */
  exec?(
    target: ContainerTarget,
    command: readonly string[],
    session: StreamSession,
    options: ProviderCallOptions & { readonly tty: boolean },
  ): Promise<void>;
  /** Connects to a container's streams until either side ends. Optional: without it attach is refused. */
  attach?(
    target: ContainerTarget,
    session: StreamSession,
    options: ProviderCallOptions & { readonly tty: boolean },
  ): Promise<void>;

  /** Adds metrics to those that `/metrics` and `/metrics/probes` serve; called once, before `run`. */
  registerMetrics?(metrics: MetricsRegistry, probeMetrics: MetricsRegistry): void;

  /**
   * Whatever the provider does beside single pods, until `signal` aborts. A rejection ends the kubelet, and so does an end before the
   * abort, as nothing would do that work any more: what has to be done only once goes before the wait for the signal.
   */
  run?(signal: AbortSignal): Promise<void>;
  /** Pods start only after this, where there is one; a rejection ends the kubelet. */
  readonly ready?: Promise<void>;
}
