import type { Pod } from "@wherry/kubernetes";
import {
  get,
  inContainer,
  inInit,
  inPod,
  podWith,
  withEnv,
  withProjected,
  withResources,
  withVolume,
} from "./judged-pods.ts";

/** What is at the edge of being refused: empty texts and zeros where a default stands, and ports that differ in one thing. */
const edgePod: Pod = podWith(
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

const labelSelector = { matchLabels: { a: "b" } };

/** Pods that only look wrong, or in which much is left to the defaults. */
export const takenPods: readonly (readonly [name: string, pod: Pod])[] = [
  ["at the edge", edgePod],
  [
    "a limit of the pod beside what its containers ask for",
    podWith({ resources: { limits: { cpu: "2" } } }, { resources: { requests: { memory: "1Mi" } } }),
  ],
  [
    "a limit of the pod beside requests of some of its containers",
    podWith(
      {
        resources: { limits: { memory: "1Gi" }, requests: { cpu: "3" } },
        initContainers: [{ name: "s", image: "b:1", restartPolicy: "Always", resources: { limits: { cpu: "1" } } }],
      },
      { resources: { requests: { cpu: "1", memory: "1Mi", "ephemeral-storage": "1Mi" } } },
    ),
  ],
  [
    "requests of the pod alone",
    podWith({ resources: { requests: { cpu: "2" } } }, { resources: { requests: { memory: "1Mi" } } }),
  ],
  ["a negative grace period", inPod({ terminationGracePeriodSeconds: -1 })],
  ["ports of the node", podWith({ hostNetwork: true }, { ports: [{ containerPort: 1 }] })],
  [
    "an init container with the ports of the next",
    podWith(
      {
        initContainers: [
          { name: "s", image: "b:1", restartPolicy: "Always", ports: [{ containerPort: 1, hostPort: 9 }] },
        ],
      },
      { ports: [{ containerPort: 2, hostPort: 9 }] },
    ),
  ],
  [
    "a resize policy of an init container",
    inInit({ resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] }),
  ],
  [
    "search paths",
    inPod({ dnsPolicy: "None", dnsConfig: { nameservers: ["::1", "1.2.3.4"], searches: ["_a.b", ".", "a."] } }),
  ],
  [
    "fields of the pod",
    withEnv(
      { valueFrom: { fieldRef: { fieldPath: "metadata.annotations['A.b/cd']" } } },
      { name: "B", valueFrom: { resourceFieldRef: { resource: "limits.hugepages-2Mi", divisor: "1Mi" } } },
      { name: "C", valueFrom: { resourceFieldRef: { resource: "requests.cpu" } } },
    ),
  ],
  ["amounts finer than any is counted", withResources({ limits: { cpu: "1u", memory: "1500m" } })],
  [
    "amounts of the whole pod",
    podWith({ resources: { limits: { cpu: "2", memory: "1Gi" } } }, { resources: { requests: { cpu: "500m" } } }),
  ],
  [
    "huge pages of the whole pod",
    podWith(
      { resources: { limits: { cpu: "2", "hugepages-2Mi": "4Mi" } } },
      { resources: { limits: { cpu: "1", "hugepages-2Mi": "2Mi" } } },
    ),
  ],
  [
    "requests of the whole pod without limits",
    podWith({ resources: { requests: { cpu: "2" } } }, { resources: { requests: { memory: "1Gi" } } }),
  ],
  [
    "an even spread",
    inPod({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "a", whenUnsatisfiable: "DoNotSchedule", labelSelector, matchLabelKeys: ["a"] },
        { maxSkew: 1, topologyKey: "a", whenUnsatisfiable: "ScheduleAnyway" },
      ],
    }),
  ],
  [
    "a projection of nothing",
    withProjected(
      {},
      { secret: { name: "s" } },
      { downwardAPI: { items: [{ path: "a", fieldRef: { fieldPath: "metadata.labels" } }] } },
    ),
  ],
  [
    "files of the API",
    inPod({
      volumes: [
        { name: "a", configMap: { name: "c" } },
        { name: "b", secret: { secretName: "s" } },
        {
          name: "c",
          downwardAPI: { items: [{ path: "a", resourceFieldRef: { containerName: "a", resource: "limits.cpu" } }] },
        },
        { name: "d", hostPath: { path: "/" } },
      ],
    }),
  ],
  [
    "block devices",
    inPod({
      volumes: [
        { name: "a", iscsi: { targetPortal: "p", iqn: "iqn.2001-04.com.example:a", lun: 0 } },
        { name: "b", rbd: { monitors: ["a"], image: "i" } },
        { name: "c", azureDisk: { diskName: "d", diskURI: "https://blob/d" } },
        { name: "d", scaleIO: { gateway: "g", system: "s", volumeName: "v", secretRef: { name: "s" } } },
        { name: "e", gcePersistentDisk: { pdName: "p", partition: 0 } },
      ],
    }),
  ],
  [
    "a claim of its own",
    withVolume({
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { labels: { a: "b" } },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1" } } },
        },
      },
    }),
  ],
  [
    "probes and hooks",
    inContainer({
      startupProbe: { grpc: { port: 1 } },
      readinessProbe: { httpGet: { port: 1 }, successThreshold: 3 },
      lifecycle: { postStart: { httpGet: { port: 1 } }, preStop: { sleep: { seconds: 30 } } },
    }),
  ],
];
