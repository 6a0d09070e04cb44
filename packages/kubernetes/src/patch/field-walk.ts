import { type FieldSet, FieldSetBuilder } from "./field-set.ts";
import { isJsonObject, type JsonObject, type JsonValue, jsonEquals } from "./json-value.ts";
import { itemElement, type StructuredType, structuredField } from "./structured-type.ts";

/** The type of a member of a struct or map. */
export function memberType(type: StructuredType, name: string): StructuredType {
  if (type.kind === "struct") return structuredField(type.key, name);
  return type.kind === "map" ? type.value : { kind: "atomic" };
}

/** Whether a value is walked by its members, as its type allows. */
function isWalkable(value: JsonValue | undefined, type: StructuredType): boolean {
  if (type.kind === "struct" || type.kind === "map") return isJsonObject(value);
  return (type.kind === "keyed" || type.kind === "set") && Array.isArray(value);
}

/** The fields that an applied configuration sets, and so comes to own. */
export function fieldsOf(value: JsonValue, type: StructuredType): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, type, [], builder);
  return builder.build();
}

function collect(value: JsonValue, type: StructuredType, path: readonly string[], builder: FieldSetBuilder): void {
  if (!isWalkable(value, type)) {
    builder.add(path);
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      const itemPath = [...path, itemElement(type, item)];
      builder.add(itemPath);
      if (type.kind === "keyed" && isJsonObject(item)) collect(item, type.item, itemPath, builder);
    }
    return;
  }
  for (const [name, member] of Object.entries(value as JsonObject)) {
    const memberPath = [...path, `f:${name}`];
    const isEmpty = isJsonObject(member) && Object.keys(member).length === 0;
    if (isEmpty || type.kind === "map") builder.add(memberPath);
    if (!isEmpty) collect(member, memberType(type, name), memberPath, builder);
  }
}

/** What distinguishes two versions of an object. */
export interface FieldChanges {
  /** Fields that are new or have another value. */
  readonly changed: FieldSet;
  /** Fields that are gone. */
  readonly removed: FieldSet;
}

/** Compares two values of one type field by field. */
export function compareFields(before: JsonValue, after: JsonValue, type: StructuredType): FieldChanges {
  const changed = new FieldSetBuilder();
  const removed = new FieldSetBuilder();
  compare(before, after, type, [], changed, removed);
  return { changed: changed.build(), removed: removed.build() };
}

function compare(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  type: StructuredType,
  path: readonly string[],
  changed: FieldSetBuilder,
  removed: FieldSetBuilder,
): void {
  const isBeforeWalkable = isWalkable(before, type);
  const isAfterWalkable = isWalkable(after, type);
  if (after === undefined) removed.add(path);
  else if (before === undefined || (!isBeforeWalkable && !jsonEquals(before, after))) changed.add(path);
  else if (isBeforeWalkable && !isAfterWalkable) changed.add(path);
  const old = isBeforeWalkable ? membersOf(before as JsonValue, type) : noMembers;
  const now = isAfterWalkable ? membersOf(after as JsonValue, type) : noMembers;
  for (const [element, member] of old) {
    compare(member.value, now.get(element)?.value, member.type, [...path, element], changed, removed);
  }
  for (const [element, member] of now) {
    if (!old.has(element)) compare(undefined, member.value, member.type, [...path, element], changed, removed);
  }
}

interface Member {
  readonly value: JsonValue;
  readonly type: StructuredType;
}

const noMembers: ReadonlyMap<string, Member> = new Map();

function membersOf(value: JsonValue, type: StructuredType): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  if (Array.isArray(value)) {
    const itemType: StructuredType = type.kind === "keyed" ? type.item : { kind: "atomic" };
    for (const item of value) members.set(itemElement(type, item), { value: item, type: itemType });
    return members;
  }
  for (const [name, member] of Object.entries(value as JsonObject)) {
    if (member !== undefined) members.set(`f:${name}`, { value: member, type: memberType(type, name) });
  }
  return members;
}
