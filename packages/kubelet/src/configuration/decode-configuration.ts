import { isJsonObject, type JsonObject, type JsonValue, tryParseQuantity } from "@wherry/kubernetes";
import type { ConfigurationProblem } from "./errors.ts";
import type { FieldRule, FieldRules } from "./field-rule.ts";
import { fieldRules } from "./field-rules.ts";
import { tryParseGoDuration } from "./go-duration.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";
import { nearestName } from "./nearest-name.ts";

const apiVersion = "kubelet.config.k8s.io/v1beta1";
const kind = "KubeletConfiguration";

export interface DecodedConfiguration {
  readonly configuration: KubeletConfiguration;
  readonly problems: readonly ConfigurationProblem[];
  /** Fields that are set and that this kubelet does not implement, or not wholly. */
  readonly notImplemented: readonly ConfigurationProblem[];
}

/**
 * Checks a parsed file strictly: every field must exist upstream and have a value of its kind and in its range.
 *
 * Nulls count as absent. Never throws; with problems the configuration must not be used.
 */
export function decodeConfiguration(document: JsonValue): DecodedConfiguration {
  const problems: ConfigurationProblem[] = [];
  if (!isJsonObject(document)) {
    problems.push({ path: "", message: `it is ${describe(document)}, it must be a mapping with apiVersion and kind` });
    return { configuration: {}, problems, notImplemented: [] };
  }
  const { apiVersion: version, kind: name, ...fields } = document;
  if (version !== apiVersion)
    problems.push({ path: "apiVersion", message: `is ${describe(version)}, it must be "${apiVersion}"` });
  if (name !== kind) problems.push({ path: "kind", message: `is ${describe(name)}, it must be "${kind}"` });
  const check = new Check(problems);
  const configuration = check.fields(fields, fieldRules, "") as KubeletConfiguration;
  return { configuration, problems, notImplemented: check.notImplemented };
}

class Check {
  readonly notImplemented: ConfigurationProblem[] = [];
  readonly #problems: ConfigurationProblem[];

  constructor(problems: ConfigurationProblem[]) {
    this.#problems = problems;
  }

  fields(object: JsonObject, rules: FieldRules, parent: string): JsonObject {
    const result: JsonObject = {};
    for (const [name, value] of Object.entries(object)) {
      const path = parent === "" ? name : `${parent}.${name}`;
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule === undefined) {
        const near = nearestName(name, Object.keys(rules));
        this.#problem(path, `is not a known field${near === undefined ? "" : `; did you mean "${near}"?`}`);
      } else if (value !== null) {
        result[name] = this.#value(value, rule, path);
        if (rule.support === "missing" && !isDefault(value, rule))
          this.notImplemented.push({ path, message: rule.effect ?? "is not implemented and has no effect" });
      }
    }
    return result;
  }

  #value(value: JsonValue, rule: FieldRule, path: string): JsonValue {
    switch (rule.kind) {
      case "object":
        if (isJsonObject(value)) return this.fields(value, rule.fields, path);
        return this.#wrong(value, path, "a mapping");
      case "objects":
        if (!Array.isArray(value)) return this.#wrong(value, path, "a list of mappings");
        return value.map((entry, index) => {
          if (isJsonObject(entry)) return this.fields(entry, rule.fields, `${path}[${index}]`);
          return this.#wrong(entry, `${path}[${index}]`, "a mapping");
        });
      case "strings":
        if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
        return this.#wrong(value, path, "a list of strings");
      case "map":
        return this.#map(value, path);
      case "lists":
        if (!isJsonObject(value)) return this.#wrong(value, path, "a mapping of lists of strings");
        for (const [name, list] of Object.entries(value))
          if (!Array.isArray(list) || !list.every((entry) => typeof entry === "string"))
            this.#wrong(list, `${path}.${name}`, "a list of strings");
        return value;
      default:
        return this.#scalar(value, rule, path);
    }
  }

  #scalar(value: JsonValue, rule: FieldRule, path: string): JsonValue {
    switch (rule.kind) {
      case "boolean":
        return typeof value === "boolean" ? value : this.#wrong(value, path, "true or false");
      case "string":
        if (typeof value === "string" && (rule.oneOf === undefined || value === "" || rule.oneOf.includes(value)))
          return value;
        return this.#wrong(
          value,
          path,
          rule.oneOf === undefined ? "a string" : rule.oneOf.map((one) => `"${one}"`).join(" or "),
        );
      case "integer": {
        const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = rule;
        if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
        return this.#wrong(value, path, `a whole number${range(rule.min, rule.max)}`);
      }
      case "duration": {
        const ms = typeof value === "string" ? tryParseGoDuration(value) : undefined;
        if (ms === 0 || (ms !== undefined && ms >= (rule.minMs ?? 0))) return value;
        const least = rule.minMs !== undefined && rule.minMs >= 1000 ? ` of at least ${rule.minMs / 1000}s` : "";
        return this.#wrong(value, path, `a duration${least} such as "10s" or "1h30m"`);
      }
      case "quantity": {
        const quantity =
          typeof value === "string" || typeof value === "number" ? tryParseQuantity(String(value)) : undefined;
        if (quantity !== undefined && quantity.nano > 0n) return String(value);
        return this.#wrong(value, path, 'a quantity above 0 such as "10Mi"');
      }
      default:
        return value;
    }
  }

  #map(value: JsonValue, path: string): JsonValue {
    if (!isJsonObject(value)) return this.#wrong(value, path, "a mapping");
    const result: JsonObject = {};
    for (const [key, entry] of Object.entries(value)) {
      if (typeof entry === "string" || typeof entry === "number" || typeof entry === "boolean")
        result[key] = typeof entry === "number" ? String(entry) : entry;
      else this.#wrong(entry, `${path}.${key}`, "a string, a number or a boolean");
    }
    return result;
  }

  #wrong(value: JsonValue, path: string, wanted: string): JsonValue {
    this.#problem(path, `is ${describe(value)}, it must be ${wanted}`);
    return value;
  }

  #problem(path: string, message: string): void {
    this.#problems.push({ path, message });
  }
}

function isDefault(value: JsonValue, rule: FieldRule): boolean {
  if (rule.kind === "duration" && typeof value === "string" && tryParseGoDuration(value) === 0) return true;
  if (value === "") return true;
  return rule.default !== undefined && JSON.stringify(rule.default) === JSON.stringify(value);
}

function range(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return "";
  return max === undefined ? ` of ${min} or more` : ` from ${min} to ${max}`;
}

/** A value for a message, short. */
function describe(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
