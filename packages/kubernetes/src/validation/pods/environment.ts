import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector } from "../../api/index.ts";
import { dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import { checkForm, type FieldError, invalidValue, notFoundValue, requiredValue } from "../field-error.ts";
import { configKeyProblem, environmentNameProblem } from "../names.ts";
import { validateFilePath } from "../relative-path.ts";
import { validateFieldReference, validateResourceReference } from "./downward-api.ts";
import type { VolumesByName } from "./mounts.ts";

/** Checks `env` of a container; files of variables may lie in `volumes`. */
export function validateEnv(variables: readonly EnvVar[], path: string, volumes: VolumesByName): FieldError[] {
  return variables.flatMap(({ name, value, valueFrom }, index) => {
    const at = `${path}[${index}]`;
    return [
      ...(name ? checkForm(`${at}.name`, name, environmentNameProblem) : [requiredValue(`${at}.name`)]),
      ...(valueFrom === undefined ? [] : validateSource(value, valueFrom, `${at}.valueFrom`, volumes)),
    ];
  });
}

function validateSource(
  value: string | undefined,
  source: EnvVarSource,
  path: string,
  volumes: VolumesByName,
): FieldError[] {
  const errors: FieldError[] = [];
  if (source.fieldRef !== undefined)
    errors.push(...validateFieldReference(source.fieldRef, `${path}.fieldRef`, "environment"));
  if (source.resourceFieldRef !== undefined)
    errors.push(...validateResourceReference(source.resourceFieldRef, `${path}.resourceFieldRef`, "environment"));
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const reference = source[kind];
    if (reference === undefined) continue;
    errors.push(...checkForm(`${path}.${kind}.name`, reference.name ?? "", dnsSubdomainProblem));
    errors.push(...validateKey(reference.key, `${path}.${kind}.key`));
  }
  if (source.fileKeyRef !== undefined)
    errors.push(...validateFileKey(source.fileKeyRef, `${path}.fileKeyRef`, volumes));
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
  volumes: VolumesByName,
): FieldError[] {
  return [
    ...(key ? checkForm(`${path}.key`, key, environmentNameProblem) : [requiredValue(`${path}.key`)]),
    ...(volumeName ? [] : [requiredValue(`${path}.volumeName`)]),
    ...validateVolume(volumeName ?? "", `${path}.volumeName`, volumes),
    ...(file ? validateFilePath(file, `${path}.path`) : [requiredValue(`${path}.path`)]),
  ];
}

function validateVolume(name: string, path: string, volumes: VolumesByName): FieldError[] {
  const volume = volumes.get(name);
  if (volume === undefined) return [notFoundValue(path, name)];
  return volume.emptyDir === undefined ? [invalidValue(path, name, "referenced volume must be of type emptyDir")] : [];
}

function validateName(name: string, path: string): FieldError[] {
  return name ? checkForm(path, name, dnsSubdomainProblem) : [requiredValue(path)];
}

/** Checks `envFrom` of a container. */
export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap(({ prefix, configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    const errors = prefix ? checkForm(`${at}.prefix`, prefix, environmentNameProblem) : [];
    for (const [kind, reference] of Object.entries({ configMapRef, secretRef }))
      if (reference !== undefined) errors.push(...validateName(reference.name ?? "", `${at}.${kind}.name`));
    if (configMapRef === undefined && secretRef === undefined)
      errors.push(invalidValue(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    if (configMapRef !== undefined && secretRef !== undefined)
      errors.push(invalidValue(path, "", "may not have more than one field specified at a time"));
    return errors;
  });
}
