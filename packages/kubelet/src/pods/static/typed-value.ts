import { canonicalQuantity, fieldSchema, invalidValue, type JsonValue, schemaTable, setOwn } from "@wherry/kubernetes";
import type { ManifestProblem } from "./errors.ts";

const maxDepth = 64;
const maxShownLength = 80;

/** What `typedValue` found beside the value. */
export interface TypeFindings {
  readonly problems: ManifestProblem[];
  /** Paths of fields that the type does not have; they are left out of the value. */
  readonly unknown: string[];
}

/**
 * Reads a JSON value as an API type of the schema table, e.g. `core/v1.Pod`: unknown fields and nulls are left out, quantities
 * become strings, required fields are there, and every value of another type is a problem. The value must not be used where there are problems.
 */
export function typedValue(value: JsonValue, kind: string, path: string, findings: TypeFindings, depth = 0): JsonValue {
  const wrong = (wanted: string): JsonValue => {
    findings.problems.push(invalidValue(path, value, `must be ${wanted}`));
    return null;
  };
  if (depth > maxDepth) return wrong(`nested at most ${maxDepth} levels deep`);
  if (kind.startsWith("[]")) {
    if (!Array.isArray(value)) return wrong("a list");
    return value.map((item, index) => typedValue(item, kind.slice(2), `${path}[${index}]`, findings, depth + 1));
  }
  if (kind.startsWith("{}")) {
    if (!isMapping(value)) return wrong("a mapping");
    const result: Record<string, JsonValue> = {};
    for (const [key, item] of Object.entries(value))
      if (item !== null) setOwn(result, key, typedValue(item, kind.slice(2), `${path}.${key}`, findings, depth + 1));
    return result;
  }
  if (!Object.hasOwn(schemaTable, kind)) return scalar(value, kind, wrong);
  if (!isMapping(value)) return wrong("a mapping");
  return struct(value, kind, path, findings, depth);
}

function struct(
  value: Readonly<Record<string, JsonValue>>,
  kind: string,
  path: string,
  findings: TypeFindings,
  depth: number,
): JsonValue {
  const schema = schemaTable[kind];
  const result: Record<string, JsonValue> = {};
  for (const [name, item] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const field = fieldSchema(schema, name);
    if (field === undefined) findings.unknown.push(at);
    else if (item !== null) result[name] = typedValue(item, field.kind, at, findings, depth + 1);
  }
  // What a type cannot do without is empty where it is missing, as in Go; whether it may be is said by the rules of pods.
  for (const name of schema?.required ?? []) {
    const empty = emptyOf(fieldSchema(schema, name)?.kind ?? "");
    if (empty !== undefined) result[name] ??= empty;
  }
  return result;
}

function emptyOf(kind: string): JsonValue | undefined {
  if (kind.startsWith("[]")) return [];
  switch (kind) {
    case "string":
      return "";
    case "int32":
    case "int64":
    case "number":
    case "intOrString":
      return 0;
    case "boolean":
      return false;
    default:
      return undefined;
  }
}

function scalar(value: JsonValue, kind: string, wrong: (wanted: string) => JsonValue): JsonValue {
  const isText = typeof value === "string";
  const isWhole = typeof value === "number" && Number.isSafeInteger(value);
  const isInt32 = isWhole && value >= -(2 ** 31) && value < 2 ** 31;
  const bits = isWhole ? " of 32 bits" : "";
  switch (kind) {
    case "string":
    case "bytes":
    case "time":
    case "microtime":
      return isText ? value : wrong("a string");
    case "int32":
      return isInt32 ? value : wrong(`a whole number${bits}`);
    case "int64":
      return isWhole ? value : wrong("a whole number");
    case "number":
      return typeof value === "number" ? value : wrong("a number");
    case "boolean":
      return typeof value === "boolean" ? value : wrong("true or false");
    case "intOrString":
      return isText || isInt32 ? value : wrong(`a whole number${bits} or a string`);
    case "quantity":
      return quantity(value) ?? wrong('a quantity such as "100m" or "64Mi"');
    default:
      return value;
  }
}

function quantity(value: JsonValue): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  try {
    return canonicalQuantity(String(value));
  } catch {
    return undefined;
  }
}

/** A value for a message, short. */
export function shown(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length <= maxShownLength ? text : `${text.slice(0, maxShownLength - 3)}...`;
}

function isMapping(value: JsonValue): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
