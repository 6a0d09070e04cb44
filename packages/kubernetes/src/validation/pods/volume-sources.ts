import type { ObjectMeta, Volume } from "../../api/index.ts";
import { parseQuantity } from "../../quantity.ts";
import { dnsLabelProblem, dnsSubdomainProblem } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkRange,
  checkSupported,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
  tooLongValue,
  unsupportedValue,
} from "../field-error.ts";
import { validateNoWayUp, validateRelativePath } from "../relative-path.ts";
import { validateDownwardFiles } from "./downward-api.ts";
import { validateEphemeralClaim } from "./ephemeral-claim.ts";
import { validateItems, validateMode } from "./file-items.ts";
import { validateProjected } from "./projected-volume.ts";

type Kind = Exclude<keyof Volume, "name">;
type Source<K extends Kind> = NonNullable<Volume[K]>;
/** Checks the source of one kind, which the volume has. */
type SourceRule = (volume: Volume, path: string, podMetadata: ObjectMeta | undefined) => FieldError[];

const maxDriverLength = 63;
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

function rule<K extends Kind>(
  kind: K,
  needed: readonly (keyof Source<K> & string)[],
  check: (
    source: Source<K>,
    path: string,
    volume: Volume,
    podMetadata: ObjectMeta | undefined,
  ) => FieldError[] = () => [],
): SourceRule {
  return (volume, volumePath, podMetadata) => {
    // In errors upstream has another name for this one.
    const path = `${volumePath}.${kind === "gcePersistentDisk" ? "persistentDisk" : kind}`;
    const source = volume[kind] as Source<K>;
    return [
      ...needed.filter((field) => isEmpty(source, field)).map((field) => requiredValue(`${path}.${field}`)),
      ...check(source, path, volume, podMetadata),
    ];
  };
}

function isEmpty<S extends object>(source: S, field: keyof S): boolean {
  const value: unknown = source[field];
  return value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** What the source of each kind of volume must have, in the order in which one is preferred where a volume has two. */
export const sourceRules: Readonly<Record<Kind, SourceRule>> = {
  emptyDir: rule("emptyDir", [], ({ sizeLimit }, path) =>
    sizeLimit !== undefined && parseQuantity(sizeLimit).nano < 0n
      ? [forbiddenValue(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity")]
      : [],
  ),
  hostPath: rule("hostPath", ["path"], (source, path) => [
    ...validateNoWayUp(source.path ?? "", `${path}.path`),
    ...checkSupported(`${path}.type`, source.type, hostPathTypes),
  ]),
  gitRepo: rule("gitRepo", ["repository"], ({ directory }, path) =>
    validateRelativePath(directory ?? "", `${path}.directory`),
  ),
  gcePersistentDisk: rule("gcePersistentDisk", ["pdName"], ({ partition }, path) => validatePartition(partition, path)),
  awsElasticBlockStore: rule("awsElasticBlockStore", ["volumeID"], ({ partition }, path) =>
    validatePartition(partition, path),
  ),
  secret: rule("secret", ["secretName"], ({ defaultMode, items }, path) => [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ]),
  nfs: rule("nfs", ["server", "path"], (source, path) =>
    source.path?.startsWith("/") ? [] : [invalidValue(`${path}.path`, source.path ?? "", "must be an absolute path")],
  ),
  iscsi: rule("iscsi", ["targetPortal", "iqn"], (source, path) => [
    ...(source.iqn ? checkForm(`${path}.iqn`, source.iqn, iqnProblem) : []),
    ...checkRange(`${path}.lun`, source.lun, 0, 255),
    ...((source.chapAuthDiscovery || source.chapAuthSession) && source.secretRef === undefined
      ? [requiredValue(`${path}.secretRef`)]
      : []),
    ...(source.initiatorName === undefined ? [] : checkForm(`${path}.initiatorname`, source.initiatorName, iqnProblem)),
  ]),
  glusterfs: rule("glusterfs", ["endpoints", "path"]),
  flexVolume: rule("flexVolume", ["driver"], ({ options }, path) =>
    Object.keys(options ?? {})
      .filter((key) => /^(?:[^/]*\.)?(?:kubernetes|k8s)\.io\//.test(key))
      .map((key) => invalidValue(`${path}.options[${key}]`, key, "kubernetes.io and k8s.io namespaces are reserved")),
  ),
  configMap: rule("configMap", [], ({ name, defaultMode, items }, path) => [
    ...(name ? [] : [requiredValue(`${path}.name`)]),
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...validateItems(items, `${path}.items`),
  ]),
  rbd: rule("rbd", ["monitors", "image"]),
  cinder: rule("cinder", ["volumeID"], validateSecretName),
  cephfs: rule("cephfs", ["monitors"]),
  flocker: rule("flocker", [], ({ datasetName, datasetUUID }, path) => validateFlocker(datasetName, datasetUUID, path)),
  persistentVolumeClaim: rule("persistentVolumeClaim", ["claimName"]),
  downwardAPI: rule("downwardAPI", [], ({ defaultMode, items }, path) => [
    ...validateMode(defaultMode, `${path}.defaultMode`),
    ...validateDownwardFiles(items, path),
  ]),
  fc: rule("fc", [], ({ targetWWNs = [], wwids = [], lun }, path) => validateFc(targetWWNs, wwids, lun, path)),
  azureFile: rule("azureFile", ["secretName", "shareName"]),
  vsphereVolume: rule("vsphereVolume", ["volumePath"]),
  photonPersistentDisk: rule("photonPersistentDisk", ["pdID"]),
  portworxVolume: rule("portworxVolume", ["volumeID"]),
  azureDisk: rule("azureDisk", ["diskName", "diskURI"], ({ cachingMode, kind, diskURI }, path) => [
    ...validateDiskUri(diskURI ?? "", kind, `${path}.diskURI`),
    ...checkSupported(`${path}.cachingMode`, cachingMode, ["None", "ReadOnly", "ReadWrite"]),
    ...checkSupported(`${path}.kind`, kind, ["Dedicated", "Managed", "Shared"]),
  ]),
  quobyte: rule("quobyte", ["volume"], ({ registry, tenant }, path) =>
    validateQuobyte(registry ?? "", tenant ?? "", path),
  ),
  storageos: rule("storageos", ["volumeName"], (source, path) => [
    ...checkForm(`${path}.volumeName`, source.volumeName || "a", dnsLabelProblem),
    ...(source.volumeNamespace ? checkForm(`${path}.volumeNamespace`, source.volumeNamespace, dnsLabelProblem) : []),
    ...validateSecretName(source, path),
  ]),
  scaleIO: rule("scaleIO", ["gateway", "system", "volumeName"]),
  projected: rule("projected", [], (source, path) => validateProjected(source, path)),
  csi: rule("csi", ["driver"], ({ driver, nodePublishSecretRef }, path) => [
    ...validateDriver(driver ?? "", `${path}.driver`),
    ...(nodePublishSecretRef !== undefined && !nodePublishSecretRef.name
      ? [requiredValue(`${path}.nodePublishSecretRef.name`)]
      : []),
  ]),
  ephemeral: rule("ephemeral", ["volumeClaimTemplate"], ({ volumeClaimTemplate }, path, { name }, podMetadata) =>
    volumeClaimTemplate === undefined
      ? []
      : validateEphemeralClaim(volumeClaimTemplate, `${path}.volumeClaimTemplate`, name, podMetadata),
  ),
  image: rule("image", [], ({ pullPolicy }, path) =>
    checkSupported(`${path}.pullPolicy`, pullPolicy, ["Always", "IfNotPresent", "Never"]),
  ),
};

function validateDriver(driver: string, path: string): FieldError[] {
  if (driver === "") return [];
  return [
    ...(driver.length > maxDriverLength ? [tooLongValue(path, maxDriverLength)] : []),
    ...checkForm(path, driver, (name) => dnsSubdomainProblem(name.toLowerCase())),
  ];
}

function validateFc(
  worldWideNames: readonly string[],
  ids: readonly string[],
  lun: number | undefined,
  path: string,
): FieldError[] {
  const at = `${path}.targetWWNs`;
  const errors: FieldError[] = [];
  if (worldWideNames.length === 0 && ids.length === 0)
    return [requiredValue(at, "must specify either targetWWNs or wwids, but not both")];
  if (worldWideNames.length > 0 && ids.length > 0)
    errors.push(invalidValue(at, worldWideNames, "targetWWNs and wwids can not be specified simultaneously"));
  if (worldWideNames.length === 0) return errors;
  if (lun === undefined) errors.push(requiredValue(`${path}.lun`, "lun is required if targetWWNs is specified"));
  return [...errors, ...checkRange(`${path}.lun`, lun, 0, 255)];
}

/** 0 is the whole disk. */
function validatePartition(partition: number | undefined, path: string): FieldError[] {
  return partition === 0 ? [] : checkRange(`${path}.partition`, partition, 1, 255);
}

function iqnProblem(name: string): string | undefined {
  const pattern = iqnPatterns[name.slice(0, 3)];
  if (pattern === undefined) return "must be valid format starting with iqn, eui, or naa";
  return pattern.test(name) ? undefined : "must be valid format";
}

const iqnPatterns: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.[a-zA-Z0-9.-]+:[^,;*&$|\s]+$/,
  eui: /^eui\.[a-zA-Z0-9]{16}$/,
  naa: /^naa\.[a-zA-Z0-9]{32}$/,
};

function validateSecretName({ secretRef }: { secretRef?: { name?: string | undefined } | undefined }, path: string) {
  return secretRef !== undefined && !secretRef.name ? [requiredValue(`${path}.secretRef.name`)] : [];
}

function validateFlocker(name: string | undefined, uuid: string | undefined, path: string): FieldError[] {
  if (!name && !uuid) return [requiredValue(path, "one of datasetName and datasetUUID is required")];
  const errors: FieldError[] = [];
  if (name && uuid)
    errors.push(invalidValue(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  if (name?.includes("/")) errors.push(invalidValue(`${path}.datasetName`, name, "must not contain '/'"));
  return errors;
}

function validateDiskUri(uri: string, kind: string | undefined, path: string): FieldError[] {
  const [start, form] =
    kind === "Managed"
      ? [
          "/subscriptions/",
          "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ]
      : ["https://", "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"];
  return uri.startsWith(start) ? [] : [unsupportedValue(path, uri, [form])];
}

function validateQuobyte(registry: string, tenant: string, volumePath: string): FieldError[] {
  const rule = "must be a host:port pair or multiple pairs separated by commas";
  const path = `${volumePath}.registry`;
  if (registry === "") return [requiredValue(path, rule)];
  if (tenant.length > 64)
    return [requiredValue(`${volumePath}.tenant`, "must be a UUID and may not exceed a length of 64 characters")];
  return registry.split(",").every((pair) => /^[^:]*:[^:]*$|^\[.*\]:[^:]*$/.test(pair))
    ? []
    : [invalidValue(path, registry, rule)];
}
