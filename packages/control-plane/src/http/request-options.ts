import { type DeleteOptions, type StatusCause, unsupportedValue } from "@wherry/kubernetes";
import type { FieldValidation } from "../decoding/decode-input.ts";
import { badRequest, invalid } from "../errors.ts";
import type { IncludeObject } from "../tables/table.ts";

const fieldValidations: readonly string[] = ["Ignore", "Strict", "Warn"];

/** Whether a query parameter says yes, as Go's conversion of booleans reads it. */
export function readFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** A query parameter that is a whole number not below zero; undefined where absent. Throws a 400 ApiError. */
export function readCount(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw badRequest(`${name}: Invalid value: "${value}": must be a whole number not below 0`);
  return Number(value);
}

/** Whether nothing is to be stored; throws a 422 ApiError for another value than `All`. */
export function readDryRun(query: URLSearchParams, optionsKind: string): boolean {
  const values = query.getAll("dryRun").filter((value) => value !== "");
  checkDryRun(values, optionsKind);
  return values.length > 0;
}

function checkDryRun(values: readonly string[], optionsKind: string): void {
  const bad = values.find((value) => value !== "All");
  if (bad !== undefined) throw refused(optionsKind, unsupportedValue("dryRun", [bad], ["All"]));
}

/** How unknown fields are met; upstream warns where the client says nothing. */
export function readFieldValidation(query: URLSearchParams, optionsKind: string): FieldValidation {
  const value = query.get("fieldValidation");
  if (value === null || value === "") return "Warn";
  if (fieldValidations.includes(value)) return value as FieldValidation;
  throw refused(optionsKind, unsupportedValue("fieldValidation", value, fieldValidations));
}

/** Who is recorded as the manager of fields: the parameter, or what the user agent starts with. */
export function readFieldManager(query: URLSearchParams): string | undefined {
  const manager = query.get("fieldManager");
  return manager === null || manager === "" ? undefined : manager.slice(0, 128);
}

/** What table rows carry. */
export function readIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject");
  return value === "None" || value === "Object" ? value : "Metadata";
}

/** Options of a delete from its body and query; the query wins. Throws ApiError. */
export function readDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const options: DeleteOptions = {};
  if (typeof body === "object" && body !== null) Object.assign(options, body as DeleteOptions);
  const grace = readCount(query, "gracePeriodSeconds");
  if (grace !== undefined) options.gracePeriodSeconds = grace;
  const policy = query.get("propagationPolicy");
  if (policy) options.propagationPolicy = policy;
  if (query.has("orphanDependents")) options.orphanDependents = readFlag(query, "orphanDependents");
  if (query.has("dryRun")) options.dryRun = query.getAll("dryRun");
  checkDryRun(options.dryRun ?? [], "DeleteOptions");
  const { propagationPolicy, gracePeriodSeconds } = options;
  const policies = ["Background", "Foreground", "Orphan"];
  if (propagationPolicy && !policies.includes(propagationPolicy)) {
    throw refused("DeleteOptions", unsupportedValue("propagationPolicy", propagationPolicy, policies));
  }
  if (gracePeriodSeconds !== undefined && !Number.isInteger(gracePeriodSeconds)) {
    throw badRequest(`gracePeriodSeconds must be a whole number, got ${JSON.stringify(gracePeriodSeconds)}`);
  }
  return options;
}

function refused(kind: string, cause: StatusCause): Error {
  return invalid({ group: "meta.k8s.io", kind }, "", [cause]);
}
