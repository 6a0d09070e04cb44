import { fieldSchema, type JsonValue, schemaTable, tryParseQuantity } from "@wherry/kubernetes";
import { fieldRules, neededFields, unions } from "./field-rules.ts";
import { shown } from "./typed-value.ts";

/** Takes note of a problem; the message goes on from the path. */
export type Report = (path: string, message: string) => void;

const core = "core/v1.";

/** Checks a value that `typedValue` made against the rules of all types in it; quantities must not be negative anywhere. */
export function checkFields(value: JsonValue, kind: string, path: string, report: Report): void {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) checkFields(item, kind.slice(2), `${path}[${index}]`, report);
  else if (typeof value === "object" && value !== null) checkStruct(value, kind, path, report);
  else if (kind === "quantity" && (tryParseQuantity(String(value))?.nano ?? 0n) < 0n)
    report(path, `is ${shown(value)}, it must be 0 or more`);
}

function checkStruct(value: Readonly<Record<string, JsonValue>>, kind: string, path: string, report: Report): void {
  const type = kind.startsWith(core) ? kind.slice(core.length) : "";
  const at = (name: string) => (path === "" ? name : `${path}.${name}`);
  const rules = ownOf(fieldRules, type) ?? {};
  for (const [name, item] of Object.entries(value)) {
    const rule = ownOf(rules, name);
    if (rule !== undefined && !rule.holds(item)) report(at(name), `is ${shown(item)}, it must be ${rule.wanted}`);
    const inner = kind.startsWith("{}") ? kind.slice(2) : fieldSchema(schemaTable[kind], name)?.kind;
    if (inner !== undefined) checkFields(item, inner, at(name), report);
  }
  for (const name of ownOf(neededFields, type) ?? []) if (isEmpty(value[name])) report(at(name), "is missing");
  checkUnion(value, type, kind, path, report);
}

function checkUnion(
  value: Readonly<Record<string, JsonValue>>,
  type: string,
  kind: string,
  path: string,
  report: Report,
): void {
  const union = ownOf(unions, type);
  if (union === undefined) return;
  const names = union.of ?? Object.keys(schemaTable[kind]?.fields ?? {}).filter((name) => name !== "name");
  const present = names.filter((name) => value[name] !== undefined);
  if (present.length > 1) report(path, `has ${present.join(" and ")}, it must have one of them`);
  if (present.length === 0 && union.isOptional !== true)
    report(path, `has none of ${names.join(", ")}, it must have one`);
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function ownOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
