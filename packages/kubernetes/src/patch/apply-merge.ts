import type { FieldSet } from "./field-set.ts";
import { memberType } from "./field-walk.ts";
import { isJsonObject, type JsonObject, type JsonValue, setOwn } from "./json-value.ts";
import { itemElement, type StructuredType } from "./structured-type.ts";

/** Lays an applied configuration over the live value: members merge, items of keyed lists meet by key, the rest replaces. */
export function mergeApplied(live: JsonValue | undefined, applied: JsonValue, type: StructuredType): JsonValue {
  if ((type.kind === "struct" || type.kind === "map") && isJsonObject(applied)) {
    const result: JsonObject = isJsonObject(live) ? { ...live } : {};
    for (const [name, value] of Object.entries(applied)) {
      const before = Object.hasOwn(result, name) ? result[name] : undefined;
      setOwn(result, name, mergeApplied(before, value, memberType(type, name)));
    }
    return result;
  }
  if ((type.kind === "keyed" || type.kind === "set") && Array.isArray(applied)) {
    return mergeItems(Array.isArray(live) ? live : [], applied, type);
  }
  return applied;
}

/** Applied items keep their order among themselves, live ones theirs; live items come first where nothing ties the two. */
function mergeItems(live: readonly JsonValue[], applied: readonly JsonValue[], type: StructuredType): JsonValue[] {
  const itemType: StructuredType = type.kind === "keyed" ? type.item : { kind: "atomic" };
  const liveByElement = new Map(live.map((item) => [itemElement(type, item), item]));
  const appliedElements = new Set(applied.map((item) => itemElement(type, item)));
  const result: JsonValue[] = [];
  const taken = new Set<string>();
  let nextLive = 0;
  const takeLive = (): void => {
    for (; nextLive < live.length; nextLive++) {
      const item = live[nextLive] as JsonValue;
      const element = itemElement(type, item);
      if (!appliedElements.has(element)) result.push(item);
      else if (!taken.has(element)) return;
    }
  };
  for (const item of applied) {
    takeLive();
    const element = itemElement(type, item);
    taken.add(element);
    result.push(mergeApplied(liveByElement.get(element), item, itemType));
  }
  takeLive();
  return result;
}

/**
 * Removes from `value` what is in `last` and neither itself in `kept` nor leads to something that is: fields that a manager
 * applied before, applies no longer, and that nobody else owns.
 */
export function pruneFields(
  value: JsonValue,
  type: StructuredType,
  last: FieldSet,
  kept: FieldSet | undefined,
): JsonValue {
  if (isJsonObject(value)) {
    const result: JsonObject = {};
    for (const [name, member] of Object.entries(value)) {
      const element = `f:${name}`;
      const lastChild = last.children.get(element);
      const keptChild = kept?.children.get(element);
      if (lastChild?.isMember && keptChild === undefined) continue;
      const isUntouched = lastChild === undefined;
      setOwn(result, name, isUntouched ? member : pruneFields(member, memberType(type, name), lastChild, keptChild));
    }
    return result;
  }
  if (!Array.isArray(value) || (type.kind !== "keyed" && type.kind !== "set")) return value;
  const itemType: StructuredType = type.kind === "keyed" ? type.item : { kind: "atomic" };
  return value.flatMap((item) => {
    const element = itemElement(type, item);
    const lastChild = last.children.get(element);
    const keptChild = kept?.children.get(element);
    if (lastChild?.isMember && keptChild === undefined) return [];
    return [lastChild === undefined ? item : pruneFields(item, itemType, lastChild, keptChild)];
  });
}
