import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector } from "../../api/index.ts";
import { checkForm, type FieldError, invalidValue, notFoundValue, requiredValue } from "../field-error.ts";
import { configKeyProblem, environmentNameProblem } from "../names.ts";
import { validateFilePath } from "../relative-path.ts";
import { validateFieldReference, validateResourceReference } from "./downward-api.ts";

/** Checks `env` of a container; `volumeNames` are those that files of variables may lie in. */
export function validateEnv(
  variables: readonly EnvVar[],
  path: string,
  volumeNames: ReadonlySet<string>,
): FieldError[] {
  return variables.flatMap(({ name, value, valueFrom }, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(name ? checkForm(`${at}.name`, name, environmentNameProblem) : [requiredValue(`${at}.name`)]),
      ...(valueFrom === undefined ? [] : validateSource(value, valueFrom, `${at}.valueFrom`, volumeNames)),
    ];
  });
}

function validateSource(
  value: string | undefined,
  source: EnvVarSource,
  path: string,
  volumeNames: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  if (source.fieldRef !== undefined)
    errors.push(...validateFieldReference(source.fieldRef, `${path}.fieldRef`, "environment"));
  if (source.resourceFieldRef !== undefined)
    errors.push(...validateResourceReference(source.resourceFieldRef, `${path}.resourceFieldRef`, "environment"));
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const reference = source[kind];
    if (reference === undefined) continue;
    if (!reference.name) errors.push(requiredValue(`${path}.${kind}.name`));
    errors.push(...validateKey(reference.key, `${path}.${kind}.key`));
  }
  if (source.fileKeyRef !== undefined)
    errors.push(...validateFileKey(source.fileKeyRef, `${path}.fileKeyRef`, volumeNames));
  const sources = Object.values(source).filter((reference) => reference !== undefined).length;
  if (sources === 0)
    errors.push(
      invalidValue(
        path,
        "",
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
      ),
    );
  else if (value) errors.push(invalidValue(path, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalidValue(path, "", "may not have more than one field specified at a time"));
  return errors;
}

function validateKey(key: string, path: string): FieldError[] {
  return key ? checkForm(path, key, configKeyProblem) : [requiredValue(path)];
}

function validateFileKey(
  { key, volumeName, path: file }: FileKeySelector,
  path: string,
  volumeNames: ReadonlySet<string>,
): FieldError[] {
  return [
    ...(key ? checkForm(`${path}.key`, key, environmentNameProblem) : [requiredValue(`${path}.key`)]),
    ...(volumeName ? [] : [requiredValue(`${path}.volumeName`)]),
    ...(volumeName && !volumeNames.has(volumeName) ? [notFoundValue(`${path}.volumeName`, volumeName)] : []),
    ...(file ? validateFilePath(file, `${path}.path`) : [requiredValue(`${path}.path`)]),
  ];
}

/** Checks `envFrom` of a container. */
export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    const errors = prefix ? checkForm(`${at}.prefix`, prefix, environmentNameProblem) : [];
    if (configMapRef !== undefined && !configMapRef.name) errors.push(requiredValue(`${at}.configMapRef.name`));
    if (secretRef !== undefined && !secretRef.name) errors.push(requiredValue(`${at}.secretRef.name`));
    if (configMapRef === undefined && secretRef === undefined)
      errors.push(invalidValue(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    if (configMapRef !== undefined && secretRef !== undefined)
      errors.push(invalidValue(path, "", "may not have more than one field specified at a time"));
    return errors;
  });
}
