import type { FieldShape } from "./field-shape.ts";
import { isJsonObject, type JsonValue } from "./json-value.ts";

/**
 * Orders a merged list by `$setElementOrder`, or by the patch itself: items that it names follow its order, items that only the
 * server has keep their place relative to the items they stood before.
 */
export function orderMergedList(
  original: JsonValue | undefined,
  merged: readonly JsonValue[],
  order: readonly JsonValue[],
  shape: FieldShape,
): JsonValue[] {
  const identity = (item: JsonValue): string => {
    const key = shape.mergeKey !== undefined && isJsonObject(item) ? item[shape.mergeKey] : item;
    return JSON.stringify(key ?? null);
  };
  const wanted = new Map(order.map((item, index) => [identity(item), index]));
  const serverOrder = new Map((Array.isArray(original) ? original : []).map((item, index) => [identity(item), index]));
  const named = merged.filter((item) => wanted.has(identity(item)));
  named.sort((left, right) => (wanted.get(identity(left)) ?? 0) - (wanted.get(identity(right)) ?? 0));
  const others = merged.filter((item) => !wanted.has(identity(item)));
  const result: JsonValue[] = [];
  let nextOther = 0;
  for (const item of named) {
    const place = serverOrder.get(identity(item));
    for (; place !== undefined && nextOther < others.length; nextOther++) {
      const other = others[nextOther] as JsonValue;
      if ((serverOrder.get(identity(other)) ?? Number.POSITIVE_INFINITY) > place) break;
      result.push(other);
    }
    result.push(item);
  }
  return [...result, ...others.slice(nextOther)];
}
