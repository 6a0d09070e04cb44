import type { StatusCause } from "../api/index.ts";

/** What is wrong with one field, in the form of a status cause: the message does not repeat the field. */
export type FieldError = StatusCause & { readonly field: string; readonly message: string; readonly reason: string };

/** Values longer than this are cut in messages. */
const maxShownLength = 1000;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}...` : text;
}

/** A field that must be there and is not. */
export function requiredValue(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", message: `Required value${detail && `: ${detail}`}`, field };
}

/** A field whose value is not of the form that `detail` names. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}: ${detail}`, field };
}

/** A field whose value is none of `supported`, which are named in this order. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const values = supported.map((item) => JSON.stringify(item)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${values}`,
    field,
  };
}

/** A field that has what only one may have. */
export function duplicateValue(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field };
}

/** A field that names what is not there. */
export function notFoundValue(field: string, value: unknown): FieldError {
  return { reason: "FieldValueNotFound", message: `Not found: ${shown(value)}`, field };
}

/** A field that must not be set here, or not so. */
export function forbiddenValue(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field };
}

/** A field whose value has more than `maxBytes`. */
export function tooLongValue(field: string, maxBytes: number): FieldError {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxBytes} bytes`, field };
}

/** A list with more than `max` items. */
export function tooManyItems(field: string, count: number, max: number): FieldError {
  return { reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${max} items`, field };
}

/** `value` must be one of `supported`; nothing is said about an absent value. */
export function checkSupported(field: string, value: unknown, supported: readonly string[]): FieldError[] {
  if (value === undefined || (typeof value === "string" && supported.includes(value))) return [];
  return [unsupportedValue(field, value, supported)];
}

/** `value` must not be below zero; nothing is said about an absent value. */
export function checkNonNegative(field: string, value: number | undefined): FieldError[] {
  if (value === undefined || value >= 0) return [];
  return [invalidValue(field, value, "must be greater than or equal to 0")];
}

/** `value` must lie between `min` and `max`; nothing is said about an absent value. */
export function checkRange(field: string, value: number | undefined, min: number, max: number): FieldError[] {
  if (value === undefined || (value >= min && value <= max)) return [];
  return [invalidValue(field, value, `must be between ${min} and ${max}, inclusive`)];
}

/** `value` must have the form that `problemOf` looks for, which says what is wrong with it or nothing. */
export function checkForm(
  field: string,
  value: string,
  problemOf: (value: string) => string | readonly string[] | undefined,
): FieldError[] {
  return [problemOf(value) ?? []].flat().map((problem) => invalidValue(field, value, problem));
}
