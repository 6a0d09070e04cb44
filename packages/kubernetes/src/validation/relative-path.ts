import { type FieldError, invalidValue } from "./field-error.ts";

/** Checks that a path has no segment `..`. */
export function validateNoWayUp(value: string, path: string): FieldError[] {
  return value.split("/").includes("..") ? [invalidValue(path, value, "must not contain '..'")] : [];
}

/** Checks a path below some directory: not absolute, no `..`. */
export function validateRelativePath(value: string, path: string): FieldError[] {
  return [
    ...(value.startsWith("/") ? [invalidValue(path, value, "must be a relative path")] : []),
    ...validateNoWayUp(value, path),
  ];
}

/** Checks the path of a file that a volume writes: names that begin with `..` are those that an update swaps. */
export function validateFilePath(value: string, path: string): FieldError[] {
  const isReserved = value.startsWith("..") && value !== ".." && !value.startsWith("../");
  return [
    ...validateRelativePath(value, path),
    ...(isReserved ? [invalidValue(path, value, "must not start with '..'")] : []),
  ];
}
