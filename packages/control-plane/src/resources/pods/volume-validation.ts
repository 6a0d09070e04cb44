import { dnsLabelProblem, type ProjectedVolumeSource, type Volume } from "@wherry/kubernetes";
import {
  checkSupported,
  duplicate,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { validateRelativePath } from "./container-validation.ts";

const hostPathTypes: readonly string[] = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const minTokenSeconds = 600;

/** Checks `spec.volumes`; fills `names` with the volumes that mounts may refer to. */
export function validateVolumes(volumes: readonly Volume[], path: string, names: Set<string>): FieldError[] {
  const errors: FieldError[] = [];
  volumes.forEach((volume, index) => {
    const at = `${path}[${index}]`;
    if (!volume.name) errors.push(required(`${at}.name`));
    else {
      const problem = dnsLabelProblem(volume.name);
      if (problem !== undefined) errors.push(invalidValue(`${at}.name`, volume.name, problem));
      else if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
      names.add(volume.name);
    }
    errors.push(...validateSource(volume, at));
  });
  return errors;
}

function validateSource(volume: Volume, at: string): FieldError[] {
  const { name: _, ...sources } = volume;
  const kinds = Object.keys(sources);
  if (kinds.length === 0) return [required(at, "must specify a volume type")];
  const errors: FieldError[] = kinds
    .slice(1)
    .map((kind) => forbiddenValue(`${at}.${kind}`, "may not specify more than 1 volume type"));
  const { configMap, secret, hostPath, image, projected, persistentVolumeClaim, downwardAPI } = volume;
  if (configMap !== undefined) {
    if (!configMap.name) errors.push(required(`${at}.configMap.name`));
    errors.push(...validateMode(configMap.defaultMode, `${at}.configMap.defaultMode`));
    errors.push(...validateItems(configMap.items, `${at}.configMap.items`));
  }
  if (secret !== undefined) {
    if (!secret.secretName) errors.push(required(`${at}.secret.secretName`));
    errors.push(...validateMode(secret.defaultMode, `${at}.secret.defaultMode`));
    errors.push(...validateItems(secret.items, `${at}.secret.items`));
  }
  if (hostPath !== undefined) {
    if (!hostPath.path) errors.push(required(`${at}.hostPath.path`));
    else if (hostPath.path.split("/").includes("..")) {
      errors.push(invalidValue(`${at}.hostPath.path`, hostPath.path, "must not contain '..'"));
    }
    errors.push(...checkSupported(`${at}.hostPath.type`, hostPath.type, hostPathTypes));
  }
  if (image !== undefined) {
    errors.push(...checkSupported(`${at}.image.pullPolicy`, image.pullPolicy, ["Always", "IfNotPresent", "Never"]));
  }
  if (persistentVolumeClaim !== undefined && !persistentVolumeClaim.claimName) {
    errors.push(required(`${at}.persistentVolumeClaim.claimName`));
  }
  if (downwardAPI !== undefined) {
    (downwardAPI.items ?? []).forEach((item, index) => {
      const itemPath = `${at}.downwardAPI.items[${index}]`;
      if (!item.path) errors.push(required(`${itemPath}.path`));
      else errors.push(...validateRelativePath(item.path, `${itemPath}.path`));
    });
  }
  if (projected !== undefined) errors.push(...validateProjected(projected, `${at}.projected`));
  return errors;
}

function validateItems(
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

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

function validateProjected(projected: ProjectedVolumeSource, path: string): FieldError[] {
  const errors = validateMode(projected.defaultMode, `${path}.defaultMode`);
  (projected.sources ?? []).forEach((source, index) => {
    const at = `${path}.sources[${index}]`;
    const kinds = Object.keys(source);
    for (const kind of kinds.slice(1)) {
      errors.push(forbiddenValue(`${at}.${kind}`, "may not specify more than 1 volume type"));
    }
    if (source.secret !== undefined && !source.secret.name) errors.push(required(`${at}.secret.name`));
    if (source.configMap !== undefined && !source.configMap.name) errors.push(required(`${at}.configMap.name`));
    errors.push(...validateItems(source.secret?.items, `${at}.secret.items`));
    errors.push(...validateItems(source.configMap?.items, `${at}.configMap.items`));
    const token = source.serviceAccountToken;
    if (token === undefined) return;
    if ((token.expirationSeconds ?? minTokenSeconds) < minTokenSeconds) {
      const field = `${at}.serviceAccountToken.expirationSeconds`;
      errors.push(invalidValue(field, token.expirationSeconds, "may not specify a duration less than 10 minutes"));
    }
    if (!token.path) errors.push(required(`${at}.serviceAccountToken.path`));
    else errors.push(...validateRelativePath(token.path, `${at}.serviceAccountToken.path`));
  });
  return errors;
}
