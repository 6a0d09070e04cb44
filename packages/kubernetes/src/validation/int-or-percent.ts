import { type FieldError, invalidValue } from "./field-error.ts";

const percentPattern = /^[0-9]+%$/;

/** Checks a number that may be given as a share, as upstream's ValidatePositiveIntOrPercent does. */
export function validateIntOrPercent(value: number | string, path: string): FieldError[] {
  if (typeof value === "string") {
    return percentPattern.test(value)
      ? []
      : [invalidValue(path, value, "must be an integer or percentage (e.g '5%%')")];
  }
  return value >= 0 ? [] : [invalidValue(path, value, "must be greater than or equal to 0")];
}

/** A share that must not be more than the whole. */
export function validateAtMostWhole(value: number | string, path: string): FieldError[] {
  return typeof value === "string" && percentPattern.test(value) && Number.parseInt(value, 10) > 100
    ? [invalidValue(path, value, "must not be greater than 100%")]
    : [];
}

/** Whether a valid value is none of anything: `0` or `0%`. */
export function isZeroIntOrPercent(value: number | string | undefined): boolean {
  return value === undefined || Number.parseInt(String(value), 10) === 0;
}

/** The number that `value` means of `total`; shares are rounded up or down. */
export function scaledIntOrPercent(value: number | string | undefined, total: number, rounding: "up" | "down"): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const share = (Number.parseInt(value, 10) * total) / 100;
  return rounding === "up" ? Math.ceil(share) : Math.floor(share);
}
