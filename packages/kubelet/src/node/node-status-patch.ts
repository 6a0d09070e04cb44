import type { NodeStatus } from "@wherry/kubernetes";

type Json = string | number | boolean | null | undefined | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Body of a strategic merge patch of a node's status; see `nodeStatusPatch`. */
export interface NodeStatusPatch {
  readonly status: Record<string, unknown>;
}

/**
 * The strategic merge patch that turns `from` into `to`, or undefined when they are equal.
 *
 * `conditions` merge by type; another order of the same ones is no difference. `addresses` merge by type too in the API's schema although the type is not unique, so a changed
 * list is sent whole with `$patch: replace`. All other lists are atomic.
 */
export function nodeStatusPatch(from: NodeStatus, to: NodeStatus): NodeStatusPatch | undefined {
  const before = from as JsonObject;
  const after = to as JsonObject;
  const status: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const change =
      key === "conditions"
        ? mergedByType(asList(before[key]), asList(after[key]))
        : key === "addresses"
          ? replaced(asList(before[key]), asList(after[key]))
          : difference(before[key], after[key]);
    if (change !== undefined) status[key] = change;
  }
  if (status["conditions"] !== undefined)
    status["$setElementOrder/conditions"] = asList(after["conditions"]).map(({ type }) => ({ type }));
  return Object.keys(status).length === 0 ? undefined : { status };
}

/** Whether two statuses differ in more than heartbeat times. */
export function nodeStatusChanged(from: NodeStatus, to: NodeStatus): boolean {
  return nodeStatusPatch(withoutHeartbeats(from), withoutHeartbeats(to)) !== undefined;
}

function withoutHeartbeats(status: NodeStatus): NodeStatus {
  return {
    ...status,
    conditions: (status.conditions ?? []).map(({ lastHeartbeatTime: _, ...condition }) => condition),
  };
}

function mergedByType(before: JsonObject[], after: JsonObject[]): Json {
  const old = new Map(before.map((entry) => [entry["type"], entry]));
  const changes: Json[] = [];
  for (const entry of after) {
    const change = difference(old.get(entry["type"]) ?? {}, entry);
    if (isObject(change)) changes.push({ ...change, type: entry["type"] });
    old.delete(entry["type"]);
  }
  for (const type of old.keys()) changes.push({ $patch: "delete", type });
  if (changes.length === 0) return undefined;
  return changes;
}

function replaced(before: JsonObject[], after: JsonObject[]): Json {
  return equal(before, after) ? undefined : [...after, { $patch: "replace" }];
}

/** What to send so that `before` becomes `after`: null removes, undefined means no change. */
function difference(before: Json, after: Json): Json {
  if (equal(before, after)) return undefined;
  if (!isObject(before) || !isObject(after)) return after ?? null;
  const change: JsonObject = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const entry = difference(before[key], after[key]);
    if (entry !== undefined) change[key] = entry;
  }
  return change;
}

/** Deep equality in which absent, empty list and empty object are one, as the API server drops empty fields. */
function equal(a: Json, b: Json): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((entry, index) => equal(entry, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
}

function isEmpty(value: Json): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asList(value: Json): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
