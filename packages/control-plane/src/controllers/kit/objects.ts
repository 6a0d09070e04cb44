import {
  type DeleteOptions,
  jsonEquals,
  type KubernetesObject,
  type LabelSelector,
  matchesLabelSelector,
} from "@wherry/kubernetes";
import { type ApiObject, storageKey } from "../../resources/api-object.ts";
import { type ResourceDefinition, storageName } from "../../resources/resource-definition.ts";
import { createObject } from "../../verbs/create-object.ts";
import { deleteObject } from "../../verbs/delete-object.ts";
import { writeUpdate } from "../../verbs/update-object.ts";
import { type ObjectTarget, shallowCopy, type VerbServices } from "../../verbs/verb-services.ts";
import { controllerOf, controllerReference } from "./ownership.ts";

/** An object of kind `T` out of the store, to be read and never changed. */
export type Stored<T> = T & ApiObject;

/**
 * One resource as controllers read and write it: typed, and bound to the identity of an object rather than to its version.
 *
 * The store is local, so a write is made over what the object is now and meets no conflict; what it comes too late for (the
 * object is gone, or another one has its name) is answered by undefined.
 */
export class Objects<T extends KubernetesObject> {
  readonly definition: ResourceDefinition;
  readonly #services: VerbServices;

  constructor(services: VerbServices, definition: ResourceDefinition) {
    this.#services = services;
    this.definition = definition;
  }

  /** The object under the key; undefined when there is none. */
  get(key: string): Stored<T> | undefined {
    return this.#services.store.get(storageName(this.definition), key)?.object as Stored<T> | undefined;
  }

  /** All of a namespace, or of all namespaces. */
  list(namespace?: string): Stored<T>[] {
    return this.#services.store
      .list(storageName(this.definition), namespace)
      .map((record) => record.object as Stored<T>);
  }

  /** What `object` is now. */
  current({ metadata }: KubernetesObject): Stored<T> | undefined {
    const found = this.get(storageKey(metadata?.namespace, metadata?.name ?? ""));
    return found?.metadata.uid === metadata?.uid ? found : undefined;
  }

  /** Those that `owner` controls, whatever its selector says. */
  controlledBy({ metadata }: ApiObject): Stored<T>[] {
    return this.list(metadata.namespace).filter((object) => controllerOf(object.metadata)?.uid === metadata.uid);
  }

  /**
   * Those that `owner` controls, after adopting those without a controller that its selector selects and letting go of those
   * that it no longer selects. `mayAdopt` says which may be adopted at all.
   */
  claim(
    owner: ApiObject,
    selector: LabelSelector | undefined,
    mayAdopt: (object: Stored<T>) => boolean = () => true,
  ): Stored<T>[] {
    const isOwnerGoing = owner.metadata.deletionTimestamp !== undefined;
    const claimed: Stored<T>[] = [];
    for (const object of this.list(owner.metadata.namespace ?? "")) {
      const { metadata } = object;
      const isSelected = matchesLabelSelector(selector, metadata.labels);
      const controller = controllerOf(metadata);
      if (controller !== undefined) {
        if (controller.uid !== owner.metadata.uid) continue;
        if (isSelected) claimed.push(object);
        else if (!isOwnerGoing) this.#release(object, owner);
        continue;
      }
      if (isOwnerGoing || metadata.deletionTimestamp !== undefined || !isSelected || !mayAdopt(object)) continue;
      const adopted = this.change(object, (copy) => {
        copy.metadata.ownerReferences = [...(copy.metadata.ownerReferences ?? []), controllerReference(owner)];
      });
      if (adopted !== undefined) claimed.push(adopted);
    }
    return claimed;
  }

  #release(object: Stored<T>, owner: ApiObject): void {
    this.change(object, ({ metadata }) => {
      const others = (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
      if (others.length > 0) metadata.ownerReferences = others;
      else delete metadata.ownerReferences;
    });
  }

  /** Creates `input`, which the call takes over; throws ApiError. */
  create(namespace: string, input: ApiObject): Stored<T> {
    return createObject(this.#services, { definition: this.definition, namespace }, input).object as Stored<T>;
  }

  /**
   * Applies `change` to a copy of what `object` is now and stores it where that makes a difference; gives the object as it is
   * after.
   *
   * The copy's top level and metadata are its own; deeper parts must be replaced, not changed.
   */
  change(object: KubernetesObject, change: (copy: Stored<T>) => void): Stored<T> | undefined {
    const current = this.current(object);
    if (current === undefined) return undefined;
    const copy = shallowCopy(current) as Stored<T>;
    change(copy);
    if (jsonEquals(copy, current)) return current;
    return writeUpdate(this.#services, this.#targetOf(object), copy, {}).object as Stored<T>;
  }

  /** Writes `status` where it differs from what `object` has, without fields that upstream leaves out when they are zero. */
  writeStatus(object: KubernetesObject, status: object): Stored<T> | undefined {
    const { dropsZero } = this.#services.schemas.struct(`${this.definition.schema}Status`);
    const shown = Object.fromEntries(
      Object.entries(status).filter(
        ([field, value]) => value !== undefined && !(dropsZero.has(field) && isZero(value)),
      ),
    );
    return this.change(object, (copy: ApiObject) => {
      copy["status"] = shown;
    });
  }

  /** Begins to delete `object`; gives whether it was still there. Throws ApiError where the deletion is refused. */
  delete(object: KubernetesObject, options: DeleteOptions = {}): boolean {
    if (this.current(object) === undefined) return false;
    deleteObject(this.#services, this.#targetOf(object), options);
    return true;
  }

  #targetOf({ metadata }: KubernetesObject): ObjectTarget {
    return { definition: this.definition, namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" };
  }
}

function isZero(value: unknown): boolean {
  return value === 0 || value === "" || (Array.isArray(value) && value.length === 0);
}
