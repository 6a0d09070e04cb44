import { dnsLabelProblem, type Volume } from "@wherry/kubernetes";
import {
  checkSupported,
  duplicate,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { validateRelativePath } from "./container-validation.ts";
import { validateItems, validateMode } from "./file-validation.ts";
import { validateProjected } from "./projected-validation.ts";

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
