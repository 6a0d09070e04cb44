import type { ManagedFieldsEntry } from "../api/index.ts";
import { mergeApplied, pruneFields } from "./apply-merge.ts";
import { FieldSet } from "./field-set.ts";
import { compareFields, type FieldChanges, fieldsOf } from "./field-walk.ts";
import type { JsonObject } from "./json-value.ts";
import { type StructuredType, structuredType } from "./structured-type.ts";

/** Who writes, how, and in which version. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/** A manager and the fields it owns. */
interface Owner extends FieldManager {
  readonly fields: FieldSet;
  readonly time: string | undefined;
}

/** A field that an apply wants to set to a value other than the one its owner gave it. */
export interface ApplyConflict {
  readonly owner: FieldManager & { readonly time: string | undefined };
  /** Paths such as `.spec.replicas`. */
  readonly paths: readonly string[];
}

export type ApplyOutcome =
  | { readonly kind: "applied"; readonly object: JsonObject; readonly managedFields: ManagedFieldsEntry[] }
  | { readonly kind: "conflict"; readonly conflicts: readonly ApplyConflict[] };

const maxUpdateManagers = 10;

/** Fields that the server writes, or that identify the object; nobody owns them. */
const unowned: FieldSet = FieldSet.parse({
  "f:apiVersion": {},
  "f:kind": {},
  "f:metadata": {
    ".": {},
    "f:name": {},
    "f:namespace": {},
    "f:creationTimestamp": {},
    "f:selfLink": {},
    "f:uid": {},
    "f:generation": {},
    "f:generateName": {},
    "f:managedFields": {},
    "f:resourceVersion": {},
    "f:deletionTimestamp": {},
    "f:deletionGracePeriodSeconds": {},
  },
});

function parseOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? "",
    operation: entry.operation === "Apply" ? "Apply" : "Update",
    apiVersion: entry.apiVersion ?? "",
    subresource: entry.subresource ?? "",
    fields: FieldSet.parse(entry.fieldsV1),
    time: entry.time,
  }));
}

function formatOwners(owners: readonly Owner[]): ManagedFieldsEntry[] {
  return capUpdates(owners.filter((owner) => !owner.fields.isEmpty))
    .sort((left, right) => (sortKey(left) < sortKey(right) ? -1 : 1))
    .map(({ manager, operation, apiVersion, subresource, fields, time }) => ({
      manager,
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: fields.toJson(),
      ...(subresource === "" ? {} : { subresource }),
    }));
}

function sortKey({ operation, time, manager, apiVersion, subresource }: Owner): string {
  return [operation, time ?? "", manager, apiVersion, subresource].join("\u0000");
}

/** So that an object that many hands touch does not grow without end, the oldest updates share one entry. */
function capUpdates(owners: readonly Owner[]): Owner[] {
  const updates = owners.filter((owner) => owner.operation === "Update");
  if (updates.length <= maxUpdateManagers) return [...owners];
  const byAge = updates.sort((left, right) => ((left.time ?? "") < (right.time ?? "") ? -1 : 1));
  const ancient = byAge.slice(0, updates.length - maxUpdateManagers + 1);
  const [first] = ancient;
  const fields = ancient.reduce((set, owner) => set.union(owner.fields), FieldSet.empty);
  const kept = owners.filter((owner) => !ancient.includes(owner));
  return first === undefined ? kept : [...kept, { ...first, manager: "ancient-changes", fields }];
}

function isSame(left: FieldManager, right: FieldManager): boolean {
  return (
    left.manager === right.manager &&
    left.operation === right.operation &&
    left.apiVersion === right.apiVersion &&
    left.subresource === right.subresource
  );
}

/**
 * The managedFields of `after`, which `manager` wrote over `before`: what changed is now the manager's, and no longer anyone
 * else's. A new object is compared with an empty one.
 */
export function trackFieldUpdate(
  typeKey: string,
  before: JsonObject,
  after: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  manager: FieldManager,
  time: string,
): ManagedFieldsEntry[] {
  const changes = ownableChanges(typeKey, before, after);
  const owners = parseOwners(entries);
  const others = owners
    .filter((owner) => !isSame(owner, manager))
    .map((owner) => without(owner, changes.changed.union(changes.removed)));
  const own = owners.find((owner) => isSame(owner, manager));
  const fields = (own?.fields ?? FieldSet.empty).union(changes.changed).difference(changes.removed);
  const isTouched = own === undefined || !own.fields.equals(fields);
  return formatOwners([...others, { ...manager, fields, time: isTouched ? time : own.time }]);
}

function without(owner: Owner, fields: FieldSet): Owner {
  return { ...owner, fields: owner.fields.difference(fields) };
}

function ownableChanges(typeKey: string, before: JsonObject, after: JsonObject): FieldChanges {
  const { changed, removed } = compareFields(before, after, structuredType(typeKey));
  return { changed: changed.difference(unowned), removed };
}

export interface ApplyConfigurationOptions {
  /** Take fields over from their owners. */
  readonly force: boolean;
  /** When the record of the manager changes, this is its time. */
  readonly time: string;
  /** What the same user applied from the client side before: fields that still have those values are theirs to change. */
  readonly lastApplied?: JsonObject | undefined;
}

/**
 * Server-side apply (KEP-555): merges `applied` into `live`, drops what the manager applied before and no longer does, and
 * works out who owns what. `live` is `{}` for an object that is to be created.
 *
 * Without `force`, fields that others own with another value are conflicts.
 */
export function applyConfiguration(
  typeKey: string,
  live: JsonObject,
  applied: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  manager: FieldManager,
  options: ApplyConfigurationOptions,
): ApplyOutcome {
  const type = structuredType(typeKey);
  const owners = parseOwners(entries);
  const own = owners.find((owner) => isSame(owner, manager));
  let others = owners.filter((owner) => !isSame(owner, manager));
  const fields = fieldsOf(applied, type).difference(unowned);
  const merged = mergeApplied(live, applied, type);
  const kept = others.reduce((set, owner) => set.union(owner.fields), fields);
  const last = own?.fields.withNamedAncestors() ?? FieldSet.empty;
  const object = pruneFields(merged, type, last.difference(unowned), kept) as JsonObject;
  const { changed, removed } = ownableChanges(typeKey, live, object);
  if (!options.force) {
    const yielded = yieldedFields(options.lastApplied, live, type);
    const conflicts = others
      .map((owner) => ({ owner, shared: owner.fields.intersection(changed).difference(yielded) }))
      .filter(({ shared }) => !shared.isEmpty);
    if (conflicts.length > 0) {
      return { kind: "conflict", conflicts: conflicts.map(({ owner, shared }) => ({ owner, paths: shared.paths() })) };
    }
  }
  others = others.map((owner) => without(owner, changed.union(removed)));
  const isTouched = own === undefined || !own.fields.equals(fields);
  const managedFields = formatOwners([...others, { ...manager, fields, time: isTouched ? options.time : own.time }]);
  return { kind: "applied", object, managedFields };
}

/** Fields of `lastApplied` that the live object still has as they were applied. */
function yieldedFields(lastApplied: JsonObject | undefined, live: JsonObject, type: StructuredType): FieldSet {
  if (lastApplied === undefined) return FieldSet.empty;
  const { changed, removed } = compareFields(lastApplied, live, type);
  return fieldsOf(lastApplied, type).difference(changed).difference(removed);
}
