import type { Container, Pod, PodSpec } from "@wherry/kubernetes";

const podWith = (spec: Partial<PodSpec>, container: Partial<Container> = {}): Pod => ({
  metadata: { name: "web" },
  spec: { containers: [{ name: "a", image: "b", ...container }], ...spec },
});

const inPod = (spec: Partial<PodSpec>): Pod => podWith(spec);
const inContainer = (container: Partial<Container>): Pod => podWith({}, container);
const inInit = (container: Partial<Container>): Pod =>
  podWith({ initContainers: [{ name: "first", image: "b", ...container }] });
const withVolume = (source: object): Pod => podWith({ volumes: [{ name: "v", ...source }] });
const withMounts = (...mounts: object[]): Pod =>
  podWith(
    { volumes: [{ name: "v" }] },
    { volumeMounts: mounts.map((mount) => ({ name: "v", mountPath: "/v", ...mount })) },
  );
const withLiveness = (probe: object): Pod => inContainer({ livenessProbe: probe });
const get = { httpGet: { port: 80 } };

/** Pods that neither run as static ones nor are taken by the API server, by what is wrong with them. */
export const refusedPods: readonly (readonly [problem: string, pod: Pod])[] = [
  [
    'spec.containers[0].resources.requests.cpu is "-50", it must be 0 or more',
    inContainer({ resources: { requests: { cpu: "-50" } } }),
  ],
  [
    'spec.containers[0].resources.limits.memory is "-1Gi", it must be 0 or more',
    inContainer({ resources: { limits: { memory: "-1Gi" } } }),
  ],
  ['spec.resources.requests.cpu is "-1", it must be 0 or more', inPod({ resources: { requests: { cpu: "-1" } } })],
  ['spec.overhead.memory is "-1Gi", it must be 0 or more', inPod({ overhead: { memory: "-1Gi" } })],
  ['spec.volumes[0].emptyDir.sizeLimit is "-1", it must be 0 or more', withVolume({ emptyDir: { sizeLimit: "-1" } })],
  [
    'spec.containers[0].resources.requests.cpu is "2", it must be at most the limit "1"',
    inContainer({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
  ],
  [
    "spec.containers[0].resources.requests.hugepages-2Mi is set without a limit, it must have the same",
    inContainer({ resources: { requests: { "hugepages-2Mi": "4Mi" } } }),
  ],
  [
    'spec.containers[0].resources.requests.example.com/x is "1", it must be the limit "2"',
    inContainer({ resources: { requests: { "example.com/x": "1" }, limits: { "example.com/x": "2" } } }),
  ],
  [
    'spec.containers[0].resources.limits.example.com/x is "500m", it must be a whole number',
    inContainer({ resources: { limits: { "example.com/x": "500m" } } }),
  ],
  [
    "spec.containers[0].resources.limits.gpu is no resource that it can have",
    inContainer({ resources: { limits: { gpu: "1" } } }),
  ],
  [
    "spec.resources.limits.ephemeral-storage is no resource that it can have",
    inPod({ resources: { limits: { "ephemeral-storage": "1" } } }),
  ],
  ["spec.schedulingGates must not be set, the pod is on its node already", inPod({ schedulingGates: [{ name: "g" }] })],
  ["spec.activeDeadlineSeconds is 0, it must be from 1 to 2147483647", inPod({ activeDeadlineSeconds: 0 })],
  [
    'spec.dnsPolicy is "Off", it must be "ClusterFirst" or "ClusterFirstWithHostNet" or "Default" or "None"',
    inPod({ dnsPolicy: "Off" }),
  ],
  ['spec.hostname is "a_b", it must be at most 63 letters a-z, digits and "-" within', inPod({ hostname: "a_b" })],
  ["spec.securityContext.fsGroup is -4, it must be from 0 to 2147483647", inPod({ securityContext: { fsGroup: -4 } })],
  [
    "spec.containers[0].securityContext.runAsUser is -4, it must be from 0 to 2147483647",
    inContainer({ securityContext: { runAsUser: -4 } }),
  ],
  ["spec.containers[0].image is missing", inContainer({ image: "" })],
  ['spec.containers[0].image is " b", it must be without white space around it', inContainer({ image: " b" })],
  [
    'spec.containers[0].imagePullPolicy is "Often", it must be "Always" or "IfNotPresent" or "Never"',
    inContainer({ imagePullPolicy: "Often" }),
  ],
  [
    'spec.containers[0].terminationMessagePolicy is "Log", it must be "File" or "FallbackToLogsOnError"',
    inContainer({ terminationMessagePolicy: "Log" }),
  ],
  [
    "spec.containers[0].ports[0].containerPort is 70000, it must be from 1 to 65535",
    inContainer({ ports: [{ containerPort: 70_000 }] }),
  ],
  [
    "spec.containers[0].ports[0].containerPort is 0, it must be from 1 to 65535",
    inContainer({ ports: [{ containerPort: 0 }] }),
  ],
  [
    'spec.containers[0].ports[0].protocol is "HTTP", it must be "TCP" or "UDP" or "SCTP"',
    inContainer({ ports: [{ containerPort: 1, protocol: "HTTP" }] }),
  ],
  [
    'spec.containers[0].ports[0].name is "1-2", it must be at most 15 letters a-z, digits and single "-" within, of which one is a letter',
    inContainer({ ports: [{ containerPort: 1, name: "1-2" }] }),
  ],
  [
    'spec.containers[0].ports[1].name is "x", which another port has already',
    inContainer({
      ports: [
        { containerPort: 1, name: "x" },
        { containerPort: 2, name: "x" },
      ],
    }),
  ],
  [
    "spec.containers[0].ports[1].hostPort is 9, which another port has already",
    inContainer({
      ports: [
        { containerPort: 1, hostPort: 9 },
        { containerPort: 2, hostPort: 9, protocol: "TCP" },
      ],
    }),
  ],
  [
    "spec.containers[0].ports[0].hostPort is 9, with hostNetwork it must be containerPort 1",
    podWith({ hostNetwork: true }, { ports: [{ containerPort: 1, hostPort: 9 }] }),
  ],
  [
    "spec.containers[0].ports[1].hostPort is 1, which another port has already",
    podWith({ hostNetwork: true }, { ports: [{ containerPort: 1 }, { containerPort: 1, name: "x" }] }),
  ],
  [
    'spec.containers[0].env[0].name is "A=B", it must be printable ASCII without "="',
    inContainer({ env: [{ name: "A=B" }] }),
  ],
  ["spec.containers[0].env[0].name is missing", inContainer({ env: [{ name: "" }] })],
  [
    "spec.containers[0].env[0].valueFrom has none of configMapKeyRef, fieldRef, fileKeyRef, resourceFieldRef, secretKeyRef, it must have one",
    inContainer({ env: [{ name: "A", valueFrom: {} }] }),
  ],
  [
    "spec.containers[0].env[0].valueFrom must not be set beside a value",
    inContainer({ env: [{ name: "A", value: "b", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
  ],
  ['spec.containers[0].volumeMounts[1].mountPath is "/v", which another mount has already', withMounts({}, {})],
  ["spec.containers[0].volumeMounts[0].mountPath is missing", withMounts({ mountPath: "" })],
  [
    'spec.containers[0].volumeMounts[0].subPath is "../../..", it must be a relative path without ".."',
    withMounts({ subPath: "../../.." }),
  ],
  [
    'spec.containers[0].volumeMounts[0].subPathExpr is "/a", it must be a relative path without ".."',
    withMounts({ subPathExpr: "/a" }),
  ],
  [
    "spec.containers[0].volumeMounts[0].subPathExpr must not be set beside subPath",
    withMounts({ subPath: "a", subPathExpr: "b" }),
  ],
  [
    'spec.containers[0].volumeMounts[0].mountPropagation is "Both", it must be "None" or "HostToContainer" or "Bidirectional"',
    withMounts({ mountPropagation: "Both" }),
  ],
  [
    "spec.volumes[0] has emptyDir and hostPath, it must have one of them",
    withVolume({ emptyDir: {}, hostPath: { path: "/" } }),
  ],
  [
    'spec.volumes[0].hostPath.path is "/a/../b", it must be a path without ".."',
    withVolume({ hostPath: { path: "/a/../b" } }),
  ],
  [
    "spec.volumes[0].downwardAPI.defaultMode is 755, it must be from 0 to 0777 (octal)",
    withVolume({ downwardAPI: { defaultMode: 755 } }),
  ],
  [
    "spec.volumes[0].projected.sources[0].downwardAPI.items[0] has none of fieldRef, resourceFieldRef, it must have one",
    withVolume({ projected: { sources: [{ downwardAPI: { items: [{ path: "a" }] } }] } }),
  ],
  ["spec.volumes[0].image.reference is missing", withVolume({ image: {} })],
  ["spec.containers[0].livenessProbe has none of exec, httpGet, tcpSocket, grpc, it must have one", withLiveness({})],
  [
    "spec.containers[0].livenessProbe has httpGet and grpc, it must have one of them",
    withLiveness({ ...get, grpc: { port: 1 } }),
  ],
  [
    "spec.containers[0].livenessProbe.periodSeconds is -5, it must be 0 or more",
    withLiveness({ ...get, periodSeconds: -5 }),
  ],
  [
    "spec.containers[0].livenessProbe.successThreshold is 2, it must be 1",
    withLiveness({ ...get, successThreshold: 2 }),
  ],
  ["spec.containers[0].livenessProbe.exec.command is missing", withLiveness({ exec: {} })],
  [
    "spec.containers[0].livenessProbe.httpGet.port is 0, it must be a port from 1 to 65535 or the name of one",
    withLiveness({ httpGet: { port: 0 } }),
  ],
  [
    "spec.containers[0].readinessProbe.terminationGracePeriodSeconds must not be set, the probe ends no container",
    inContainer({ readinessProbe: { ...get, terminationGracePeriodSeconds: 1 } }),
  ],
  [
    "spec.containers[0].lifecycle.preStop has none of exec, httpGet, sleep, tcpSocket, it must have one",
    inContainer({ lifecycle: { preStop: {} } }),
  ],
  [
    'spec.containers[0].restartPolicy is "", it must be "Always" or "OnFailure" or "Never"',
    inContainer({ restartPolicy: "" }),
  ],
  [
    "spec.containers[0].restartPolicy must be set beside restartPolicyRules",
    inContainer({ restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] }),
  ],
  [
    'spec.initContainers[0].startupProbe must not be set in an init container without restartPolicy "Always"',
    inInit({ startupProbe: get }),
  ],
  [
    "spec.initContainers[0].ports[0].containerPort is -1, it must be from 1 to 65535",
    inInit({ ports: [{ containerPort: -1 }] }),
  ],
];

/** What is at the edge of being refused: empty texts and zeros where a default stands, and ports that differ in one thing. */
export const takenPod: Pod = podWith(
  {
    restartPolicy: "",
    dnsPolicy: "",
    resources: {
      requests: { cpu: "1", "hugepages-2Mi": "2Mi" },
      limits: { memory: "1Gi", "hugepages-2Mi": "2Mi" },
    },
    volumes: [{ name: "v" }, { name: "host", hostPath: { path: "/", type: "" } }],
    initContainers: [
      { name: "first", image: "b", ports: [{ containerPort: 1, hostPort: 9 }] },
      { name: "sidecar", image: "b", restartPolicy: "Always", startupProbe: get },
    ],
  },
  {
    imagePullPolicy: "",
    env: [
      { name: "a.b c", value: "" },
      { name: "A", value: "", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    ports: [
      { containerPort: 1, hostPort: 0, name: "a-1" },
      { containerPort: 1, hostPort: 9 },
      { containerPort: 1, hostPort: 9, protocol: "UDP" },
      { containerPort: 2, hostPort: 9, hostIP: "127.0.0.1" },
    ],
    resources: { requests: { cpu: "1", memory: "0" }, limits: { cpu: "1", "example.com/x": "2" } },
    livenessProbe: { httpGet: { port: "a-1", scheme: "" }, successThreshold: 0, terminationGracePeriodSeconds: 1 },
    lifecycle: { preStop: { sleep: { seconds: 0 } } },
    volumeMounts: [
      { name: "v", mountPath: "/v", subPath: "a..b" },
      { name: "v", mountPath: "/w", subPathExpr: "$(A)" },
    ],
  },
);
