import type { StatusCause } from "@wherry/kubernetes";

/** What is wrong with one field, in the form of a status cause: the message does not repeat the field. */
export type FieldError = StatusCause & { readonly field: string; readonly message: string; readonly reason: string };

/** Values longer than this are cut in messages. */
const maxShownLength = 1000;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}...` : text;
}

export function required(field: string, detail = ""): FieldError {
  return { reason: "FieldValueRequired", message: `Required value${detail && `: ${detail}`}`, field };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}: ${detail}`, field };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const values = [...supported]
    .sort()
    .map((item) => JSON.stringify(item))
    .join(", ");
  return {
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${shown(value)}: supported values: ${values}`,
    field,
  };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field };
}

export function notFoundValue(field: string, value: unknown): FieldError {
  return { reason: "FieldValueNotFound", message: `Not found: ${shown(value)}`, field };
}

export function forbiddenValue(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field };
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxBytes} bytes`, field };
}

export function tooMany(field: string, count: number, max: number): FieldError {
  return { reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${max} items`, field };
}

/** `value` must be one of `supported`; nothing is said about an absent value. */
export function checkSupported(field: string, value: unknown, supported: readonly string[]): FieldError[] {
  if (value === undefined || (typeof value === "string" && supported.includes(value))) return [];
  return [notSupported(field, value, supported)];
}

/** `value` must not be below zero; nothing is said about an absent value. */
export function checkNonNegative(field: string, value: number | undefined): FieldError[] {
  if (value === undefined || value >= 0) return [];
  return [invalidValue(field, value, "must be greater than or equal to 0")];
}
