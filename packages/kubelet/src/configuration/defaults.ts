import { isJsonObject, type JsonObject, type JsonValue } from "@wherry/kubernetes";
import type { FieldRule, FieldRules } from "./field-rule.ts";
import { defaultEvictionHard, fieldRules } from "./field-rules.ts";
import { tryParseGoDuration } from "./go-duration.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";

/** The configuration with every default filled in, as `/configz` shows it. Pure. */
export function withDefaults(given: KubeletConfiguration): KubeletConfiguration {
  const filled = fill(given as JsonObject, fieldRules) as KubeletConfiguration;
  return {
    ...filled,
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    // A given update frequency is the report frequency too, as it was before there were two.
    nodeStatusReportFrequency:
      orUnset(given.nodeStatusReportFrequency) ?? orUnset(given.nodeStatusUpdateFrequency) ?? "5m0s",
    evictionHard: evictionHard(given),
  };
}

function evictionHard({
  evictionHard: given,
  mergeDefaultEvictionSettings,
}: KubeletConfiguration): Record<string, string> {
  if (given === undefined) return { ...defaultEvictionHard };
  return mergeDefaultEvictionSettings ? { ...defaultEvictionHard, ...given } : { ...given };
}

function fill(given: JsonObject, rules: FieldRules): JsonObject {
  const result: JsonObject = { ...given };
  for (const [name, rule] of Object.entries(rules)) {
    const value = result[name];
    if (rule.kind === "object") result[name] = fill(isJsonObject(value) ? value : {}, rule.fields);
    else if (rule.default !== undefined && isUnset(value, rule)) result[name] = rule.default as JsonValue;
  }
  return result;
}

/** As in Go's types: an empty string or a duration of 0 is as good as none. */
function isUnset(value: JsonValue | undefined, rule: FieldRule): boolean {
  if (value === undefined || value === "") return true;
  return rule.kind === "duration" && typeof value === "string" && tryParseGoDuration(value) === 0;
}

function orUnset(duration: string | undefined): string | undefined {
  return duration === undefined || tryParseGoDuration(duration) === 0 ? undefined : duration;
}
