import type { DeleteOptions } from "@wherry/kubernetes";
import { conflict } from "../errors.ts";
import { type ApiObject, storageKey } from "../resources/api-object.ts";
import { type ResourceDefinition, storageName } from "../resources/resource-definition.ts";
import { readObject } from "./update-object.ts";
import { type ObjectTarget, shallowCopy, timestamp, type VerbServices, type WriteOptions } from "./verb-services.ts";

export interface DeleteOutcome {
  readonly object: ApiObject;
  /** False while grace or finalizers keep the object. */
  readonly removed: boolean;
}

/**
 * Deletes an object, or begins to: kinds with a grace period and objects with finalizers stay, marked by a
 * deletionTimestamp. A later delete may shorten the grace, never lengthen it.
 *
 * Throws ApiError: 404, 409 when a precondition fails, 403 from the kind's strategy.
 */
export function deleteObject(
  services: VerbServices,
  target: ObjectTarget,
  options: DeleteOptions = {},
  writeOptions: WriteOptions = {},
): DeleteOutcome {
  const { definition } = target;
  const { object: old } = readObject(services, target);
  checkDeletePreconditions(target, options, old);
  definition.strategy.admitDelete?.(old);
  const marked = shallowCopy(old);
  addPropagationFinalizer(marked, options);
  const step = beginDeletion(services, definition, marked, options);
  if (step === "unchanged") return { object: old, removed: false };
  const isHeld =
    (marked.metadata.finalizers?.length ?? 0) > 0 || (definition.strategy.holdsDeletion?.(marked) ?? false);
  if (!isHeld && (marked.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
    // Without a grace period the last state shows no trace of the deletion, as upstream.
    const last = step === "immediate" ? shallowCopy(old) : marked;
    write(services, target, "delete", last, writeOptions);
    return { object: last, removed: true };
  }
  if (old.metadata.deletionTimestamp === undefined) definition.strategy.markDeleting?.(marked);
  if (sameDeletion(old, marked)) return { object: old, removed: false };
  write(services, target, "update", marked, writeOptions);
  return { object: marked, removed: false };
}

function write(
  services: VerbServices,
  { definition, namespace, name }: ObjectTarget,
  operation: "update" | "delete",
  object: ApiObject,
  options: WriteOptions,
): void {
  if (options.dryRun) return;
  const stored = definition.view?.toStorage(object) ?? object;
  services.store.write(storageName(definition), storageKey(namespace, name), operation, stored);
  object.metadata.resourceVersion = stored.metadata.resourceVersion;
}

function sameDeletion(old: ApiObject, marked: ApiObject): boolean {
  return (
    old.metadata.deletionTimestamp === marked.metadata.deletionTimestamp &&
    old.metadata.deletionGracePeriodSeconds === marked.metadata.deletionGracePeriodSeconds &&
    old.metadata.finalizers?.length === marked.metadata.finalizers?.length
  );
}

/** Sets deletionTimestamp and grace on `object`; `immediate` when the kind knows no grace and nothing was pending. */
function beginDeletion(
  services: VerbServices,
  { strategy }: ResourceDefinition,
  object: ApiObject,
  options: DeleteOptions,
): "immediate" | "marked" | "unchanged" {
  const { metadata } = object;
  const grace = strategy.grace?.(object, options) ?? { kind: "immediate" };
  if (metadata.deletionTimestamp !== undefined) {
    const present = metadata.deletionGracePeriodSeconds ?? 0;
    if (present === 0 || grace.kind === "immediate") return "marked";
    // Only an explicit, shorter grace changes a deletion under way.
    if (options.gracePeriodSeconds === undefined || grace.seconds >= present) return "unchanged";
    const end = Date.parse(metadata.deletionTimestamp) - (present - grace.seconds) * 1000;
    metadata.deletionTimestamp = timestamp({ ...services.clock, now: () => end });
    metadata.deletionGracePeriodSeconds = grace.seconds;
    return "marked";
  }
  const seconds = grace.kind === "graceful" ? grace.seconds : 0;
  metadata.deletionTimestamp = timestamp(services.clock, seconds * 1000);
  metadata.deletionGracePeriodSeconds = seconds;
  if (metadata.generation !== undefined) metadata.generation++;
  return grace.kind === "graceful" ? "marked" : "immediate";
}

/** Foreground and orphaning deletion leave a finalizer for the garbage collector to act on. */
function addPropagationFinalizer(object: ApiObject, options: DeleteOptions): void {
  const policy = options.propagationPolicy ?? (options.orphanDependents === true ? "Orphan" : undefined);
  const wanted = policy === "Foreground" ? "foregroundDeletion" : policy === "Orphan" ? "orphan" : undefined;
  if (wanted === undefined || object.metadata.deletionTimestamp !== undefined) return;
  const finalizers = object.metadata.finalizers ?? [];
  if (!finalizers.includes(wanted)) object.metadata.finalizers = [...finalizers, wanted];
}

function checkDeletePreconditions({ definition, name }: ObjectTarget, options: DeleteOptions, old: ApiObject): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== old.metadata.uid) {
    throw conflict(
      definition,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(
      definition,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
