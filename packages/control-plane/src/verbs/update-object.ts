import {
  dnsSubdomainProblem,
  type FieldError,
  invalidValue,
  jsonEquals,
  validateMetadata,
  validateMetadataUpdate,
} from "@wherry/kubernetes";
import { badRequest, conflict, invalid, notFound } from "../errors.ts";
import { type ApiObject, storageKey } from "../resources/api-object.ts";
import { type ResourceDefinition, type ResourceStrategy, storageName } from "../resources/resource-definition.ts";
import type { StoredRecord } from "../storage/stored-record.ts";
import { createObject, namespaceMismatch } from "./create-object.ts";
import { trackUpdate } from "./field-tracking.ts";
import {
  type ObjectTarget,
  strategyContext,
  type VerbServices,
  type WriteOptions,
  type WriteOutcome,
} from "./verb-services.ts";

export interface UpdateOptions extends WriteOptions {
  /** Empty, `status`, or the name of another subresource that updates the parent. */
  readonly subresource?: string;
  /** Strategy of that other subresource. */
  readonly strategy?: ResourceStrategy<ApiObject> | undefined;
  /** A patch is not bound to the resourceVersion it did not name. @default false */
  readonly isPatch?: boolean;
}

/** The stored object in the form of `definition`, with the record it came from; throws a 404 ApiError. */
export function readObject(
  services: VerbServices,
  { definition, namespace, name }: ObjectTarget,
): { record: StoredRecord; object: ApiObject } {
  const record = services.store.get(storageName(definition), storageKey(namespace, name));
  if (record === undefined) throw notFound(definition, name);
  return { record, object: definition.view?.fromStorage(record.object) ?? record.object };
}

/**
 * Replaces an object by `input`, which the call takes over.
 *
 * A write that changes nothing keeps the resourceVersion. An object whose last finalizer goes while it is being deleted is
 * removed. Throws ApiError: 404, 409 for a stale resourceVersion or another UID, 422.
 */
export function updateObject(
  services: VerbServices,
  target: ObjectTarget,
  input: ApiObject,
  options: UpdateOptions = {},
): WriteOutcome {
  const { definition, namespace, name } = target;
  checkIdentity(target, input);
  const existing = services.store.get(storageName(definition), storageKey(namespace, name));
  if (existing === undefined) {
    if (!definition.strategy.allowCreateOnUpdate || options.subresource) throw notFound(definition, name);
    delete input.metadata.resourceVersion;
    return createObject(services, target, input, options);
  }
  const { record, object: old } = readObject(services, target);
  checkPreconditions(target, input, old, options);
  carryMetadata(input, old);
  const errors = applyStrategy(services, definition, input, old, options);
  options.admit?.(input, old);
  if (errors.length > 0) throw invalid(definition, name, errors);
  trackUpdate(services, definition, input, old, options, options.subresource ?? "");
  input.metadata.resourceVersion = old.metadata.resourceVersion;
  if (jsonEquals(input, old)) return { object: old, record, created: false };
  return writeUpdate(services, target, input, options);
}

/** Stores `input` over the present object, or removes the object when nothing holds its deletion any more. */
export function writeUpdate(
  services: VerbServices,
  { definition, namespace, name }: ObjectTarget,
  input: ApiObject,
  options: WriteOptions,
): WriteOutcome {
  if (options.dryRun) return { object: input, created: false };
  const { view } = definition;
  const stored = view === undefined ? input : view.toStorage(input);
  const operation = isDeletionComplete(definition, input) ? "delete" : "update";
  const key = storageKey(namespace, name);
  const record = services.store.write(storageName(definition), key, operation, stored);
  return { object: view === undefined ? stored : view.fromStorage(stored), record, created: false };
}

/** Whether nothing keeps an object that is being deleted. */
export function isDeletionComplete(definition: ResourceDefinition, object: ApiObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (deletionTimestamp === undefined || (finalizers?.length ?? 0) > 0) return false;
  return (deletionGracePeriodSeconds ?? 0) === 0 && !(definition.strategy.holdsDeletion?.(object) ?? false);
}

function checkIdentity({ definition, namespace, name }: ObjectTarget, input: ApiObject): void {
  const { metadata } = input;
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  metadata.name = name;
  if (!definition.namespaced) return;
  if (metadata.namespace && metadata.namespace !== namespace) throw namespaceMismatch();
  metadata.namespace = namespace;
}

function checkPreconditions(target: ObjectTarget, input: ApiObject, old: ApiObject, options: UpdateOptions): void {
  const { definition, namespace, name } = target;
  const { uid, resourceVersion } = input.metadata;
  if (uid && uid !== old.metadata.uid && !options.isPatch) {
    const key = `/registry/${storageName(definition)}/${storageKey(namespace, name)}`;
    throw conflict(
      definition,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== "0") {
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(definition, name);
  } else if (definition.strategy.allowUnconditionalUpdate === false && !options.isPatch) {
    throw invalid(definition, name, [invalidValue("metadata.resourceVersion", 0, "must be specified for an update")]);
  }
}

/** Metadata that the server owns is taken from the stored object. */
function carryMetadata(input: ApiObject, old: ApiObject): void {
  const { metadata } = input;
  // Another UID in a patch is refused as a change of it.
  metadata.uid ??= old.metadata.uid;
  metadata.creationTimestamp ??= old.metadata.creationTimestamp;
  delete metadata.selfLink;
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"] as const) {
    if (old.metadata[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: old.metadata[field] });
  }
}

function applyStrategy(
  services: VerbServices,
  definition: ResourceDefinition,
  input: ApiObject,
  old: ApiObject,
  options: UpdateOptions,
): readonly FieldError[] {
  const { strategy } = definition;
  const context = strategyContext(services, options);
  strategy.setDefaults?.(input);
  if (options.subresource === "status") {
    replaceAllBut(input, old, "status");
    strategy.prepareForStatusUpdate?.(input, old, context);
    const metadataErrors = validateMetadataUpdate(input.metadata, old.metadata);
    return [...metadataErrors, ...(strategy.validateStatusUpdate?.(input, old) ?? [])];
  }
  const active = options.strategy ?? strategy;
  active.prepareForUpdate?.(input, old, context);
  if (strategy.tracksGeneration && !sameSpec(input, old))
    input.metadata.generation = (old.metadata.generation ?? 0) + 1;
  return [
    ...validateMetadata(input.metadata, definition.namespaced, definition.nameProblem ?? dnsSubdomainProblem),
    ...validateMetadataUpdate(input.metadata, old.metadata),
    ...(active.validate?.(input) ?? []),
    ...(active.validateUpdate?.(input, old) ?? []),
  ];
}

function replaceAllBut(input: ApiObject, old: ApiObject, kept: string): void {
  for (const field of Object.keys(input)) {
    if (field !== kept && field !== "metadata" && !(field in old)) delete input[field];
  }
  for (const field of Object.keys(old)) {
    if (field !== kept && field !== "metadata") input[field] = old[field];
  }
}

/** Whether all but metadata and status is equal. */
function sameSpec(input: ApiObject, old: ApiObject): boolean {
  const { metadata: _m, status: _s, ...left } = input;
  const { metadata: _om, status: _os, ...right } = old;
  return jsonEquals(left, right);
}
