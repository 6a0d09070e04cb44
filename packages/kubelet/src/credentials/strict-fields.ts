import type { JsonObject, JsonValue } from "@wherry/kubernetes";
import type { ReportProblem } from "../configuration/errors.ts";

/** A list of strings; reports anything else and reads it as empty. */
export function readStrings(value: JsonValue | undefined, path: string, report: ReportProblem): string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return value;
  report(path, `is ${shown(value)}, it must be a list of strings`);
  return [];
}

/** Reports every field that is not among `known`; `path` is that of the object, empty for the document. */
export function refuseUnknown(object: JsonObject, known: readonly string[], path: string, report: ReportProblem): void {
  for (const name of Object.keys(object))
    if (!known.includes(name)) report(path === "" ? name : `${path}.${name}`, "is not a known field");
}

/** The value as problems show it. */
export function shown(value: JsonValue | undefined): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}
