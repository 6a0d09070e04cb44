import { aborted, errorMessage, type Logger } from "@wherry/base";
import type { Node, Pod, PodCondition, PodSpec } from "@wherry/kubernetes";
import { EventWriter } from "../controllers/event-writer.ts";
import { ApiError } from "../errors.ts";
import type { ApiObject } from "../resources/api-object.ts";
import { pods } from "../resources/pods.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import { bindPod } from "../verbs/bind-pod.ts";
import { writeUpdate } from "../verbs/update-object.ts";
import { type ObjectTarget, shallowCopy, timestamp, type VerbServices } from "../verbs/verb-services.ts";
import { findMismatches, freeShare, unschedulableMessage } from "./filters.ts";
import { type NodeEntry, NodeLedger } from "./node-ledger.ts";
import { podRequests } from "./pod-requests.ts";

const schedulerName = "default-scheduler";

/**
 * Assigns pending pods to nodes, in process and driven by events: a pod is bound in the turn of the event loop in which it
 * was created. Pods that fit nowhere are tried again when a node or the room on one changes.
 */
export class Scheduler {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;
  readonly #ledger: NodeLedger = new NodeLedger();
  /** Keys of pods to try, in the order of their creation. */
  readonly #active: Set<string> = new Set();
  readonly #unschedulable: Set<string> = new Set();
  #isFlushing = false;
  #isRunning = false;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, schedulerName, logger);
  }

  /** Schedules until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { store } = this.#services;
    this.#isRunning = true;
    for (const record of store.list("nodes")) this.#nodeChanged(record);
    for (const record of store.list("pods")) this.#podChanged(record);
    const stopNodes = store.subscribe("nodes", (record) => this.#nodeChanged(record));
    const stopPods = store.subscribe("pods", (record) => this.#podChanged(record));
    await aborted(signal);
    this.#isRunning = false;
    stopNodes();
    stopPods();
  }

  #nodeChanged(record: StoredRecord): void {
    if (record.operation === "delete") this.#ledger.removeNode(record.key);
    else this.#ledger.setNode(record.key, record.object as Node);
    if (record.operation !== "delete" && isWorthRetrying(record)) this.#retryAll();
  }

  #podChanged(record: StoredRecord): void {
    const { key } = record;
    const pod = record.object as Pod;
    if (record.operation === "delete") {
      this.#active.delete(key);
      this.#unschedulable.delete(key);
      this.#ledger.removePod(key);
      this.#retryAll();
      return;
    }
    if (this.#ledger.setPod(key, pod)) this.#retryAll();
    if (!isPending(pod)) {
      this.#active.delete(key);
      this.#unschedulable.delete(key);
      return;
    }
    // Our own note that the pod does not fit is no reason to try again.
    if (this.#unschedulable.has(key) && !hasNewSpec(record)) return;
    this.#unschedulable.delete(key);
    this.#active.add(key);
    this.#scheduleFlush();
  }

  #retryAll(): void {
    if (this.#unschedulable.size === 0) return;
    for (const key of this.#unschedulable) this.#active.add(key);
    this.#unschedulable.clear();
    this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      if (!this.#isRunning) return;
      for (const key of this.#active) {
        this.#active.delete(key);
        this.#try(key);
      }
    });
  }

  #try(key: string): void {
    const object = this.#services.store.get("pods", key)?.object;
    const pod = object as Pod | undefined;
    if (object === undefined || pod?.spec === undefined || !isPending(pod)) return;
    const { metadata } = object;
    const target: ObjectTarget = { definition: pods, namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
    try {
      const choice = this.#choose(pod, pod.spec);
      if (typeof choice === "string") this.#reject(key, object, target, choice);
      else this.#bind(object, target, choice);
    } catch (error) {
      if (error instanceof ApiError && error.httpCode < 500) {
        this.#logger.debug("Pod changed while it was scheduled", { pod: key, error: error.message });
      } else this.#logger.error("Cannot schedule pod", { pod: key, error: errorMessage(error) });
    }
  }

  /** The node with most room left, or why there is none. */
  #choose(pod: Pod, spec: PodSpec): NodeEntry | string {
    const requests = podRequests(spec);
    const entries = this.#ledger.entries;
    const mismatches: (readonly string[])[] = [];
    let best: NodeEntry | undefined;
    let bestShare = -1;
    for (const entry of entries) {
      const reasons = findMismatches(pod, requests, entry);
      if (reasons.length > 0) {
        mismatches.push(reasons);
        continue;
      }
      const share = freeShare(requests, entry);
      const isFewer = best !== undefined && share === bestShare && entry.pods.size < best.pods.size;
      if (share > bestShare || isFewer) {
        best = entry;
        bestShare = share;
      }
    }
    return best ?? unschedulableMessage(entries.length, mismatches);
  }

  #bind(object: ApiObject, target: ObjectTarget, { node }: NodeEntry): void {
    const nodeName = node.metadata?.name ?? "";
    const { namespace, name } = target;
    bindPod(this.#services, target, { metadata: { name, namespace }, target: { kind: "Node", name: nodeName } });
    this.#events.write(object, {
      type: "Normal",
      reason: "Scheduled",
      action: "Binding",
      message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    });
  }

  #reject(key: string, object: ApiObject, target: ObjectTarget, message: string): void {
    this.#unschedulable.add(key);
    const status = (object as Pod).status;
    const before = status?.conditions?.find((condition) => condition.type === "PodScheduled");
    if (before?.reason === "Unschedulable" && before.message === message) return;
    const { generation } = object.metadata;
    const condition: PodCondition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: before?.status === "False" ? before.lastTransitionTime : timestamp(this.#services.clock),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    const pod = shallowCopy(object);
    const others = (status?.conditions ?? []).filter((item) => item.type !== "PodScheduled");
    pod["status"] = { ...status, conditions: [...others, condition] };
    writeUpdate(this.#services, target, pod, {});
    this.#events.write(object, { type: "Warning", reason: "FailedScheduling", action: "Scheduling", message });
  }
}

function isPending(pod: Pod): boolean {
  return (
    !pod.spec?.nodeName &&
    pod.spec?.schedulerName === schedulerName &&
    (pod.spec.schedulingGates?.length ?? 0) === 0 &&
    pod.metadata?.deletionTimestamp === undefined &&
    !isOver(pod)
  );
}

function isOver(pod: Pod | undefined): boolean {
  return pod?.status?.phase === "Succeeded" || pod?.status?.phase === "Failed";
}

/** A pod's generation counts changes of its spec. */
function hasNewSpec(record: StoredRecord): boolean {
  return record.previous?.object.metadata.generation !== record.object.metadata.generation;
}

/** Whether a node's change may let a pod fit: anything but a heartbeat. */
function isWorthRetrying(record: StoredRecord): boolean {
  const node = record.object as Node;
  const before = record.previous?.object as Node | undefined;
  if (before === undefined) return true;
  const relevant = ({ spec, metadata, status }: Node) => {
    const { allocatable, declaredFeatures } = status ?? {};
    return JSON.stringify([spec?.unschedulable, spec?.taints, metadata?.labels, allocatable, declaredFeatures]);
  };
  return relevant(node) !== relevant(before);
}
