import type { Scenario } from "../scenario.ts";

const image = (name: string, reference: string, policy: string, steps: Scenario["steps"]): Scenario => ({
  name,
  containers: [{ name: "main", image: reference, imagePullPolicy: policy }],
  steps,
});
const mapRef = (optional: boolean) => ({
  name: "TEXT",
  valueFrom: { configMapKeyRef: { name: "{pod}-map", key: "text", optional } },
});
const mapVolume = (optional: boolean) => ({
  volumes: [{ name: "map", configMap: { name: "{pod}-map", optional } }],
});
const volumeMounts = [{ name: "map", mountPath: "/map" }];

/** What keeps a container from starting, and how it is healed. */
export const failureScenarios: readonly Scenario[] = [
  image("image-never-pulled", "{registry}/nothing:v1", "Never", [
    { waiting: "ErrImageNeverPull" },
    { event: "ErrImageNeverPull" },
  ]),
  image("image-name-invalid", "not@@a-name", "IfNotPresent", [
    { waiting: "InvalidImageName" },
    { event: "InspectFailed" },
  ]),
  {
    ...image("image-unknown", "{registry}/nothing:v1", "IfNotPresent", [
      { waiting: "ErrImagePull" },
      { waiting: "ImagePullBackOff" },
      { event: "BackOff" },
    ]),
    waitingMessages: /^Back-off pulling image "[^"]+": ErrImagePull: /,
  },
  image("registry-unreachable", "127.0.0.1:1/nothing:v1", "IfNotPresent", [
    { waiting: "ImagePullBackOff" },
    { event: "BackOff" },
  ]),
  {
    name: "command-not-found",
    containers: [{ name: "main", command: ["/no/such/program"], program: ["sleep", "2500"] }],
    steps: [{ ended: true }],
  },
  {
    name: "config-map-missing-then-made",
    containers: [{ name: "main", program: ["env", "TEXT", "sleep", "2500"], env: [mapRef(false)] }],
    steps: [
      { waiting: "CreateContainerConfigError" },
      { event: "Failed" },
      { configMap: "{pod}-map" },
      { phase: "Succeeded" },
    ],
    logs: ["main"],
  },
  {
    name: "config-map-optional",
    containers: [{ name: "main", program: ["print", "here", "sleep", "2500"], env: [mapRef(true)] }],
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "volume-missing-then-made",
    containers: [{ name: "main", program: ["cat", "/map/text", "sleep", "2500"], volumeMounts }],
    spec: mapVolume(false),
    steps: [{ event: "FailedMount" }, { configMap: "{pod}-map" }, { phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "volume-optional",
    containers: [{ name: "main", program: ["print", "here", "sleep", "2500"], volumeMounts }],
    spec: mapVolume(true),
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "secret-missing",
    containers: [
      { name: "main", program: ["hold"], envFrom: [{ secretRef: { name: "not-there" } }] },
      { name: "beside", program: ["hold"] },
    ],
    steps: [{ waiting: "CreateContainerConfigError" }, { event: "Started" }, { event: "Failed" }],
  },
  {
    name: "node-selector-mismatch",
    containers: [{ name: "main", program: ["hold"] }],
    spec: { nodeSelector: { "example.com/absent": "yes" } },
    steps: [{ phase: "Failed" }],
  },
  {
    name: "out-of-cpu",
    containers: [{ name: "main", program: ["hold"], resources: { requests: { cpu: "1000" } } }],
    steps: [{ phase: "Failed" }],
  },
];
