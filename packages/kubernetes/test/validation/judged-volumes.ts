import type { Pod, VolumeProjection } from "@wherry/kubernetes";
import { inPod, type JudgedPod, withProjected, withVolume } from "./judged-pods.ts";

const claim = (spec: object): object => ({ ephemeral: { volumeClaimTemplate: { spec } } });
const withToken = (serviceAccountToken: object): Pod =>
  inPod({
    serviceAccountName: "default",
    volumes: [{ name: "v", projected: { sources: [{ serviceAccountToken } as VolumeProjection] } }],
  });
const fieldRef = { fieldPath: "metadata.name" };

/** Volumes that no pod can have. */
export const refusedVolumes: readonly JudgedPod[] = [
  ["spec.volumes[0].name: Required value", inPod({ volumes: [{ name: "" }] })],
  [
    "spec.volumes[0].name: Invalid value: \"V_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    inPod({ volumes: [{ name: "V_" }] }),
  ],
  ['spec.volumes[1].name: Duplicate value: "v"', inPod({ volumes: [{ name: "v" }, { name: "v" }] })],
  [
    "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    withVolume({ emptyDir: {}, hostPath: { path: "/" } }),
  ],
  [
    "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
    withVolume({ emptyDir: { sizeLimit: "-1" } }),
  ],
  ["spec.volumes[0].hostPath.path: Required value", withVolume({ hostPath: { path: "" } })],
  [
    "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
    withVolume({ hostPath: { path: "/a/../b" } }),
  ],
  [
    'spec.volumes[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    withVolume({ hostPath: { path: "/a", type: "Pipe" } }),
  ],
  ["spec.volumes[0].configMap.name: Required value", withVolume({ configMap: { name: "" } })],
  [
    "spec.volumes[0].configMap.defaultMode: Invalid value: 755: must be a number between 0 and 0777 (octal), both inclusive; spec.volumes[0].configMap.items[0].key: Required value; spec.volumes[0].configMap.items[0].path: Required value",
    withVolume({ configMap: { name: "c", defaultMode: 755, items: [{ key: "", path: "" }] } }),
  ],
  [
    "spec.volumes[0].configMap.items[0].path: Invalid value: \"../x\": must not contain '..'; spec.volumes[0].configMap.items[0].mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive",
    withVolume({ configMap: { name: "c", items: [{ key: "k", path: "../x", mode: -1 }] } }),
  ],
  [
    "spec.volumes[0].configMap.items[0].path: Invalid value: \"..x\": must not start with '..'",
    withVolume({ configMap: { name: "c", items: [{ key: "k", path: "..x" }] } }),
  ],
  ["spec.volumes[0].secret.secretName: Required value", withVolume({ secret: { secretName: "" } })],
  [
    'spec.volumes[0].secret.items[0].path: Invalid value: "/x": must be a relative path',
    withVolume({ secret: { secretName: "s", items: [{ key: "k", path: "/x" }] } }),
  ],
  [
    "spec.volumes[0].persistentVolumeClaim.claimName: Required value",
    withVolume({ persistentVolumeClaim: { claimName: "" } }),
  ],
  [
    "spec.volumes[0].downwardAPI.defaultMode: Invalid value: 755: must be a number between 0 and 0777 (octal), both inclusive",
    withVolume({ downwardAPI: { defaultMode: 755 } }),
  ],
  [
    "spec.volumes[0].downwardAPI.path: Required value",
    withVolume({ downwardAPI: { items: [{ path: "", fieldRef }] } }),
  ],
  [
    "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
    withVolume({ downwardAPI: { items: [{ path: "a" }] } }),
  ],
  [
    'spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
    withVolume({ downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "spec.nodeName" } }] } }),
  ],
  [
    "spec.volumes[0].downwardAPI.fieldRef: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    withVolume({ downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.annotations['a b']" } }] } }),
  ],
  [
    "spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value",
    withVolume({ downwardAPI: { items: [{ path: "a", resourceFieldRef: { resource: "limits.cpu" } }] } }),
  ],
  [
    'spec.volumes[0].downwardAPI: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
    withVolume({
      downwardAPI: {
        items: [{ path: "a", fieldRef, resourceFieldRef: { containerName: "a", resource: "limits.cpu" } }],
      },
    }),
  ],
  [
    "spec.volumes[0].downwardAPI.mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    withVolume({ downwardAPI: { items: [{ path: "a", fieldRef, mode: 512 }] } }),
  ],
  [
    "spec.volumes[0].projected.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
    withVolume({ projected: { defaultMode: 512 } }),
  ],
  [
    "spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
    withProjected({ downwardAPI: { items: [{ path: "a" }] } }),
  ],
  [
    "spec.volumes[0].projected.sources[0].secret.name: Required value; spec.volumes[0].projected.sources[1].configMap.name: Required value",
    withProjected({ secret: { name: "" } }, { configMap: { name: "" } }),
  ],
  [
    "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
    withProjected({ secret: { name: "s" }, configMap: { name: "c" } }),
  ],
  [
    'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths',
    withProjected(
      { secret: { name: "s", items: [{ key: "k", path: "a" }] } },
      { configMap: { name: "c", items: [{ key: "k", path: "a" }] } },
    ),
  ],
  [
    'spec.volumes[0].projected: Invalid value: "a": conflicting duplicate paths',
    withProjected({
      downwardAPI: {
        items: [
          { path: "a", fieldRef },
          { path: "a", fieldRef },
        ],
      },
    }),
  ],
  [
    "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes; spec.volumes[0].projected.path: Required value",
    withToken({ path: "", expirationSeconds: 60 }),
  ],
  [
    "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds; spec.volumes[0].projected.path: Invalid value: \"../t\": must not contain '..'",
    withToken({ path: "../t", expirationSeconds: 2 ** 33 }),
  ],
  ["spec.volumes[0].image.reference: Required value", withVolume({ image: {} })],
  [
    'spec.volumes[0].image.pullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"',
    withVolume({ image: { reference: "b", pullPolicy: "Often" } }),
  ],
  [
    'spec.volumes[0].nfs.server: Required value; spec.volumes[0].nfs.path: Invalid value: "a": must be an absolute path',
    withVolume({ nfs: { server: "", path: "a" } }),
  ],
  [
    "spec.volumes[0].iscsi.targetPortal: Required value; spec.volumes[0].iscsi.iqn: Required value",
    withVolume({ iscsi: { targetPortal: "", iqn: "", lun: 0 } }),
  ],
  [
    'spec.volumes[0].iscsi.iqn: Invalid value: "abc": must be valid format starting with iqn, eui, or naa; spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    withVolume({ iscsi: { targetPortal: "p", iqn: "abc", lun: 256 } }),
  ],
  [
    "spec.volumes[0].glusterfs.endpoints: Required value; spec.volumes[0].glusterfs.path: Required value",
    withVolume({ glusterfs: { endpoints: "", path: "" } }),
  ],
  [
    "spec.volumes[0].rbd.monitors: Required value; spec.volumes[0].rbd.image: Required value",
    withVolume({ rbd: { monitors: [], image: "" } }),
  ],
  ["spec.volumes[0].cephfs.monitors: Required value", withVolume({ cephfs: { monitors: [] } })],
  ["spec.volumes[0].cinder.volumeID: Required value", withVolume({ cinder: { volumeID: "" } })],
  [
    "spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both",
    withVolume({ fc: {} }),
  ],
  [
    "spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified",
    withVolume({ fc: { targetWWNs: ["w"] } }),
  ],
  [
    'spec.volumes[0].fc.targetWWNs: Invalid value: ["w"]: targetWWNs and wwids can not be specified simultaneously; spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified',
    withVolume({ fc: { targetWWNs: ["w"], wwids: ["w"] } }),
  ],
  [
    "spec.volumes[0].persistentDisk.pdName: Required value; spec.volumes[0].persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
    withVolume({ gcePersistentDisk: { pdName: "", partition: 256 } }),
  ],
  [
    "spec.volumes[0].awsElasticBlockStore.volumeID: Required value; spec.volumes[0].awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive",
    withVolume({ awsElasticBlockStore: { volumeID: "", partition: -1 } }),
  ],
  [
    "spec.volumes[0].azureFile.secretName: Required value; spec.volumes[0].azureFile.shareName: Required value",
    withVolume({ azureFile: { secretName: "", shareName: "" } }),
  ],
  [
    'spec.volumes[0].azureDisk.diskName: Required value; spec.volumes[0].azureDisk.diskURI: Required value; spec.volumes[0].azureDisk.diskURI: Unsupported value: "": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    withVolume({ azureDisk: { diskName: "", diskURI: "" } }),
  ],
  [
    'spec.volumes[0].azureDisk.cachingMode: Unsupported value: "Some": supported values: "None", "ReadOnly", "ReadWrite"',
    withVolume({ azureDisk: { diskName: "d", diskURI: "/subscriptions/a", cachingMode: "Some", kind: "Managed" } }),
  ],
  [
    'spec.volumes[0].azureDisk.diskURI: Unsupported value: "https://a": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    withVolume({ azureDisk: { diskName: "d", diskURI: "https://a", kind: "Managed" } }),
  ],
  [
    'spec.volumes[0].azureDisk.diskURI: Unsupported value: "a": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    withVolume({ azureDisk: { diskName: "d", diskURI: "a", kind: "Shared" } }),
  ],
  ["spec.volumes[0].vsphereVolume.volumePath: Required value", withVolume({ vsphereVolume: { volumePath: "" } })],
  ["spec.volumes[0].photonPersistentDisk.pdID: Required value", withVolume({ photonPersistentDisk: { pdID: "" } })],
  ["spec.volumes[0].portworxVolume.volumeID: Required value", withVolume({ portworxVolume: { volumeID: "" } })],
  [
    "spec.volumes[0].quobyte.volume: Required value; spec.volumes[0].quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas",
    withVolume({ quobyte: { registry: "", volume: "" } }),
  ],
  [
    'spec.volumes[0].quobyte.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas',
    withVolume({ quobyte: { registry: "a", volume: "v" } }),
  ],
  [
    "spec.volumes[0].scaleIO.gateway: Required value; spec.volumes[0].scaleIO.system: Required value; spec.volumes[0].scaleIO.volumeName: Required value",
    withVolume({ scaleIO: { gateway: "", system: "", secretRef: { name: "" }, volumeName: "" } }),
  ],
  ["spec.volumes[0].storageos.volumeName: Required value", withVolume({ storageos: { volumeName: "" } })],
  [
    "spec.volumes[0].flocker: Required value: one of datasetName and datasetUUID is required",
    withVolume({ flocker: {} }),
  ],
  [
    "spec.volumes[0].flocker.datasetName: Invalid value: \"a/b\": must not contain '/'",
    withVolume({ flocker: { datasetName: "a/b" } }),
  ],
  [
    'spec.volumes[0].flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
    withVolume({ flocker: { datasetName: "a", datasetUUID: "b" } }),
  ],
  [
    "spec.volumes[0].gitRepo.repository: Required value; spec.volumes[0].gitRepo.directory: Invalid value: \"../a\": must not contain '..'",
    withVolume({ gitRepo: { repository: "", directory: "../a" } }),
  ],
  [
    'spec.volumes[0].flexVolume.driver: Required value; spec.volumes[0].flexVolume.options[kubernetes.io/a]: Invalid value: "kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved',
    withVolume({ flexVolume: { driver: "", options: { "kubernetes.io/a": "b" } } }),
  ],
  [
    "spec.volumes[0].quobyte.tenant: Required value: must be a UUID and may not exceed a length of 64 characters",
    withVolume({ quobyte: { registry: "a", volume: "v", tenant: "t".repeat(65) } }),
  ],
  ["spec.volumes[0].csi.driver: Required value", withVolume({ csi: { driver: "" } })],
  [
    "spec.volumes[0].csi.driver: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); spec.volumes[0].csi.nodePublishSecretRef.name: Required value",
    withVolume({ csi: { driver: "a_b", nodePublishSecretRef: { name: "" } } }),
  ],
  [
    "spec.volumes[0].csi.driver: Too long: may not be more than 63 bytes",
    withVolume({ csi: { driver: "a".repeat(64) } }),
  ],
  ["spec.volumes[0].ephemeral.volumeClaimTemplate: Required value", withVolume({ ephemeral: {} })],
  [
    "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required; spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
    withVolume(claim({})),
  ],
  [
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "Some": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"; spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: "0": must be greater than zero',
    withVolume(claim({ accessModes: ["Some"], resources: { requests: { storage: "0" } } })),
  ],
  [
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeMode: Unsupported value: "File": supported values: "Block", "Filesystem"; spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    withVolume(
      claim({
        accessModes: ["ReadWriteOncePod", "ReadWriteOnce"],
        volumeMode: "File",
        resources: { requests: { storage: "1" } },
      }),
    ),
  ],
  [
    'spec.volumes[0].iscsi.iqn: Invalid value: "iqn.bad": must be valid format; spec.volumes[0].iscsi.secretRef: Required value; spec.volumes[0].iscsi.initiatorname: Invalid value: "a": must be valid format starting with iqn, eui, or naa',
    withVolume({ iscsi: { targetPortal: "p", iqn: "iqn.bad", lun: 1, chapAuthSession: true, initiatorName: "a" } }),
  ],
  [
    "spec.volumes[0].storageos.volumeNamespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'); spec.volumes[0].storageos.secretRef.name: Required value",
    withVolume({ storageos: { volumeName: "a", volumeNamespace: "A", secretRef: { name: "" } } }),
  ],
  [
    "spec.volumes[0].cinder.secretRef.name: Required value",
    withVolume({ cinder: { volumeID: "a", secretRef: { name: "" } } }),
  ],
  [
    "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set; spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); spec.volumes[0].ephemeral.volumeClaimTemplate.spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'); spec.volumes[0].ephemeral.volumeClaimTemplate.spec.storageClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeAttributesClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: \"-1\": must be greater than zero",
    withVolume({
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { name: "x", labels: { "a b": "c" } },
          spec: {
            accessModes: ["ReadWriteOnce"],
            selector: { matchLabels: { a: "b c" } },
            storageClassName: "A_",
            volumeAttributesClassName: "A_",
            resources: { requests: { storage: "-1" } },
          },
        },
      },
    }),
  ],
];
