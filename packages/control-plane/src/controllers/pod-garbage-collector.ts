import type { Logger } from "@wherry/base";
import { isPodTerminal, type Pod, type PodCondition } from "@wherry/kubernetes";
import type { ApiObject } from "../resources/api-object.ts";
import { nodes } from "../resources/nodes.ts";
import { pods } from "../resources/pods.ts";
import { storageName } from "../resources/resource-definition.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import { timestamp, type VerbServices } from "../verbs/verb-services.ts";
import { changeObject, targetOf } from "./kit/change-object.ts";
import { runController } from "./kit/controller.ts";

/** How long a node may be gone before its pods are given up: a kubelet may register it anew. */
const quarantineMs = 40_000;

/** Removes the pods of nodes that no longer exist, which no kubelet will ever report or end. */
export class PodGarbageCollector {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  /** When each node with pods was first seen to be missing. */
  readonly #missingSince: Map<string, number> = new Map();

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "pod garbage collector",
        services: this.#services,
        logger: this.#logger,
        definition: nodes,
        watches: [{ definition: pods, keysOf: (record) => this.#missingNodeOf(record) }],
        initialKeys: () =>
          this.#services.store.list(storageName(pods)).flatMap((record) => this.#missingNodeOf(record)),
        sync: (name) => this.#sync(name),
      },
      signal,
    );
  }

  #missingNodeOf({ object }: StoredRecord): string[] {
    const name = (object as Pod).spec?.nodeName;
    return name && this.#services.store.get(storageName(nodes), name) === undefined ? [name] : [];
  }

  #sync(nodeName: string): number | undefined {
    const { store, clock } = this.#services;
    const isThere = store.get(storageName(nodes), nodeName) !== undefined;
    const orphans = isThere
      ? []
      : store
          .list(storageName(pods))
          .map((record) => record.object)
          .filter((pod) => (pod as Pod).spec?.nodeName === nodeName);
    if (orphans.length === 0) {
      this.#missingSince.delete(nodeName);
      return undefined;
    }
    const since = this.#missingSince.get(nodeName) ?? clock.now();
    this.#missingSince.set(nodeName, since);
    const leftMs = since + quarantineMs - clock.now();
    if (leftMs > 0) return leftMs;
    for (const pod of orphans) this.#remove(pod);
    return undefined;
  }

  #remove(pod: ApiObject): void {
    if (!isPodTerminal(pod as Pod)) this.#markFailed(pod);
    deleteObject(this.#services, targetOf(pods, pod), {
      gracePeriodSeconds: 0,
      preconditions: { uid: pod.metadata.uid },
    });
  }

  #markFailed(pod: ApiObject): void {
    const condition: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
      lastTransitionTime: timestamp(this.#services.clock),
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
    changeObject(this.#services, pods, pod, (copy) => {
      const { status } = copy as Pod;
      const others = (status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      copy["status"] = { ...status, phase: "Failed", conditions: [...others, condition] };
    });
  }
}
