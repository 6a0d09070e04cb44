import { Backoff, type Clock, type Logger } from "@wherry/base";
import {
  type ControllerRevision,
  type DaemonSet,
  type DaemonSetStatus,
  isEmptySelector,
  isPodReady,
  isPodTerminal,
  type Node,
  type Pod,
  scaledIntOrPercent,
} from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { controllerRevisions } from "../../resources/apps/controller-revisions.ts";
import { daemonSets, templateGenerationAnnotation } from "../../resources/apps/daemon-sets.ts";
import { nodes } from "../../resources/nodes.ts";
import { pods } from "../../resources/pods.ts";
import { type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import type { Store } from "../../storage/store.ts";
import type { StoredRecord } from "../../storage/stored-record.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { type Controller, type ControllerWatch, shortestWait } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { PodControl } from "../kit/pod-control.ts";
import { isAvailable, nextAvailableInMs } from "../kit/pod-state.ts";
import { keepHistory, revisionHashLabel, trimHistory } from "../kit/revision-history.ts";
import { nodeOfDaemonPod, type Placement, pinToNode, placementOn } from "./daemon-placement.ts";
import { type DaemonNode, stepDaemonUpdate } from "./daemon-update.ts";

const failureBackoff = { initialMs: 1000, maxMs: 15 * 60_000 };

/** How long ended pods of a daemon on a node are left alone. */
interface NodeBackoff {
  readonly backoff: Backoff;
  untilMs: number;
}

function hashOf({ metadata }: { metadata?: { labels?: Record<string, string> | undefined } | undefined }): string {
  return metadata?.labels?.[revisionHashLabel] ?? "";
}

function byAge(left: Pod, right: Pod): number {
  return Date.parse(left.metadata?.creationTimestamp ?? "") - Date.parse(right.metadata?.creationTimestamp ?? "");
}

/** Keeps a pod of each DaemonSet on every node that it fits, and rolls those pods to its template. */
export class DaemonSetController implements Controller {
  readonly name = "daemonset";
  readonly definition: ResourceDefinition = daemonSets;
  readonly owned: readonly ResourceDefinition[] = [pods];
  readonly watches: readonly ControllerWatch[] = [{ definition: nodes, keysOf: (record) => this.#allOnNewsOf(record) }];
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #sets: Objects<DaemonSet>;
  readonly #nodes: Objects<Node>;
  readonly #revisions: Objects<ControllerRevision>;
  readonly #events: EventWriter;
  readonly #pods: PodControl;
  /** By key of the daemon set, then by node. */
  readonly #backoffs: Map<string, Map<string, NodeBackoff>> = new Map();

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#store = services.store;
    this.#sets = new Objects(services, daemonSets);
    this.#nodes = new Objects(services, nodes);
    this.#revisions = new Objects(services, controllerRevisions);
    this.#events = new EventWriter(services, "daemonset-controller", logger);
    this.#pods = new PodControl(services, this.#events);
  }

  /** All daemon sets when a node changes in what places pods; heartbeats do not. */
  #allOnNewsOf({ operation, object, previous }: StoredRecord): string[] {
    const name = storageName(daemonSets);
    if (this.#store.count(name) === 0) return [];
    const relevant = (node: ApiObject) => JSON.stringify([node.metadata.labels, (node as Node).spec]);
    const isHeartbeat =
      operation === "update" && previous !== undefined && relevant(object) === relevant(previous.object);
    return isHeartbeat ? [] : this.#store.list(name).map(({ key }) => key);
  }

  sync(key: string): number | undefined {
    const set = this.#sets.get(key);
    if (set === undefined) {
      this.#backoffs.delete(key);
      return undefined;
    }
    const { spec, metadata, status } = set;
    if (spec === undefined || isEmptySelector(spec.selector) || metadata.deletionTimestamp !== undefined) {
      return undefined;
    }
    const history = keepHistory(this.#revisions, set, revisionHashLabel, (collisionCount) => {
      this.#sets.writeStatus(set, { ...status, collisionCount });
    });
    const hash = hashOf(history.current);
    this.#pods.objects.claim(set, spec.selector);
    const placements = new Map(
      this.#nodes.list().map((node) => [node.metadata.name ?? "", placementOn(spec.template, node)]),
    );
    const nowMs = this.#clock.now();
    const waits: (number | undefined)[] = [];
    try {
      waits.push(this.#manage(key, set, hash, placements));
      if (spec.updateStrategy?.type === "RollingUpdate") this.#roll(set, hash, placements);
    } finally {
      const owned = this.#pods.objects.controlledBy(set);
      const isOf = (pod: Pod, revision: ControllerRevision) => hashOf(pod) === hashOf(revision);
      trimHistory(this.#revisions, set, history.old, isOf, owned);
      this.#sets.writeStatus(set, statusOf(set, owned, placements, hash, nowMs));
      waits.push(nextAvailableInMs(owned, spec.minReadySeconds ?? 0, nowMs));
    }
    return shortestWait(waits);
  }

  /** Gives nodes the pods they lack and takes away those they should not have; gives when to look at ended ones again. */
  #manage(
    key: string,
    set: Stored<DaemonSet>,
    hash: string,
    placements: ReadonlyMap<string, Placement>,
  ): number | undefined {
    const mayHaveTwo = this.#bounds(set, placements).maxSurge > 0;
    const byNode = podsByNode(this.#pods.objects.controlledBy(set));
    const waits: number[] = [];
    for (const [name, present] of byNode) {
      const live = present.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      if (placements.get(name)?.mayStay !== true) {
        for (const pod of live) this.#pods.delete(set, pod);
        continue;
      }
      const ended = live.filter(isPodTerminal);
      const running = live.filter((pod) => !isPodTerminal(pod)).sort(byAge);
      for (const pod of ended) waits.push(...this.#replaceEnded(key, set, name, pod));
      const groups = mayHaveTwo
        ? [running.filter((pod) => hashOf(pod) === hash), running.filter((pod) => hashOf(pod) !== hash)]
        : [running];
      for (const group of groups) for (const pod of group.slice(1)) this.#pods.delete(set, pod);
    }
    for (const [name, { shouldRun }] of placements) {
      if (shouldRun && !byNode.has(name)) this.#create(set, hash, name);
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Deletes a pod that has ended, so that its node gets another, ever more slowly; gives the wait if it must. */
  #replaceEnded(key: string, set: Stored<DaemonSet>, nodeName: string, pod: Pod): number[] {
    const nowMs = this.#clock.now();
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
    this.#events.write(set, {
      type: hasFailed ? "Warning" : "Normal",
      reason: hasFailed ? "FailedDaemonPod" : "SucceededDaemonPod",
      message: hasFailed
        ? `Found failed daemon pod ${name} on node ${nodeName}, will try to kill it`
        : `Found succeeded daemon pod ${name} on node ${nodeName}, will try to delete it`,
    });
    this.#pods.delete(set, pod);
    return [];
  }

  #create(set: Stored<DaemonSet>, hash: string, nodeName: string): void {
    const template = set.spec?.template;
    if (template === undefined) return;
    this.#pods.create(set, template, {
      metadata: {
        labels: {
          [revisionHashLabel]: hash,
          "pod-template-generation": set.metadata.annotations?.[templateGenerationAnnotation] ?? "1",
        },
      },
      adjust: (spec) => pinToNode(spec, nodeName),
    });
  }

  #bounds(
    set: Stored<DaemonSet>,
    placements: ReadonlyMap<string, Placement>,
  ): { maxUnavailable: number; maxSurge: number } {
    const { rollingUpdate } = set.spec?.updateStrategy ?? {};
    const desired = [...placements.values()].filter(({ shouldRun }) => shouldRun).length;
    const maxSurge = scaledIntOrPercent(rollingUpdate?.maxSurge, desired, "up");
    const maxUnavailable = scaledIntOrPercent(rollingUpdate?.maxUnavailable, desired, "up");
    // Shares of few nodes must not stand for none at all.
    return { maxSurge, maxUnavailable: maxSurge === 0 ? Math.max(1, maxUnavailable) : maxUnavailable };
  }

  #roll(set: Stored<DaemonSet>, hash: string, placements: ReadonlyMap<string, Placement>): void {
    const byNode = podsByNode(this.#pods.objects.controlledBy(set));
    const daemonNodes: DaemonNode[] = [...placements]
      .filter(([, { shouldRun }]) => shouldRun)
      .map(([name]) => ({ name, pods: (byNode.get(name) ?? []).filter((pod) => !isPodTerminal(pod)) }));
    const minReadySeconds = set.spec?.minReadySeconds ?? 0;
    const nowMs = this.#clock.now();
    const { remove, surge } = stepDaemonUpdate(daemonNodes, {
      ...this.#bounds(set, placements),
      isUpdated: (pod) => hashOf(pod) === hash,
      isAvailable: (pod) => isAvailable(pod, minReadySeconds, nowMs),
    });
    for (const pod of remove) this.#pods.delete(set, pod);
    for (const name of surge) this.#create(set, hash, name);
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
