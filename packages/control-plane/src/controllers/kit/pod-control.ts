import type { ObjectMeta, Pod, PodTemplateSpec } from "@wherry/kubernetes";
import { ApiError } from "../../errors.ts";
import type { ApiObject } from "../../resources/api-object.ts";
import { pods } from "../../resources/pods.ts";
import { createObject } from "../../verbs/create-object.ts";
import { deleteObject } from "../../verbs/delete-object.ts";
import type { VerbServices } from "../../verbs/verb-services.ts";
import type { EventWriter } from "../event-writer.ts";
import { targetOf } from "./change-object.ts";
import { controllerReference } from "./ownership.ts";

/** How a pod made from a template differs from it. */
export interface PodVariation {
  readonly metadata?: Pick<ObjectMeta, "name" | "generateName" | "labels" | "annotations" | "finalizers">;
  /** Changes the copy of the template's spec in place. */
  readonly adjust?: (spec: NonNullable<Pod["spec"]>) => void;
}

/** Creates and deletes the pods of workloads and tells of it by events about their owner. */
export class PodControl {
  readonly #services: VerbServices;
  readonly #events: EventWriter;

  constructor(services: VerbServices, events: EventWriter) {
    this.#services = services;
    this.#events = events;
  }

  /** Creates a pod of `owner` from its template. A refusal is an event too, then thrown as ApiError. */
  create(owner: ApiObject, template: PodTemplateSpec, variation: PodVariation = {}): ApiObject {
    const copy = structuredClone(template);
    const { name, generateName, labels, annotations, finalizers = [] } = variation.metadata ?? {};
    const spec = copy.spec ?? { containers: [] };
    variation.adjust?.(spec);
    const pod: ApiObject = {
      kind: "Pod",
      apiVersion: "v1",
      metadata: {
        ...(name === undefined ? { generateName: generateName ?? `${owner.metadata.name}-` } : { name }),
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
      const target = { definition: pods, namespace: owner.metadata.namespace ?? "" };
      const { object } = createObject(this.#services, target, pod);
      this.#tell(owner, "Normal", "SuccessfulCreate", `Created pod: ${object.metadata.name}`);
      return object;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#tell(owner, "Warning", "FailedCreate", `Error creating: ${error.message}`);
      throw error;
    }
  }

  /** Begins to delete a pod of `owner`; one that is gone already is fine. */
  delete(owner: ApiObject, pod: ApiObject): void {
    const { name, uid } = pod.metadata;
    try {
      deleteObject(this.#services, targetOf(pods, pod), { preconditions: { uid } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.httpCode === 404) return;
      this.#tell(owner, "Warning", "FailedDelete", `Error deleting: ${error.message}`);
      throw error;
    }
    this.#tell(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  }

  #tell(owner: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.write(owner, { type, reason, action: "", message });
  }
}

type Texts = Record<string, string> | undefined;

function merged<K extends "labels" | "annotations">(key: K, base: Texts, more: Texts): { [key in K]?: Texts } {
  if (base === undefined && more === undefined) return {};
  return { [key]: { ...base, ...more } } as { [key in K]?: Texts };
}
