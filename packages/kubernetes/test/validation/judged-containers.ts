import {
  get,
  inContainer,
  inInit,
  inPod,
  type JudgedPod,
  podWith,
  withEnv,
  withMounts,
  withResources,
} from "./judged-pods.ts";

/** Containers that no pod can have. */
export const refusedContainers: readonly JudgedPod[] = [
  ["spec.containers: Required value", inPod({ containers: [] })],
  ["spec.containers[0].name: Required value", inContainer({ name: "" })],
  [
    "spec.containers[0].name: Invalid value: \"A_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    inContainer({ name: "A_" }),
  ],
  ['spec.initContainers[0].name: Duplicate value: "a"', inPod({ initContainers: [{ name: "a", image: "b" }] })],
  [
    'spec.containers[1].name: Duplicate value: "a"',
    inPod({
      containers: [
        { name: "a", image: "b" },
        { name: "a", image: "b" },
      ],
    }),
  ],
  ["spec.containers[0].image: Required value", inContainer({ image: "" })],
  [
    'spec.containers[0].image: Invalid value: " b": must not have leading or trailing whitespace',
    inContainer({ image: " b" }),
  ],
  [
    'spec.initContainers[0].image: Invalid value: "b ": must not have leading or trailing whitespace',
    inInit({ image: "b " }),
  ],
  [
    'spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"',
    inContainer({ imagePullPolicy: "Often" }),
  ],
  [
    'spec.containers[0].terminationMessagePolicy: Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"',
    inContainer({ terminationMessagePolicy: "Log" }),
  ],
  [
    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    inContainer({ ports: [{ containerPort: 70_000 }] }),
  ],
  ["spec.containers[0].ports[0].containerPort: Required value", inContainer({ ports: [{ containerPort: 0 }] })],
  [
    "spec.containers[0].ports[0].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    inContainer({ ports: [{ containerPort: 1, hostPort: 70_000 }] }),
  ],
  [
    'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
    inContainer({ ports: [{ containerPort: 1, protocol: "HTTP" }] }),
  ],
  [
    'spec.containers[0].ports[0].name: Invalid value: "1-2": must contain at least one letter (a-z)',
    inContainer({ ports: [{ containerPort: 1, name: "1-2" }] }),
  ],
  [
    'spec.containers[0].ports[0].name: Invalid value: "A--name-that-is-long": must be no more than 15 characters; spec.containers[0].ports[0].name: Invalid value: "A--name-that-is-long": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-); spec.containers[0].ports[0].name: Invalid value: "A--name-that-is-long": must not contain consecutive hyphens',
    inContainer({ ports: [{ containerPort: 1, name: "A--name-that-is-long" }] }),
  ],
  [
    'spec.containers[0].ports[0].name: Invalid value: "-a": must not begin or end with a hyphen',
    inContainer({ ports: [{ containerPort: 1, name: "-a" }] }),
  ],
  [
    'spec.containers[0].ports[1].name: Duplicate value: "x"',
    inContainer({
      ports: [
        { containerPort: 1, name: "x" },
        { containerPort: 2, name: "x" },
      ],
    }),
  ],
  [
    'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"',
    inContainer({
      ports: [
        { containerPort: 1, hostPort: 9 },
        { containerPort: 2, hostPort: 9, protocol: "TCP" },
      ],
    }),
  ],
  [
    'spec.initContainers[0].ports[1].hostPort: Duplicate value: "TCP//9"',
    inInit({
      ports: [
        { containerPort: 1, hostPort: 9 },
        { containerPort: 2, hostPort: 9 },
      ],
    }),
  ],
  [
    "spec.containers[0].ports[0].hostPort: Invalid value: 9: must match `containerPort` when `hostNetwork` is true",
    podWith({ hostNetwork: true }, { ports: [{ containerPort: 1, hostPort: 9 }] }),
  ],
  [
    'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//1"',
    podWith({ hostNetwork: true }, { ports: [{ containerPort: 1 }, { containerPort: 1, name: "x" }] }),
  ],
  [
    "spec.containers[0].env[0].name: Invalid value: \"A=B\": a valid environment variable name must consist only of printable ASCII characters other than '='",
    withEnv({ name: "A=B" }),
  ],
  ["spec.containers[0].env[0].name: Required value", withEnv({ name: "" })],
  [
    'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    withEnv({ valueFrom: {} }),
  ],
  [
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    withEnv({ value: "b", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time',
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.name" }, resourceFieldRef: { resource: "limits.cpu" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Required value",
    withEnv({ valueFrom: { fieldRef: { fieldPath: "" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname',
    withEnv({ valueFrom: { fieldRef: { fieldPath: "spec.hostname" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.labels" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    withEnv({ valueFrom: { fieldRef: { fieldPath: "status.phase" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a_/b\": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a_/b']" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['a']\": error converting fieldPath: field label does not support subscript: metadata.name['a']",
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.name['a']" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2',
    withEnv({ valueFrom: { fieldRef: { apiVersion: "v2", fieldPath: "metadata.name" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.fieldRef: Invalid value: \"a['b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a['b']" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.labels[']\": error converting fieldPath: field label not supported: metadata.labels[']",
    withEnv({ valueFrom: { fieldRef: { fieldPath: "metadata.labels[']" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Required value",
    withEnv({ valueFrom: { resourceFieldRef: { resource: "" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"',
    withEnv({ valueFrom: { resourceFieldRef: { resource: "limits.gpu" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource',
    withEnv({ valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "2" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.memory": only divisor\'s values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource',
    withEnv({ valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "10" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.ephemeral-storage": only divisor\'s values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local ephemeral storage resource',
    withEnv({ valueFrom: { resourceFieldRef: { resource: "limits.ephemeral-storage", divisor: "10" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value",
    withEnv({ valueFrom: { configMapKeyRef: { name: "", key: "" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    withEnv({ valueFrom: { secretKeyRef: { name: "s", key: "a b" } } }),
  ],
  [
    "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"..a\": must not start with '..'",
    withEnv({ valueFrom: { secretKeyRef: { name: "s", key: "..a" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"',
    withEnv({ valueFrom: { fileKeyRef: { volumeName: "v", path: "f", key: "A" } } }),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir',
    podWith(
      { volumes: [{ name: "v", configMap: { name: "c" } }] },
      { env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "f", key: "A" } } }] },
    ),
  ],
  [
    'spec.containers[0].env[0].valueFrom.fileKeyRef.key: Required value; spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Required value; spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: ""; spec.containers[0].env[0].valueFrom.fileKeyRef.path: Required value',
    withEnv({ valueFrom: { fileKeyRef: { volumeName: "", path: "", key: "" } } }),
  ],
  [
    'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    inContainer({ envFrom: [{}] }),
  ],
  [
    "spec.containers[0].envFrom[0].configMapRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); spec.containers[0].envFrom[1].secretRef.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    inContainer({ envFrom: [{ configMapRef: { name: "A_" } }, { secretRef: { name: "A_" } }] }),
  ],
  [
    "spec.containers[0].envFrom[0].prefix: Invalid value: \"A=\": a valid environment variable name must consist only of printable ASCII characters other than '='; spec.containers[0].envFrom[0].configMapRef.name: Required value",
    inContainer({ envFrom: [{ prefix: "A=", configMapRef: { name: "" } }] }),
  ],
  [
    'spec.containers[0].envFrom: Invalid value: "": may not have more than one field specified at a time',
    inContainer({ envFrom: [{ configMapRef: { name: "c" }, secretRef: { name: "s" } }] }),
  ],
  [
    'spec.containers[0].volumeMounts[0].name: Not found: "x"',
    inContainer({ volumeMounts: [{ name: "x", mountPath: "/x" }] }),
  ],
  [
    'spec.containers[0].volumeMounts[0].name: Required value; spec.containers[0].volumeMounts[0].name: Not found: ""',
    inContainer({ volumeMounts: [{ name: "", mountPath: "/x" }] }),
  ],
  ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique', withMounts({}, {})],
  ["spec.containers[0].volumeMounts[0].mountPath: Required value", withMounts({ mountPath: "" })],
  [
    "spec.containers[0].volumeMounts.subPath: Invalid value: \"../../..\": must not contain '..'",
    withMounts({ subPath: "../../.." }),
  ],
  [
    'spec.containers[0].volumeMounts.subPath: Invalid value: "/../a": must be a relative path; spec.containers[0].volumeMounts.subPath: Invalid value: "/../a": must not contain \'..\'',
    withMounts({ subPath: "/../a" }),
  ],
  [
    'spec.containers[0].volumeMounts.subPathExpr: Invalid value: "/a": must be a relative path',
    withMounts({ subPathExpr: "/a" }),
  ],
  [
    'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive',
    withMounts({ subPath: "a", subPathExpr: "b" }),
  ],
  [
    'spec.containers[0].volumeMounts.mountPropagation: Unsupported value: "Both": supported values: "Bidirectional", "HostToContainer", "None"',
    withMounts({ mountPropagation: "Both" }),
  ],
  [
    'spec.containers[0].volumeMounts.mountPropagation: Unsupported value: "": supported values: "Bidirectional", "HostToContainer", "None"',
    withMounts({ mountPropagation: "" }),
  ],
  [
    "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers",
    withMounts({ mountPropagation: "Bidirectional" }),
  ],
  [
    "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
    withMounts({ recursiveReadOnly: "Enabled" }),
  ],
  [
    'spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: "Yes": supported values: "Disabled", "Enabled", "IfPossible"',
    withMounts({ recursiveReadOnly: "Yes" }),
  ],
  [
    "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified",
    withMounts({ readOnly: true, recursiveReadOnly: "IfPossible", mountPropagation: "HostToContainer" }),
  ],
  [
    'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode; spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/../a": can not contain backsteps (\'..\')',
    podWith({ volumes: [{ name: "v" }] }, { volumeDevices: [{ name: "v", devicePath: "/../a" }] }),
  ],
  [
    'spec.containers[0].volumeDevices[0].name: Required value; spec.containers[0].volumeDevices[0].name: Not found: ""; spec.containers[0].volumeDevices[0].devicePath: Required value',
    inContainer({ volumeDevices: [{ name: "", devicePath: "" }] }),
  ],
  [
    'spec.containers[0].volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices; spec.containers[0].volumeMounts[0].mountPath: Invalid value: "/v": must not already exist as a path in volumeDevices; spec.containers[0].volumeDevices[0].name: Invalid value: "v": must not already exist in volumeMounts; spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/v": must not already exist as a path in volumeMounts; spec.containers[0].volumeDevices[1].name: Invalid value: "v": must be unique; spec.containers[0].volumeDevices[1].devicePath: Invalid value: "/v": must be unique; spec.containers[0].volumeDevices[1].name: Invalid value: "v": must not already exist in volumeMounts; spec.containers[0].volumeDevices[1].devicePath: Invalid value: "/v": must not already exist as a path in volumeMounts',
    podWith(
      { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }] },
      {
        volumeMounts: [{ name: "v", mountPath: "/v" }],
        volumeDevices: [
          { name: "v", devicePath: "/v" },
          { name: "v", devicePath: "/v" },
        ],
      },
    ),
  ],
  [
    'spec.containers[0].resources.requests[cpu]: Invalid value: "-50": must be greater than or equal to 0',
    withResources({ requests: { cpu: "-50" } }),
  ],
  [
    'spec.containers[0].resources.limits[memory]: Invalid value: "-1Gi": must be greater than or equal to 0; spec.containers[0].resources.requests[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
    withResources({ limits: { memory: "-1Gi" } }),
  ],
  [
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    withResources({ requests: { cpu: "2" }, limits: { cpu: "1" } }),
  ],
  [
    "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
    withResources({ requests: { cpu: "1", "hugepages-2Mi": "4Mi" } }),
  ],
  [
    "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
    withResources({ limits: { "hugepages-2Mi": "4Mi" } }),
  ],
  [
    'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi; spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "1Mi": 1Mi is not positive integer multiple of hugepages-2Mi',
    withResources({ limits: { cpu: "1", "hugepages-2Mi": "1Mi" } }),
  ],
  [
    'spec.containers[0].resources.requests: Invalid value: "1": must be equal to example.com/x limit of 2',
    withResources({ requests: { "example.com/x": "1" }, limits: { "example.com/x": "2" } }),
  ],
  [
    'spec.containers[0].resources.limits[example.com/x]: Invalid value: "500m": must be an integer; spec.containers[0].resources.requests[example.com/x]: Invalid value: "500m": must be an integer',
    withResources({ limits: { "example.com/x": "500m" } }),
  ],
  [
    'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified; spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers; spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified; spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    withResources({ limits: { gpu: "1" } }),
  ],
  [
    'spec.containers[0].resources.limits[pods]: Invalid value: "pods": must be a standard resource for containers; spec.containers[0].resources.requests[pods]: Invalid value: "pods": must be a standard resource for containers',
    withResources({ limits: { pods: "1" } }),
  ],
  [
    "spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); spec.containers[0].resources.limits[a b]: Invalid value: \"a b\": must be a standard resource for containers; spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); spec.containers[0].resources.requests[a b]: Invalid value: \"a b\": must be a standard resource for containers",
    withResources({ limits: { "a b": "1" } }),
  ],
  [
    "spec.containers[0].resources.limits[a/b/c]: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName'); spec.containers[0].resources.limits[a/b/c]: Invalid value: \"a/b/c\": doesn't follow extended resource name standard; spec.containers[0].resources.requests[a/b/c]: Invalid value: \"a/b/c\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName'); spec.containers[0].resources.requests[a/b/c]: Invalid value: \"a/b/c\": doesn't follow extended resource name standard",
    withResources({ limits: { "a/b/c": "1" } }),
  ],
  [
    'spec.containers[0].resources.limits[requests.example.com/x]: Invalid value: "requests.example.com/x": doesn\'t follow extended resource name standard; spec.containers[0].resources.requests[requests.example.com/x]: Invalid value: "requests.example.com/x": doesn\'t follow extended resource name standard',
    withResources({ limits: { "requests.example.com/x": "1" } }),
  ],
  [
    'spec.containers[0].resizePolicy: Unsupported value: "gpu": supported values: "cpu", "memory"',
    inContainer({ resizePolicy: [{ resourceName: "gpu", restartPolicy: "NotRequired" }] }),
  ],
  [
    'spec.containers[0].resizePolicy: Unsupported value: "Sometimes": supported values: "NotRequired", "RestartContainer"',
    inContainer({ resizePolicy: [{ resourceName: "cpu", restartPolicy: "Sometimes" }] }),
  ],
  [
    "spec.containers[0].resizePolicy: Required value; spec.containers[0].resizePolicy: Required value",
    inContainer({ resizePolicy: [{ resourceName: "", restartPolicy: "" }] }),
  ],
  [
    'spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"',
    inContainer({
      resizePolicy: [
        { resourceName: "cpu", restartPolicy: "NotRequired" },
        { resourceName: "cpu", restartPolicy: "NotRequired" },
      ],
    }),
  ],
  [
    "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'",
    podWith({ restartPolicy: "Never" }, { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] }),
  ],
  [
    "spec.containers[0].securityContext.runAsUser: Invalid value: -4: must be between 0 and 2147483647, inclusive",
    inContainer({ securityContext: { runAsUser: -4 } }),
  ],
  [
    "spec.containers[0].securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
    inContainer({ securityContext: { runAsGroup: 2 ** 31 } }),
  ],
  [
    "spec.initContainers[0].securityContext.runAsUser: Invalid value: -4: must be between 0 and 2147483647, inclusive",
    inInit({ securityContext: { runAsUser: -4 } }),
  ],
  [
    'spec.containers[0].securityContext.procMount: Unsupported value: "Some": supported values: "Default", "Unmasked"',
    inContainer({ securityContext: { procMount: "Some" } }),
  ],
  [
    'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
    inContainer({ securityContext: { procMount: "Unmasked" } }),
  ],
  [
    'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    inContainer({ securityContext: { allowPrivilegeEscalation: false, privileged: true } }),
  ],
  [
    'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"capabilities":{"add":["CAP_SYS_ADMIN"]}}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
    inContainer({ securityContext: { allowPrivilegeEscalation: false, capabilities: { add: ["CAP_SYS_ADMIN"] } } }),
  ],
  [
    "spec.containers[0].securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set",
    inContainer({ securityContext: { seccompProfile: { type: "" } } }),
  ],
  [
    'spec.containers[0].securityContext.seccompProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
    inContainer({ securityContext: { seccompProfile: { type: "Some" } } }),
  ],
  [
    "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
    inContainer({ securityContext: { seccompProfile: { type: "Localhost" } } }),
  ],
  [
    "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: \"../a\": must not contain '..'",
    inContainer({ securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "../a" } } }),
  ],
  [
    'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: {"type":"Unconfined","localhostProfile":"a"}: can only be set when seccomp type is Localhost',
    inContainer({ securityContext: { seccompProfile: { type: "Unconfined", localhostProfile: "a" } } }),
  ],
  [
    "spec.containers[0].securityContext.appArmorProfile.type: Required value: type is required when appArmorProfile is set",
    inContainer({ securityContext: { appArmorProfile: { type: "" } } }),
  ],
  [
    'spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "Some": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
    inContainer({ securityContext: { appArmorProfile: { type: "Some" } } }),
  ],
  [
    "spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost",
    inContainer({ securityContext: { appArmorProfile: { type: "Localhost" } } }),
  ],
  [
    'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: " a": must not be padded with whitespace',
    inContainer({ securityContext: { appArmorProfile: { type: "Localhost", localhostProfile: " a" } } }),
  ],
  [
    'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "a": can only be set when AppArmor type is Localhost',
    inContainer({ securityContext: { appArmorProfile: { type: "RuntimeDefault", localhostProfile: "a" } } }),
  ],
  [
    'spec.containers[0].restartPolicy: Unsupported value: "": supported values: "Always", "Never", "OnFailure"',
    inContainer({ restartPolicy: "" }),
  ],
  [
    'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    inContainer({ restartPolicy: "Sometimes" }),
  ],
  [
    "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
    inContainer({ restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] }),
  ],
  [
    'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"; spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
    inContainer({ restartPolicy: "Never", restartPolicyRules: [{ action: "Stop", exitCodes: { operator: "Is" } }] }),
  ],
  [
    "spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    inInit({ startupProbe: get }),
  ],
  [
    "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always; spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always; spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    inInit({ livenessProbe: get, readinessProbe: get, lifecycle: { preStop: get } }),
  ],
  [
    "spec.initContainers[0].livenessProbe: Required value: must specify a handler type",
    inInit({ restartPolicy: "Always", livenessProbe: {} }),
  ],
  [
    "spec.initContainers[0].ports[0].containerPort: Invalid value: -1: must be between 1 and 65535, inclusive",
    inInit({ ports: [{ containerPort: -1 }] }),
  ],
];
