import type { Container, EphemeralContainer, Volume, VolumeMount } from "../../api/index.ts";
import {
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  notFoundValue,
  requiredValue,
} from "../field-error.ts";
import { validateNoWayUp, validateRelativePath } from "../relative-path.ts";

type AnyContainer = Container | EphemeralContainer;
/** The volumes of a pod by name. */
export type VolumesByName = ReadonlyMap<string, Volume>;

/** Checks where a container sees the volumes of its pod. */
export function validateMounts(container: AnyContainer, path: string, volumes: VolumesByName): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const mountPaths = new Set<string>();
  const deviceNames = new Set(volumeDevices.map((device) => device.name));
  const devicePaths = new Set(volumeDevices.map((device) => device.devicePath));
  return volumeMounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const { name, mountPath } = mount;
    if (!name) errors.push(requiredValue(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name ?? ""));
    if (!mountPath) errors.push(requiredValue(`${at}.mountPath`));
    if (mountPaths.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, "must be unique"));
    mountPaths.add(mountPath);
    if (deviceNames.has(name)) errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeDevices"));
    if (devicePaths.has(mountPath))
      errors.push(invalidValue(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    return [...errors, ...validateSubPath(mount, path, index), ...validateOptions(mount, path, container)];
  });
}

/** Paths of the fields below have no index, as upstream names them. */
function validateSubPath({ subPath, subPathExpr }: VolumeMount, path: string, index: number): FieldError[] {
  return [
    ...(subPath ? validateRelativePath(subPath, `${path}.subPath`) : []),
    ...(subPath && subPathExpr
      ? [invalidValue(`${path}[${index}].subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive")]
      : []),
    ...(subPathExpr ? validateRelativePath(subPathExpr, `${path}.subPathExpr`) : []),
  ];
}

function validateOptions(
  { readOnly = false, mountPropagation, recursiveReadOnly }: VolumeMount,
  path: string,
  { securityContext }: AnyContainer,
): FieldError[] {
  const errors = [
    ...checkSupported(`${path}.mountPropagation`, mountPropagation, ["Bidirectional", "HostToContainer", "None"]),
    ...checkSupported(`${path}.recursiveReadOnly`, recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"]),
  ];
  if (mountPropagation === "Bidirectional" && securityContext?.privileged !== true)
    errors.push(
      forbiddenValue(
        `${path}.mountPropagation`,
        "Bidirectional mount propagation is available only to privileged containers",
      ),
    );
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible") return errors;
  const at = `${path}.recursiveReadOnly`;
  if (!readOnly) errors.push(forbiddenValue(at, "may only be specified when readOnly is true"));
  if (mountPropagation !== undefined && mountPropagation !== "None")
    errors.push(forbiddenValue(at, "may only be specified when mountPropagation is None or not specified"));
  return errors;
}

/** Checks the claims that a container sees as devices. */
export function validateDevices(
  { volumeDevices = [], volumeMounts = [] }: AnyContainer,
  path: string,
  volumes: VolumesByName,
): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mountNames = new Set(volumeMounts.map((mount) => mount.name));
  const mountPaths = new Set(volumeMounts.map((mount) => mount.mountPath));
  return volumeDevices.flatMap(({ name, devicePath }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const volume = volumes.get(name);
    if (!name) errors.push(requiredValue(`${at}.name`));
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, "must be unique"));
    if (volume === undefined) errors.push(notFoundValue(`${at}.name`, name));
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
      errors.push(
        invalidValue(
          `${at}.name`,
          name,
          "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
        ),
      );
    names.add(name);
    if (!devicePath) errors.push(requiredValue(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, "must be unique"));
    if (validateNoWayUp(devicePath, at).length > 0)
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    paths.add(devicePath);
    if (mountNames.has(name)) errors.push(invalidValue(`${at}.name`, name, "must not already exist in volumeMounts"));
    if (mountPaths.has(devicePath))
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts"));
    return errors;
  });
}
