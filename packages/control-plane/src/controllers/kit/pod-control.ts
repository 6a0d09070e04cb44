import type { ObjectMeta, Pod, PodTemplateSpec } from "@wherry/kubernetes";
import { ApiError } from "../../errors.ts";
import type { ApiObject } from "../../resources/api-object.ts";
import { pods } from "../../resources/pods.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import type { EventWriter } from "../event-writer.ts";
import { Objects, type Stored } from "./objects.ts";
import { controllerReference } from "./ownership.ts";

/** How a pod made from a template differs from it. */
export interface PodVariation {
  readonly metadata?: Pick<ObjectMeta, "name" | "generateName" | "labels" | "annotations" | "finalizers">;
  /** Changes the copy of the template's spec in place. */
  readonly adjust?: (spec: NonNullable<Pod["spec"]>) => void;
}

/** The messages of the events about pods that were created and deleted, or were not. */
export interface PodControlWords {
  readonly created: (pod: string, owner: string) => string;
  readonly notCreated: (pod: string, owner: string, problem: string) => string;
  readonly deleted: (pod: string, owner: string) => string;
  readonly notDeleted: (pod: string, owner: string, problem: string) => string;
}

const commonWords: PodControlWords = {
  created: (pod) => `Created pod: ${pod}`,
  notCreated: (_pod, _owner, problem) => `Error creating: ${problem}`,
  deleted: (pod) => `Deleted pod: ${pod}`,
  notDeleted: (_pod, _owner, problem) => `Error deleting: ${problem}`,
};

/** The pods of workloads, whose making and deletion events about their owner tell of. */
export class PodControl {
  readonly objects: Objects<Pod>;
  readonly #events: EventWriter;
  readonly #words: PodControlWords;

  constructor(services: VerbServices, events: EventWriter, words: PodControlWords = commonWords) {
    this.objects = new Objects(services, pods);
    this.#events = events;
    this.#words = words;
  }

  /** Creates a pod of `owner` from its template. A refusal is an event too, then thrown as ApiError. */
  create(owner: ApiObject, template: PodTemplateSpec, variation: PodVariation = {}): Stored<Pod> {
    const copy = structuredClone(template);
    const ownerName = owner.metadata.name ?? "";
    const { name, generateName, labels, annotations, finalizers = [] } = variation.metadata ?? {};
    const spec = copy.spec ?? { containers: [] };
    variation.adjust?.(spec);
    const pod: ApiObject = {
      kind: "Pod",
      apiVersion: "v1",
      metadata: {
        ...(name === undefined ? { generateName: generateName ?? `${ownerName}-` } : { name }),
        ...merged("labels", copy.metadata?.labels, labels),
        ...merged("annotations", copy.metadata?.annotations, annotations),
        ...(finalizers.length === 0 && copy.metadata?.finalizers === undefined
          ? {}
          : { finalizers: [...(copy.metadata?.finalizers ?? []), ...finalizers] }),
        ownerReferences: [controllerReference(owner)],
      },
      spec,
    };
    try {
      const created = this.objects.create(owner.metadata.namespace ?? "", pod);
      this.#tell(owner, "Normal", "SuccessfulCreate", this.#words.created(created.metadata.name ?? "", ownerName));
      return created;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#tell(owner, "Warning", "FailedCreate", this.#words.notCreated(name ?? "", ownerName, error.message));
      throw error;
    }
  }

  /** Begins to delete a pod of `owner`; one that is gone already is fine. */
  delete(owner: ApiObject, pod: Pod): void {
    const name = pod.metadata?.name ?? "";
    const ownerName = owner.metadata.name ?? "";
    try {
      if (!this.objects.delete(pod)) return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#tell(owner, "Warning", "FailedDelete", this.#words.notDeleted(name, ownerName, error.message));
      throw error;
    }
    this.#tell(owner, "Normal", "SuccessfulDelete", this.#words.deleted(name, ownerName));
  }

  #tell(owner: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.write(owner, { type, reason, message });
  }
}

type Texts = Record<string, string> | undefined;

function merged<K extends "labels" | "annotations">(key: K, base: Texts, more: Texts): { [key in K]?: Texts } {
  if (base === undefined && more === undefined) return {};
  return { [key]: { ...base, ...more } } as { [key in K]?: Texts };
}
