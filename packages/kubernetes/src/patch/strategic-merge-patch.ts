import { schemaTable } from "../schema/table.ts";
import { PatchError } from "./errors.ts";
import { type FieldShape, fieldShape } from "./field-shape.ts";
import { isJsonObject, type JsonObject, type JsonValue, jsonEquals, setOwn } from "./json-value.ts";
import { orderMergedList } from "./list-order.ts";

const directive = "$patch";
const retainKeys = "$retainKeys";
const orderPrefix = "$setElementOrder/";
const deletePrefix = "$deleteFromPrimitiveList/";

/**
 * Applies a strategic merge patch to an object of the type `typeKey` (a key of the schema table, such as `core/v1.Pod`).
 *
 * Directives: `$patch` (merge, replace, delete), `$retainKeys`, `$setElementOrder/FIELD` and
 * `$deleteFromPrimitiveList/FIELD`. Fields that the table does not know merge as in a JSON merge patch. Neither argument is
 * changed; the result may share parts with both. Throws PatchError.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: JsonObject, typeKey: string): JsonObject {
  return mergeObject(document, patch, typeKey);
}

function mergeObject(original: JsonObject, patch: JsonObject, type: string | undefined): JsonObject {
  const kind = patch[directive];
  if (kind === "replace") return withoutDirectives(omit(patch, directive)) as JsonObject;
  if (kind === "delete") return {};
  if (kind !== undefined && kind !== "merge") throw unknownDirective(kind);
  const result: JsonObject = { ...original };
  const retained = patch[retainKeys];
  if (retained !== undefined) retain(result, patch, retained);
  for (const [key, value] of Object.entries(patch)) {
    if (key === directive || key === retainKeys || key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      const name = key.slice(deletePrefix.length);
      // A list that the same patch also merges is handled with it.
      if (!(name in patch)) mergeField(result, name, [], patch, type);
    } else if (value === null) delete result[key];
    else mergeField(result, key, value, patch, type);
  }
  for (const key of Object.keys(patch)) {
    const name = key.startsWith(orderPrefix) ? key.slice(orderPrefix.length) : "";
    if (name !== "" && !(name in patch) && !(`${deletePrefix}${name}` in patch))
      mergeField(result, name, [], patch, type);
  }
  return result;
}

function mergeField(
  result: JsonObject,
  key: string,
  value: JsonValue,
  patch: JsonObject,
  type: string | undefined,
): void {
  const shape = fieldShape(schemaTable, type, key);
  const before = Object.hasOwn(result, key) ? result[key] : undefined;
  if (isJsonObject(value)) {
    if (isJsonObject(before) && !shape.replaces) setOwn(result, key, mergeObject(before, value, shape.type));
    else if (value[directive] === "delete") delete result[key];
    else setOwn(result, key, withoutDirectives(value) as JsonObject);
    return;
  }
  if (!Array.isArray(value) || !shape.merges) {
    // Ordering alone never creates a list.
    if (Array.isArray(value) && value.length === 0 && !(key in patch)) return;
    setOwn(result, key, withoutDirectives(value));
    return;
  }
  const order = patch[orderPrefix + key];
  const deleted = patch[deletePrefix + key];
  if (before === undefined && !(key in patch)) return;
  const merged = mergeList(Array.isArray(before) ? before : [], value, shape, asList(deleted, deletePrefix + key));
  // A list that is replaced has its order, and may have several items of one key.
  const keepsOrder = order === undefined && value.some((item) => isJsonObject(item) && item[directive] === "replace");
  const wanted = order === undefined ? value : asList(order, orderPrefix + key);
  setOwn(result, key, keepsOrder ? merged : orderMergedList(before, merged, wanted, shape));
}

function mergeList(original: JsonValue[], patch: JsonValue[], shape: FieldShape, deleted: JsonValue[]): JsonValue[] {
  const { mergeKey } = shape;
  if (mergeKey === undefined || !patch.concat(original).every(isJsonObject)) {
    if (mergeKey !== undefined && patch.some(isJsonObject)) throw mixedList();
    const kept = original.filter((item) => !deleted.includes(item));
    return [...new Set([...kept, ...patch])];
  }
  const items = patch as JsonObject[];
  if (items.some((item) => item[directive] === "replace")) {
    return items.filter((item) => item[directive] !== "replace").map((item) => withoutDirectives(item));
  }
  let result = [...original] as JsonObject[];
  for (const item of items) {
    if (item[directive] === "delete") {
      const key = keyOf(item, mergeKey);
      result = result.filter((candidate) => !jsonEquals(candidate[mergeKey], key));
    }
  }
  for (const item of items) {
    if (item[directive] === "delete") continue;
    const key = keyOf(item, mergeKey);
    const index = result.findIndex((candidate) => jsonEquals(candidate[mergeKey], key));
    const before = result[index];
    if (before === undefined) result.push(withoutDirectives(omit(item, directive)) as JsonObject);
    else result[index] = mergeObject(before, item, shape.itemType);
  }
  return result;
}

function keyOf(item: JsonObject, mergeKey: string): JsonValue {
  const key = item[mergeKey];
  if (key === undefined) {
    throw new PatchError(
      "MALFORMED_PATCH",
      `map: ${JSON.stringify(item).slice(0, 200)} does not contain declared merge key: ${mergeKey}`,
    );
  }
  return key;
}

function retain(result: JsonObject, patch: JsonObject, retained: JsonValue): void {
  if (!Array.isArray(retained))
    throw new PatchError("MALFORMED_PATCH", `invalid patch format of ${retainKeys}: not a list`);
  const kept = new Set(retained);
  for (const key of Object.keys(patch)) {
    if (!key.startsWith("$") && patch[key] !== null && !kept.has(key)) {
      throw new PatchError("MALFORMED_PATCH", `patch has field "${key}" that ${retainKeys} does not list`);
    }
  }
  for (const key of Object.keys(result)) if (!kept.has(key)) delete result[key];
}

/** A value as it is taken over whole: directives and nulls removed at every depth. */
function withoutDirectives(value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    return value.filter((item) => !(isJsonObject(item) && item[directive] === "delete")).map(withoutDirectives);
  }
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null || key === directive || key === retainKeys) continue;
    if (key.startsWith(orderPrefix) || key.startsWith(deletePrefix)) continue;
    setOwn(result, key, withoutDirectives(item));
  }
  return result;
}

function omit(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}

function asList(value: JsonValue | undefined, name: string): JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new PatchError("MALFORMED_PATCH", `invalid patch format of ${name}: not a list`);
  return value;
}

function unknownDirective(kind: JsonValue): PatchError {
  return new PatchError(
    "MALFORMED_PATCH",
    `Unknown patch type ${JSON.stringify(kind)} in map: must be merge, replace or delete`,
  );
}

function mixedList(): PatchError {
  return new PatchError("INAPPLICABLE_PATCH", "invalid patch: list holds both objects and plain values");
}
