import { isJsonObject, type JsonObject, type JsonValue, setOwn } from "./json-value.ts";

/**
 * Applies a JSON merge patch (RFC 7386): null removes a member, objects merge, all else replaces.
 *
 * Neither argument is changed; the result may share parts with both.
 */
export function applyMergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwn(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}
