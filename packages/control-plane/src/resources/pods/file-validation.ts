import { type FieldError, invalidValue, required } from "../../validation/field-error.ts";
import { validateRelativePath } from "./container-validation.ts";

/** Checks the items of config maps and secrets in volumes. */
export function validateItems(
  items: readonly { key: string; path: string; mode?: number | undefined }[] | undefined,
  path: string,
): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(item.key ? [] : [required(`${at}.key`)]),
      ...(item.path ? validateRelativePath(item.path, `${at}.path`) : [required(`${at}.path`)]),
      ...validateMode(item.mode, `${at}.mode`),
    ];
  });
}

export function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}
