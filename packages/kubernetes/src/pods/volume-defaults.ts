import type { DownwardAPIVolumeFile, Volume, VolumeProjection } from "../api/index.ts";

const fileMode = 0o644;
const tokenSeconds = 3600;

/** Sets the defaults of a volume in place; without a source it is an `emptyDir`. */
export function setVolumeDefaults(volume: Volume): void {
  if (Object.entries(volume).every(([key, source]) => key === "name" || source === undefined)) volume.emptyDir = {};
  const { secret, configMap, hostPath, image, downwardAPI, projected, ephemeral } = volume;
  if (secret !== undefined) secret.defaultMode ??= fileMode;
  if (configMap !== undefined) configMap.defaultMode ??= fileMode;
  if (hostPath !== undefined) hostPath.type ??= "";
  if (image !== undefined) image.pullPolicy ||= defaultPullPolicy(image.reference ?? "");
  if (downwardAPI !== undefined) downwardAPI.defaultMode ??= fileMode;
  setFileDefaults(downwardAPI?.items);
  if (projected !== undefined) projected.defaultMode ??= fileMode;
  for (const source of projected?.sources ?? []) setProjectionDefaults(source);
  if (ephemeral?.volumeClaimTemplate?.spec !== undefined)
    ephemeral.volumeClaimTemplate.spec.volumeMode ??= "Filesystem";
  setBlockDefaults(volume);
}

/**
 * `Always` for the tag `latest`, also where it is only implied; `IfNotPresent` for other tags, for digests and for what names no
 * image.
 */
export function defaultPullPolicy(image: string): string {
  if (!/^\S+$/.test(image)) return "IfNotPresent";
  const [name = "", digest] = image.split("@");
  const tag = /:([^:/]+)$/.exec(name)?.[1];
  return tag === "latest" || (tag === undefined && digest === undefined) ? "Always" : "IfNotPresent";
}

function setProjectionDefaults({ downwardAPI, serviceAccountToken }: VolumeProjection): void {
  setFileDefaults(downwardAPI?.items);
  if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= tokenSeconds;
}

function setFileDefaults(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of files ?? []) {
    if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
    if (resourceFieldRef !== undefined) resourceFieldRef.divisor ||= "0";
  }
}

/** Of kinds that a node attaches or mounts as file systems. */
function setBlockDefaults({ iscsi, rbd, azureDisk, scaleIO }: Volume): void {
  if (iscsi !== undefined) iscsi.iscsiInterface ||= "default";
  if (rbd !== undefined) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
  if (scaleIO !== undefined) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}
