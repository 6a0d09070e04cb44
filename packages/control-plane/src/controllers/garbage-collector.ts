import { aborted, errorMessage, type Logger } from "@wherry/base";
import type { DeleteOptions } from "@wherry/kubernetes";
import { type ResourceDefinition, storageName } from "../resources/resource-definition.ts";
import type { ResourceIndex } from "../resources/resource-table.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import { deleteObject } from "../verbs/delete-object.ts";
import { writeUpdate } from "../verbs/update-object.ts";
import { shallowCopy, type VerbServices } from "../verbs/verb-services.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";

/** Where an object is. */
interface Place {
  readonly definition: ResourceDefinition;
  readonly key: string;
}

/**
 * Deletes objects whose owners are all gone, and carries out foreground and orphaning deletion, as upstream's garbage
 * collector does.
 */
export class GarbageCollector {
  readonly #services: VerbServices;
  readonly #definitions: readonly ResourceDefinition[];
  readonly #logger: Logger;
  /** Dependents by the UID of their owner. */
  readonly #dependents: Map<string, Map<string, Place>> = new Map();
  /** Every object there is, by UID. */
  readonly #alive: Map<string, Place> = new Map();

  constructor(services: VerbServices, index: ResourceIndex, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
    this.#definitions = index.definitions.filter(
      (definition) => !definition.isVirtual && definition.view === undefined,
    );
  }

  /** Collects until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { store } = this.#services;
    for (const definition of this.#definitions) {
      for (const record of store.list(storageName(definition))) this.#enter(definition, record);
    }
    for (const owner of this.#dependents.keys())
      if (!this.#alive.has(owner)) this.#attempt(() => this.#ownerGone(owner));
    for (const definition of this.#definitions) {
      for (const record of store.list(storageName(definition))) this.#attempt(() => this.#finish(definition, record));
    }
    const stops = this.#definitions.map((definition) =>
      store.subscribe(storageName(definition), (record) => this.#attempt(() => this.#changed(definition, record))),
    );
    await aborted(signal);
    for (const stop of stops) stop();
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#logger.error("Cannot collect garbage", { error: errorMessage(error) });
    }
  }

  #changed(definition: ResourceDefinition, record: StoredRecord): void {
    if (record.operation !== "delete") {
      this.#enter(definition, record);
      this.#finish(definition, record);
      return;
    }
    const { uid, ownerReferences } = record.object.metadata;
    this.#alive.delete(uid ?? "");
    for (const owner of ownerReferences ?? []) {
      this.#dependents.get(owner.uid)?.delete(dependentKey(definition, record.key));
      this.#ownerMayFinish(owner.uid);
    }
    if (uid !== undefined && this.#dependents.has(uid)) this.#ownerGone(uid);
  }

  #enter(definition: ResourceDefinition, record: StoredRecord): void {
    const { uid, ownerReferences } = record.object.metadata;
    if (uid !== undefined) this.#alive.set(uid, { definition, key: record.key });
    const key = dependentKey(definition, record.key);
    for (const owner of record.previous?.object.metadata.ownerReferences ?? []) {
      this.#dependents.get(owner.uid)?.delete(key);
    }
    for (const owner of ownerReferences ?? []) {
      let dependents = this.#dependents.get(owner.uid);
      if (dependents === undefined) {
        dependents = new Map();
        this.#dependents.set(owner.uid, dependents);
      }
      dependents.set(key, { definition, key: record.key });
    }
  }

  /** Deletes the dependents of an owner that no longer exists, unless another owner keeps them. */
  #ownerGone(uid: string): void {
    const dependents = this.#dependents.get(uid);
    this.#dependents.delete(uid);
    for (const dependent of dependents?.values() ?? []) {
      const object = this.#services.store.get(storageName(dependent.definition), dependent.key)?.object;
      const owners = object?.metadata.ownerReferences ?? [];
      if (object === undefined || owners.some((owner) => this.#alive.has(owner.uid))) continue;
      if (object.metadata.deletionTimestamp === undefined) this.#delete(dependent);
    }
  }

  /** Goes on with the deletion of an object that waits for its dependents, or for being cut off from them. */
  #finish(definition: ResourceDefinition, record: StoredRecord): void {
    const { metadata } = record.object;
    if (metadata.deletionTimestamp === undefined) return;
    const uid = metadata.uid ?? "";
    const dependents = [...(this.#dependents.get(uid)?.values() ?? [])];
    if (metadata.finalizers?.includes(orphan)) {
      for (const dependent of dependents) this.#disown(dependent, uid);
      this.#dropFinalizer(definition, record.key, orphan);
    } else if (metadata.finalizers?.includes(foreground)) {
      for (const dependent of dependents) this.#deleteWithOwner(dependent, uid);
      this.#ownerMayFinish(uid);
    }
  }

  /** Deletes a dependent of an owner in foreground deletion, its own dependents first; another owner keeps it. */
  #deleteWithOwner(dependent: Place, ownerUid: string): void {
    const { metadata } = this.#services.store.get(storageName(dependent.definition), dependent.key)?.object ?? {};
    if (metadata === undefined || metadata.deletionTimestamp !== undefined) return;
    const isKept = metadata.ownerReferences?.some(({ uid }) => uid !== ownerUid && this.#isStaying(uid));
    if (isKept) this.#disown(dependent, ownerUid);
    else {
      const hasDependents = (this.#dependents.get(metadata.uid ?? "")?.size ?? 0) > 0;
      this.#delete(dependent, hasDependents ? { propagationPolicy: "Foreground" } : {});
    }
  }

  #isStaying(uid: string): boolean {
    const place = this.#alive.get(uid);
    const object = place && this.#services.store.get(storageName(place.definition), place.key)?.object;
    return object !== undefined && object.metadata.deletionTimestamp === undefined;
  }

  /** Whether a dependent that blocks its owner's deletion is left. */
  #isBlocked(uid: string): boolean {
    for (const { definition, key } of this.#dependents.get(uid)?.values() ?? []) {
      const owners = this.#services.store.get(storageName(definition), key)?.object.metadata.ownerReferences;
      if (owners?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion)) return true;
    }
    return false;
  }

  /** An owner in foreground deletion goes once the last dependent that blocks it has gone. */
  #ownerMayFinish(uid: string): void {
    const owner = this.#alive.get(uid);
    if (owner === undefined || this.#isBlocked(uid)) return;
    const { metadata } = this.#services.store.get(storageName(owner.definition), owner.key)?.object ?? {};
    const isWaiting = metadata?.deletionTimestamp !== undefined && metadata.finalizers?.includes(foreground);
    if (isWaiting) this.#dropFinalizer(owner.definition, owner.key, foreground);
  }

  #delete({ definition, key }: Place, options: DeleteOptions = {}): void {
    if (this.#services.store.get(storageName(definition), key) === undefined) return;
    deleteObject(this.#services, { definition, ...splitKey(definition, key) }, options);
  }

  #disown({ definition, key }: Place, uid: string): void {
    const current = this.#services.store.get(storageName(definition), key)?.object;
    if (current === undefined) return;
    const object = shallowCopy(current);
    object.metadata.ownerReferences = object.metadata.ownerReferences?.filter((owner) => owner.uid !== uid);
    writeUpdate(this.#services, { definition, ...splitKey(definition, key) }, object, {});
  }

  #dropFinalizer(definition: ResourceDefinition, key: string, finalizer: string): void {
    const current = this.#services.store.get(storageName(definition), key)?.object;
    if (current?.metadata.finalizers?.includes(finalizer) !== true) return;
    const object = shallowCopy(current);
    object.metadata.finalizers = object.metadata.finalizers?.filter((item) => item !== finalizer);
    writeUpdate(this.#services, { definition, ...splitKey(definition, key) }, object, {});
  }
}

function dependentKey(definition: ResourceDefinition, key: string): string {
  return `${storageName(definition)}/${key}`;
}

function splitKey(definition: ResourceDefinition, key: string): { namespace: string; name: string } {
  if (!definition.namespaced) return { namespace: "", name: key };
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
