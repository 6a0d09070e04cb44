import { checkRange, type FieldError, invalidValue, requiredValue } from "../field-error.ts";
import { validateFilePath } from "../relative-path.ts";

/** Checks the items of config maps and secrets in volumes. */
export function validateItems(
  items: readonly { key: string; path: string; mode?: number | undefined }[] | undefined,
  path: string,
): FieldError[] {
  return (items ?? []).flatMap((item, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(item.key ? [] : [requiredValue(`${at}.key`)]),
      ...(item.path ? validateFilePath(item.path, `${at}.path`) : [requiredValue(`${at}.path`)]),
      ...validateMode(item.mode, `${at}.mode`),
    ];
  });
}

/** Checks the permission bits of a file. */
export function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (checkRange(path, mode, 0, 0o777).length === 0) return [];
  return [invalidValue(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}
