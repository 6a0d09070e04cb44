import { Backoff, type Logger } from "@wherry/base";
import {
  type ControllerRevision,
  type DaemonSet,
  type DaemonSetStatus,
  isPodReady,
  isPodTerminal,
  type Node,
  type Pod,
} from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { daemonSets } from "../../resources/apps/daemon-sets.ts";
import { nodes } from "../../resources/nodes.ts";
import { pods } from "../../resources/pods.ts";
import { storageName } from "../../resources/resource-definition.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import { scaledValue } from "../../validation/int-or-percent.ts";
import { isEmptySelector } from "../../validation/label-selector.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { runController, shortestWait } from "../kit/controller.ts";
import { claimObjects, controllerOf, ownersOf } from "../kit/ownership.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isAvailable, nextAvailableInMs } from "../kit/pod-state.ts";
import { keepHistory, revisionHashLabel, trimHistory } from "../kit/revision-history.ts";
import { writeStatus } from "../kit/status-writer.ts";
import { nodeOfDaemonPod, type Placement, pinToNode, placementOn } from "./daemon-placement.ts";
import { type DaemonNode, stepDaemonUpdate } from "./daemon-update.ts";

const failureBackoff = { initialMs: 1000, maxMs: 15 * 60_000 };

/** How long ended pods of a daemon on a node are left alone. */
interface NodeBackoff {
  readonly backoff: Backoff;
  untilMs: number;
}

const asDaemonSet = (object: ApiObject): DaemonSet => object as unknown as DaemonSet;

function hashOf({ metadata }: { metadata?: { labels?: Record<string, string> | undefined } | undefined }): string {
  return metadata?.labels?.[revisionHashLabel] ?? "";
}

function byAge(left: Pod, right: Pod): number {
  return Date.parse(left.metadata?.creationTimestamp ?? "") - Date.parse(right.metadata?.creationTimestamp ?? "");
}

/** Keeps a pod of each DaemonSet on every node that it fits, and rolls those pods to its template. */
export class DaemonSetController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;
  readonly #pods: PodControl;
  /** By key of the daemon set, then by node. */
  readonly #backoffs: Map<string, Map<string, NodeBackoff>> = new Map();

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, "daemonset-controller", logger);
    this.#pods = new PodControl(services, this.#events);
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "daemonset",
        services: this.#services,
        logger: this.#logger,
        definition: daemonSets,
        watches: [
          { definition: pods, keysOf: (record) => ownersOf(this.#services, daemonSets, record) },
          { definition: nodes, keysOf: (record) => this.#allOnNewsOf(record) },
        ],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  /** All daemon sets when a node changes in what places pods; heartbeats do not. */
  #allOnNewsOf({ operation, object, previous }: StoredRecord): string[] {
    const { store } = this.#services;
    const name = storageName(daemonSets);
    if (store.count(name) === 0) return [];
    const relevant = (node: ApiObject) => JSON.stringify([node.metadata.labels, (node as Node).spec]);
    const isHeartbeat =
      operation === "update" && previous !== undefined && relevant(object) === relevant(previous.object);
    return isHeartbeat ? [] : store.list(name).map(({ key }) => key);
  }

  #sync(key: string): number | undefined {
    const object = this.#services.store.get(storageName(daemonSets), key)?.object;
    if (object === undefined) {
      this.#backoffs.delete(key);
      return undefined;
    }
    const { spec, metadata } = asDaemonSet(object);
    if (spec === undefined || isEmptySelector(spec.selector) || metadata?.deletionTimestamp !== undefined) {
      return undefined;
    }
    const history = keepHistory(this.#services, object, revisionHashLabel, (collisionCount) => {
      writeStatus(this.#services, daemonSets, object, { ...asDaemonSet(object).status, collisionCount });
    });
    const hash = hashOf(history.current);
    claimObjects(this.#services, pods, object, spec.selector);
    const allNodes = this.#services.store.list(storageName(nodes)).map((record) => record.object as Node);
    const placements = new Map(allNodes.map((node) => [node.metadata?.name ?? "", placementOn(spec.template, node)]));
    const nowMs = this.#services.clock.now();
    const waits: (number | undefined)[] = [];
    try {
      waits.push(this.#manage(key, object, hash, placements));
      if (spec.updateStrategy?.type === "RollingUpdate") this.#roll(object, hash, placements);
    } finally {
      const owned = this.#owned(object);
      const isOf = (pod: Pod, revision: ControllerRevision) => hashOf(pod) === hashOf(revision);
      trimHistory(this.#services, object, history.old, isOf, owned);
      writeStatus(this.#services, daemonSets, object, statusOf(asDaemonSet(object), owned, placements, hash, nowMs));
      waits.push(nextAvailableInMs(owned, spec.minReadySeconds ?? 0, nowMs));
    }
    return shortestWait(waits);
  }

  #owned(object: ApiObject): Pod[] {
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .filter((record) => controllerOf(record.object.metadata)?.uid === object.metadata.uid)
      .map((record) => record.object as Pod);
  }

  /** Gives nodes the pods they lack and takes away those they should not have; gives when to look at ended ones again. */
  #manage(
    key: string,
    object: ApiObject,
    hash: string,
    placements: ReadonlyMap<string, Placement>,
  ): number | undefined {
    const mayHaveTwo = this.#bounds(object, placements).maxSurge > 0;
    const byNode = podsByNode(this.#owned(object));
    const waits: number[] = [];
    for (const [name, present] of byNode) {
      const live = present.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      if (placements.get(name)?.mayStay !== true) {
        for (const pod of live) this.#pods.delete(object, pod as ApiObject);
        continue;
      }
      const ended = live.filter(isPodTerminal);
      const running = live.filter((pod) => !isPodTerminal(pod)).sort(byAge);
      for (const pod of ended) waits.push(...this.#replaceEnded(key, object, name, pod));
      const groups = mayHaveTwo
        ? [running.filter((pod) => hashOf(pod) === hash), running.filter((pod) => hashOf(pod) !== hash)]
        : [running];
      for (const group of groups) for (const pod of group.slice(1)) this.#pods.delete(object, pod as ApiObject);
    }
    for (const [name, { shouldRun }] of placements) {
      if (shouldRun && !byNode.has(name)) this.#create(object, hash, name);
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Deletes a pod that has ended, so that its node gets another, ever more slowly; gives the wait if it must. */
  #replaceEnded(key: string, object: ApiObject, nodeName: string, pod: Pod): number[] {
    const nowMs = this.#services.clock.now();
    let known = this.#backoffs.get(key);
    if (known === undefined) {
      known = new Map();
      this.#backoffs.set(key, known);
    }
    let entry = known.get(nodeName);
    // Whoever has run well for long begins anew.
    if (entry === undefined || nowMs - entry.untilMs > 2 * failureBackoff.maxMs) {
      entry = { backoff: new Backoff(failureBackoff), untilMs: 0 };
    }
    known.set(nodeName, entry);
    if (entry.untilMs > nowMs) return [entry.untilMs - nowMs];
    entry.untilMs = nowMs + entry.backoff.next();
    const hasFailed = pod.status?.phase === "Failed";
    const name = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    this.#events.write(object, {
      type: hasFailed ? "Warning" : "Normal",
      reason: hasFailed ? "FailedDaemonPod" : "SucceededDaemonPod",
      action: "",
      message: hasFailed
        ? `Found failed daemon pod ${name} on node ${nodeName}, will try to kill it`
        : `Found succeeded daemon pod ${name} on node ${nodeName}, will try to delete it`,
    });
    this.#pods.delete(object, pod as ApiObject);
    return [];
  }

  #create(object: ApiObject, hash: string, nodeName: string): void {
    const template = asDaemonSet(object).spec?.template;
    if (template === undefined) return;
    this.#pods.create(object, template, {
      metadata: { labels: { [revisionHashLabel]: hash } },
      adjust: (spec) => pinToNode(spec, nodeName),
    });
  }

  #bounds(object: ApiObject, placements: ReadonlyMap<string, Placement>): { maxUnavailable: number; maxSurge: number } {
    const { rollingUpdate } = asDaemonSet(object).spec?.updateStrategy ?? {};
    const desired = [...placements.values()].filter(({ shouldRun }) => shouldRun).length;
    const maxSurge = scaledValue(rollingUpdate?.maxSurge, desired, "up");
    const maxUnavailable = scaledValue(rollingUpdate?.maxUnavailable, desired, "up");
    // Shares of few nodes must not stand for none at all.
    return { maxSurge, maxUnavailable: maxSurge === 0 ? Math.max(1, maxUnavailable) : maxUnavailable };
  }

  #roll(object: ApiObject, hash: string, placements: ReadonlyMap<string, Placement>): void {
    const byNode = podsByNode(this.#owned(object));
    const daemonNodes: DaemonNode[] = [...placements]
      .filter(([, { shouldRun }]) => shouldRun)
      .map(([name]) => ({ name, pods: (byNode.get(name) ?? []).filter((pod) => !isPodTerminal(pod)) }));
    const minReadySeconds = asDaemonSet(object).spec?.minReadySeconds ?? 0;
    const nowMs = this.#services.clock.now();
    const { remove, surge } = stepDaemonUpdate(daemonNodes, {
      ...this.#bounds(object, placements),
      isUpdated: (pod) => hashOf(pod) === hash,
      isAvailable: (pod) => isAvailable(pod, minReadySeconds, nowMs),
    });
    for (const pod of remove) this.#pods.delete(object, pod as ApiObject);
    for (const name of surge) this.#create(object, hash, name);
  }
}

function podsByNode(owned: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of owned) {
    const name = nodeOfDaemonPod(pod);
    byNode.set(name, [...(byNode.get(name) ?? []), pod]);
  }
  return byNode;
}

/** What a DaemonSet with these pods reports; a node with several counts by the oldest. */
function statusOf(
  { metadata, spec, status }: DaemonSet,
  owned: readonly Pod[],
  placements: ReadonlyMap<string, Placement>,
  hash: string,
  nowMs: number,
): DaemonSetStatus {
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
  const byNode = podsByNode(owned);
  for (const [name, { shouldRun }] of placements) {
    const [pod] = (byNode.get(name) ?? []).sort(byAge);
    if (shouldRun) counts.desired++;
    if (pod === undefined) continue;
    if (!shouldRun) {
      counts.misscheduled++;
      continue;
    }
    counts.current++;
    if (isPodReady(pod)) counts.ready++;
    if (isAvailable(pod, spec?.minReadySeconds ?? 0, nowMs)) counts.available++;
    if (hashOf(pod) === hash) counts.updated++;
  }
  return {
    observedGeneration: metadata?.generation,
    desiredNumberScheduled: counts.desired,
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    numberReady: counts.ready,
    updatedNumberScheduled: counts.updated,
    numberAvailable: counts.available,
    numberUnavailable: counts.desired - counts.available,
    collisionCount: status?.collisionCount,
    conditions: status?.conditions,
  };
}
