import type { Logger } from "@wherry/base";
import {
  type ControllerRevision,
  isPodReady,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
  type StatefulSetStatus,
} from "@wherry/kubernetes";
import type { ApiObject } from "../../resources/api-object.ts";
import { statefulSets } from "../../resources/apps/stateful-sets.ts";
import { pods } from "../../resources/pods.ts";
import { storageName } from "../../resources/resource-definition.ts";
import { isEmptySelector } from "../../validation/label-selector.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import { EventWriter } from "../event-writer.ts";
import { runController } from "../kit/controller.ts";
import { claimObjects, controllerOf, ownersOf } from "../kit/ownership.ts";
import { PodControl, type PodControlWords } from "../kit/pod-control.ts";
import { isAvailable, nextAvailableInMs } from "../kit/pod-state.ts";
import { keepHistory, type RevisionHistory, revisionHashLabel, trimHistory } from "../kit/revision-history.ts";
import { writeStatus } from "../kit/status-writer.ts";
import { nextSteps, ordinalOf, type StatefulStep, usesUpdate } from "./ordinals.ts";

const hashLabel = "controller.kubernetes.io/hash";

const words: PodControlWords = {
  created: (pod, owner) => `create Pod ${pod} in StatefulSet ${owner} successful`,
  notCreated: (pod, owner, problem) => `create Pod ${pod} in StatefulSet ${owner} failed error: ${problem}`,
  deleted: (pod, owner) => `delete Pod ${pod} in StatefulSet ${owner} successful`,
  notDeleted: (pod, owner, problem) => `delete Pod ${pod} in StatefulSet ${owner} failed error: ${problem}`,
};

const asStatefulSet = (object: ApiObject): StatefulSet => object as unknown as StatefulSet;

/** Keeps the numbered pods of a StatefulSet, and rolls them to its template from the highest number down. */
export class StatefulSetController {
  readonly #services: VerbServices;
  readonly #logger: Logger;
  readonly #events: EventWriter;
  readonly #pods: PodControl;

  constructor(services: VerbServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#events = new EventWriter(services, "statefulset-controller", logger);
    this.#pods = new PodControl(services, this.#events, words);
  }

  /** Works until `signal` aborts. */
  run(signal: AbortSignal): Promise<void> {
    return runController(
      {
        name: "statefulset",
        services: this.#services,
        logger: this.#logger,
        definition: statefulSets,
        watches: [{ definition: pods, keysOf: (record) => ownersOf(this.#services, statefulSets, record) }],
        sync: (key) => this.#sync(key),
      },
      signal,
    );
  }

  #sync(key: string): number | undefined {
    const object = this.#services.store.get(storageName(statefulSets), key)?.object;
    if (object === undefined) return undefined;
    const { spec, metadata, status } = asStatefulSet(object);
    if (spec === undefined || isEmptySelector(spec.selector) || metadata?.deletionTimestamp !== undefined) {
      return undefined;
    }
    const history = keepHistory(this.#services, object, hashLabel, (collisionCount) => {
      writeStatus(this.#services, statefulSets, object, { ...status, collisionCount });
    });
    const setName = metadata?.name ?? "";
    claimObjects(
      this.#services,
      pods,
      object,
      spec.selector,
      (pod) => ordinalOf(setName, pod.metadata.name ?? "") !== undefined,
    );
    const update = history.current.metadata?.name ?? "";
    const nowMs = this.#services.clock.now();
    try {
      const steps = nextSteps({
        spec,
        pods: this.#byOrdinal(object),
        isUpdated: (pod) => revisionOf(pod) === update,
        nowMs,
      });
      for (const step of steps) this.#take(object, step, history);
    } finally {
      const owned = this.#owned(object);
      const next = statusOf(asStatefulSet(object), owned, update, nowMs);
      const isUsed = (pod: Pod, revision: ControllerRevision) => revisionOf(pod) === revision.metadata?.name;
      const old = history.old.filter((revision) => revision.metadata?.name !== next.currentRevision);
      trimHistory(this.#services, object, old, isUsed, owned);
      writeStatus(this.#services, statefulSets, object, next);
    }
    return nextAvailableInMs(this.#owned(object), spec.minReadySeconds ?? 0, nowMs);
  }

  #owned(object: ApiObject): Pod[] {
    return this.#services.store
      .list(storageName(pods), object.metadata.namespace)
      .filter((record) => controllerOf(record.object.metadata)?.uid === object.metadata.uid)
      .map((record) => record.object as Pod);
  }

  #byOrdinal(object: ApiObject): Map<number, Pod> {
    const byOrdinal = new Map<number, Pod>();
    for (const pod of this.#owned(object)) {
      const ordinal = ordinalOf(object.metadata.name ?? "", pod.metadata?.name ?? "");
      if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
    }
    return byOrdinal;
  }

  #take(object: ApiObject, step: StatefulStep, history: RevisionHistory): void {
    if (step.kind === "create") {
      this.#create(object, step.ordinal, history);
      return;
    }
    const phase = step.pod.status?.phase;
    if (phase === "Failed" || phase === "Succeeded") {
      const { namespace, name } = object.metadata;
      this.#events.write(object, {
        type: phase === "Failed" ? "Warning" : "Normal",
        reason: phase === "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod",
        action: "",
        message: `StatefulSet ${namespace}/${name} is recreating ${phase === "Failed" ? "failed" : "terminated"} Pod ${step.pod.metadata?.name}`,
      });
    }
    this.#pods.delete(object, step.pod as ApiObject);
  }

  #create(object: ApiObject, ordinal: number, history: RevisionHistory): void {
    const { spec, status, metadata } = asStatefulSet(object);
    if (spec === undefined) return;
    const before = history.old.find((revision) => revision.metadata?.name === status?.currentRevision);
    const revision = before === undefined || usesUpdate(spec, ordinal) ? history.current : before;
    const name = `${metadata?.name}-${ordinal}`;
    const template = revision === history.current ? spec.template : templateOf(revision);
    this.#pods.create(object, template, {
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
