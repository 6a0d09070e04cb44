import { type JsonValue, jsonEquals, type PodCondition, type PodStatus } from "@wherry/kubernetes";

type PatchValue = Record<string, unknown>;

/** Lists that a strategic merge patch merges by `ip`; a change replaces them whole. */
const addressLists: readonly string[] = ["podIPs", "hostIPs"];

/** What the writer knows of one pod's status. */
export interface StatusKnowledge {
  /** The status this kubelet sent last, or the API's where it has sent none. */
  readonly sent: PodStatus;
  /** The API's status after that. */
  readonly stored: PodStatus;
  /** The API's status as seen last. */
  readonly observed: PodStatus;
}

/**
 * The strategic merge patch that turns the API's status into `desired`, or undefined where nothing needs to change.
 *
 * A field is sent when it differs from what was sent last, or when somebody else changed it since. Values that the server
 * completes on its own therefore do not lead to endless writing. Conditions of others are never in the patch.
 */
export function statusPatch(
  desired: PodStatus,
  knowledge: StatusKnowledge,
  ownConditions: ReadonlySet<string>,
): PatchValue | undefined {
  const patch: PatchValue = {};
  // The last two are mostly in neither: what others wrote there is to go.
  const fields = new Set([...Object.keys(desired), ...Object.keys(knowledge.sent), "reason", "message"]);
  fields.delete("conditions");
  for (const field of fields) {
    const wanted = fieldOf(desired, field);
    if (!needsWrite(wanted, field, knowledge)) continue;
    if (wanted === undefined) patch[field] = null;
    else patch[field] = addressLists.includes(field) ? [{ $patch: "replace" }, ...(wanted as unknown[])] : wanted;
  }
  const conditions = conditionPatches(desired, knowledge, ownConditions);
  if (conditions.length > 0) patch["conditions"] = conditions;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function needsWrite(wanted: unknown, field: string, { sent, stored, observed }: StatusKnowledge): boolean {
  if (!same(wanted, fieldOf(sent, field))) return true;
  const now = fieldOf(observed, field);
  return !same(now, fieldOf(stored, field)) && !same(now, wanted);
}

function conditionPatches(desired: PodStatus, knowledge: StatusKnowledge, own: ReadonlySet<string>): PatchValue[] {
  const patches: PatchValue[] = [];
  const wanted = new Map((desired.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const [type, condition] of wanted) {
    if (!own.has(type)) continue;
    const now = conditionOf(knowledge.observed, type);
    const unchanged = sameCondition(condition, conditionOf(knowledge.sent, type));
    const untouched = sameCondition(now, conditionOf(knowledge.stored, type)) || sameCondition(now, condition);
    if (!unchanged || !untouched) patches.push({ reason: null, message: null, ...withoutUndefined(condition) });
  }
  for (const { type } of knowledge.sent.conditions ?? [])
    if (own.has(type) && !wanted.has(type)) patches.push({ type, $patch: "delete" });
  return patches;
}

function sameCondition(left: PodCondition | undefined, right: PodCondition | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.status === right.status &&
    (left.reason ?? "") === (right.reason ?? "") &&
    (left.message ?? "") === (right.message ?? "") &&
    left.observedGeneration === right.observedGeneration &&
    left.lastTransitionTime === right.lastTransitionTime
  );
}

function conditionOf(status: PodStatus, type: string): PodCondition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

function withoutUndefined(value: object): PatchValue {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined && entry !== null));
}

function fieldOf(status: PodStatus, field: string): unknown {
  return (status as Readonly<Record<string, unknown>>)[field];
}

function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  return jsonEquals(left as JsonValue, right as JsonValue);
}
