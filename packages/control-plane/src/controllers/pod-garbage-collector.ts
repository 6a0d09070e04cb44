import type { Clock } from "@wherry/base";
import { isPodTerminal, type Node, type Pod, type PodCondition } from "@wherry/kubernetes";
import { nodes } from "../resources/nodes.ts";
import { pods } from "../resources/pods.ts";
import type { ResourceDefinition } from "../resources/resource-definition.ts";
import { timestamp, type VerbServices } from "../verbs/verb-services.ts";
import type { Controller, ControllerWatch } from "./kit/controller.ts";
import { Objects, type Stored } from "./kit/objects.ts";

/** How long a node may be gone before its pods are given up: a kubelet may register it anew. */
const quarantineMs = 40_000;

/** Removes the pods of nodes that no longer exist, which no kubelet will ever report or end. */
export class PodGarbageCollector implements Controller {
  readonly name = "pod garbage collector";
  readonly definition: ResourceDefinition = nodes;
  readonly watches: readonly ControllerWatch[] = [
    { definition: pods, keysOf: ({ object }) => this.#missingNodeOf(object as Pod) },
  ];
  readonly #clock: Clock;
  readonly #nodes: Objects<Node>;
  readonly #pods: Objects<Pod>;
  /** When each node with pods was first seen to be missing. */
  readonly #missingSince: Map<string, number> = new Map();

  constructor(services: VerbServices) {
    this.#clock = services.clock;
    this.#nodes = new Objects(services, nodes);
    this.#pods = new Objects(services, pods);
  }

  begin(): Iterable<string> {
    return this.#pods.list().flatMap((pod) => this.#missingNodeOf(pod));
  }

  #missingNodeOf({ spec }: Pod): string[] {
    const name = spec?.nodeName;
    return name && this.#nodes.get(name) === undefined ? [name] : [];
  }

  sync(nodeName: string): number | undefined {
    const isThere = this.#nodes.get(nodeName) !== undefined;
    const orphans = isThere ? [] : this.#pods.list().filter((pod) => pod.spec?.nodeName === nodeName);
    if (orphans.length === 0) {
      this.#missingSince.delete(nodeName);
      return undefined;
    }
    const since = this.#missingSince.get(nodeName) ?? this.#clock.now();
    this.#missingSince.set(nodeName, since);
    const leftMs = since + quarantineMs - this.#clock.now();
    if (leftMs > 0) return leftMs;
    for (const pod of orphans) {
      if (!isPodTerminal(pod)) this.#markFailed(pod);
      this.#pods.delete(pod, { gracePeriodSeconds: 0 });
    }
    return undefined;
  }

  #markFailed(pod: Stored<Pod>): void {
    const condition: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
      lastTransitionTime: timestamp(this.#clock),
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
    this.#pods.change(pod, (copy) => {
      const others = (copy.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
      copy.status = { ...copy.status, phase: "Failed", conditions: [...others, condition] };
    });
  }
}
