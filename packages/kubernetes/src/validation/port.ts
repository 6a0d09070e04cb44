import { checkRange, type FieldError, invalidValue } from "./field-error.ts";

const maxNameLength = 15;

/** Checks the number of a port. */
export function validatePortNumber(port: number, path: string): FieldError[] {
  return checkRange(path, port, 1, 65_535);
}

/** Checks the name of a port, as RFC 6335 has those of services; all that is wrong with it is told. */
export function validatePortName(name: string, path: string): FieldError[] {
  const problems: string[] = [];
  if (name.length > maxNameLength) problems.push(`must be no more than ${maxNameLength} characters`);
  if (!/^[-a-z0-9]+$/.test(name))
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (/^-|-$/.test(name)) problems.push("must not begin or end with a hyphen");
  return problems.map((problem) => invalidValue(path, name, problem));
}

/** Checks a port that is given by number or by name. */
export function validatePortOrName(port: number | string, path: string): FieldError[] {
  return typeof port === "number" ? validatePortNumber(port, path) : validatePortName(port, path);
}
