import type { Pod, WaitingReason } from "@wherry/kubernetes";
import type { PodRefusal } from "../provider/provider.ts";
import { type FieldRule, podFieldTable, type RuntimeAbility } from "./pod-field-table.ts";

export const unsupportedFieldReason = "UnsupportedField";

const maxNamed = 5;

/**
 * Refuses a pod that uses fields which would change what it gets and which this provider does not know to honour.
 *
 * @param abilities what the runtime can do beyond what all can
 */
export function refuseUnsupportedFields(
  pod: Pod,
  abilities: ReadonlySet<RuntimeAbility> = new Set(),
): PodRefusal | undefined {
  return refuseFields(
    pod,
    podFieldTable.filter(({ unless }) => unless === undefined || !abilities.has(unless)),
  );
}

/**
 * Refuses a pod of which a rule with the verdict `refused` meets a value; the message names the first fields, each with its `why`. Pure
 * and quick, for `Provider.admit`. Fields without a rule pass.
 */
export function refuseFields(pod: Pod, rules: readonly FieldRule[]): PodRefusal | undefined {
  const found: string[] = [];
  for (const rule of rules) {
    // Ephemeral containers come later, through a subresource, and must not end a pod that runs.
    if (rule.verdict !== "refused" || rule.path === "ephemeralContainers") continue;
    for (const { path, value } of valuesAt(pod.spec ?? {}, rule))
      if (rule.when?.(value) ?? true) found.push(`${path}: ${rule.why}`);
  }
  if (found.length === 0) return undefined;
  const named = found.slice(0, maxNamed).join("; ");
  const more = found.length > maxNamed ? `; and ${found.length - maxNamed} more` : "";
  return { reason: unsupportedFieldReason, message: `Pod was rejected: ${named}${more}` };
}

/** What an ephemeral container shows for ever. */
export const unsupportedEphemeral: WaitingReason = {
  reason: unsupportedFieldReason,
  message: "ephemeral containers are not supported",
};

interface Found {
  readonly path: string;
  readonly value: unknown;
}

/** The values at the rule's path that say anything: neither absent, null, nor an empty list or object. */
function valuesAt(spec: object, rule: FieldRule): Found[] {
  let found: Found[] = [{ path: "spec", value: spec }];
  for (const step of rule.path.split(".")) {
    const name = step.replace("[]", "");
    found = found.flatMap(({ path, value }) => {
      const next = isObject(value) ? value[name] : undefined;
      if (!step.endsWith("[]")) return [{ path: `${path}.${name}`, value: next }];
      return Array.isArray(next)
        ? next.map((entry, index) => ({ path: `${path}.${name}[${index}]`, value: entry }))
        : [];
    });
  }
  return found.filter(({ value }) => !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
