import type { Clock, Logger } from "@wherry/base";
import {
  type ControllerRevision,
  isEmptySelector,
  isPodReady,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
  type StatefulSetStatus,
} from "@wherry/kubernetes";
import { controllerRevisions } from "../../resources/apps/controller-revisions.ts";
import { statefulSets } from "../../resources/apps/stateful-sets.ts";
import { pods } from "../../resources/pods.ts";
import type { ResourceDefinition } from "../../resources/resource-definition.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import type { Controller } from "../kit/controller.ts";
import { Objects, type Stored } from "../kit/objects.ts";
import { PodControl, type PodControlWords } from "../kit/pod-control.ts";
import { isAvailable, nextAvailableInMs } from "../kit/pod-state.ts";
import { keepHistory, type RevisionHistory, revisionHashLabel, trimHistory } from "../kit/revision-history.ts";
import { nextSteps, ordinalOf, type StatefulStep, usesUpdate } from "./ordinals.ts";

const hashLabel = "controller.kubernetes.io/hash";

const words: PodControlWords = {
  created: (pod, owner) => `Create Pod ${pod} in StatefulSet ${owner} successful`,
  notCreated: (pod, owner, problem) => `Create Pod ${pod} in StatefulSet ${owner} failed error: ${problem}`,
  deleted: (pod, owner) => `Delete Pod ${pod} in StatefulSet ${owner} successful`,
  notDeleted: (pod, owner, problem) => `Delete Pod ${pod} in StatefulSet ${owner} failed error: ${problem}`,
};

/** Keeps the numbered pods of a StatefulSet, and rolls them to its template from the highest number down. */
export class StatefulSetController implements Controller {
  readonly name = "statefulset";
  readonly definition: ResourceDefinition = statefulSets;
  readonly owned: readonly ResourceDefinition[] = [pods];
  readonly #clock: Clock;
  readonly #sets: Objects<StatefulSet>;
  readonly #revisions: Objects<ControllerRevision>;
  readonly #events: EventWriter;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#clock = services.clock;
    this.#sets = new Objects(services, statefulSets);
    this.#revisions = new Objects(services, controllerRevisions);
    this.#events = new EventWriter(services, "statefulset-controller", logger);
    this.#pods = new PodControl(services, this.#events, words);
  }

  sync(key: string): number | undefined {
    const set = this.#sets.get(key);
    if (set === undefined) return undefined;
    const { spec, metadata, status } = set;
    if (spec === undefined || isEmptySelector(spec.selector) || metadata.deletionTimestamp !== undefined) {
      return undefined;
    }
    const history = keepHistory(this.#revisions, set, hashLabel, (collisionCount) => {
      this.#sets.writeStatus(set, { ...status, collisionCount });
    });
    const hasOrdinal = (pod: Stored<Pod>) => ordinalOf(metadata.name ?? "", pod.metadata.name ?? "") !== undefined;
    this.#pods.objects.claim(set, spec.selector, hasOrdinal);
    const update = history.current.metadata?.name ?? "";
    const nowMs = this.#clock.now();
    try {
      const isUpdated = (pod: Pod) => revisionOf(pod) === update;
      const steps = nextSteps({ spec, pods: this.#byOrdinal(set), isUpdated, nowMs });
      for (const step of steps) this.#take(set, step, history);
    } finally {
      const owned = this.#pods.objects.controlledBy(set);
      const next = statusOf(set, owned, update, nowMs);
      const isUsed = (pod: Pod, revision: ControllerRevision) => revisionOf(pod) === revision.metadata?.name;
      const old = history.old.filter((revision) => revision.metadata?.name !== next.currentRevision);
      trimHistory(this.#revisions, set, old, isUsed, owned);
      this.#sets.writeStatus(set, next);
    }
    return nextAvailableInMs(this.#pods.objects.controlledBy(set), spec.minReadySeconds ?? 0, nowMs);
  }

  #byOrdinal(set: Stored<StatefulSet>): Map<number, Pod> {
    const byOrdinal = new Map<number, Pod>();
    for (const pod of this.#pods.objects.controlledBy(set)) {
      const ordinal = ordinalOf(set.metadata.name ?? "", pod.metadata.name ?? "");
      if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
    }
    return byOrdinal;
  }

  #take(set: Stored<StatefulSet>, step: StatefulStep, history: RevisionHistory): void {
    if (step.kind === "create") {
      this.#create(set, step.ordinal, history);
      return;
    }
    const phase = step.pod.status?.phase;
    if (phase === "Failed" || phase === "Succeeded") {
      const { namespace, name } = set.metadata;
      this.#events.write(set, {
        type: phase === "Failed" ? "Warning" : "Normal",
        reason: phase === "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
        message: `StatefulSet ${namespace}/${name} is recreating ${phase === "Failed" ? "failed" : "terminated"} Pod ${step.pod.metadata?.name}`,
      });
    }
    this.#pods.delete(set, step.pod);
  }

  #create(set: Stored<StatefulSet>, ordinal: number, history: RevisionHistory): void {
    const { spec, status, metadata } = set;
    if (spec === undefined) return;
    const before = history.old.find((revision) => revision.metadata?.name === status?.currentRevision);
    const revision = before === undefined || usesUpdate(spec, ordinal) ? history.current : before;
    const name = `${metadata.name}-${ordinal}`;
    const template = revision === history.current ? spec.template : templateOf(revision);
    this.#pods.create(set, template, {
      metadata: {
        name,
        labels: {
          "apps.kubernetes.io/pod-index": String(ordinal),
          [revisionHashLabel]: revision.metadata?.name ?? "",
          "statefulset.kubernetes.io/pod-name": name,
        },
      },
      adjust(podSpec) {
        podSpec.hostname = name;
        if (spec.serviceName) podSpec.subdomain = spec.serviceName;
      },
    });
  }
}

function revisionOf({ metadata }: Pod): string {
  return metadata?.labels?.[revisionHashLabel] ?? "";
}

function templateOf({ data }: ControllerRevision): PodTemplateSpec {
  const { spec } = data as { spec: { template: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _, ...template } = spec.template;
  return template;
}

/** What a StatefulSet with these pods reports; a rolling update that has come to its end makes its revision the present one. */
export function statusOf(
  { metadata, spec, status }: StatefulSet,
  owned: readonly Pod[],
  updateRevision: string,
  nowMs: number,
): StatefulSetStatus {
  const minReadySeconds = spec?.minReadySeconds ?? 0;
  const isServing = (pod: Pod) => pod.status?.phase === "Running" && isPodReady(pod);
  const of = (revision: string) =>
    owned.filter((pod) => revisionOf(pod) === revision && pod.metadata?.deletionTimestamp === undefined).length;
  const before = status?.currentRevision || updateRevision;
  const readyReplicas = owned.filter(isServing).length;
  const updatedReplicas = of(updateRevision);
  const wanted = spec?.replicas ?? 1;
  const isComplete =
    spec?.updateStrategy?.type === "RollingUpdate" &&
    updatedReplicas === wanted &&
    readyReplicas === wanted &&
    owned.length === wanted;
  const currentRevision = isComplete ? updateRevision : before;
  return {
    observedGeneration: metadata?.generation,
    replicas: owned.length,
    readyReplicas,
    availableReplicas: owned.filter((pod) => isServing(pod) && isAvailable(pod, minReadySeconds, nowMs)).length,
    currentReplicas: of(currentRevision),
    updatedReplicas,
    currentRevision,
    updateRevision,
    collisionCount: status?.collisionCount ?? 0,
    conditions: status?.conditions,
  };
}
