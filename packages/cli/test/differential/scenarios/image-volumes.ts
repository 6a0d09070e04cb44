import type { Scenario } from "../scenario.ts";

const volumes = [{ name: "data", image: { reference: "{registry}/data:v1" } }];
const mount = { name: "data", mountPath: "/data" };

/** Volumes of an image with `etc/motd` and `etc/conf/settings`, and of images that cannot be had. */
export const imageVolumeScenarios: readonly Scenario[] = [
  {
    name: "image-volume",
    containers: [{ name: "main", program: ["cat", "/data/etc/motd"], volumeMounts: [mount] }],
    spec: { volumes },
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "image-volume-of-two-containers",
    initContainers: [{ name: "first", program: ["cat", "/data/etc/motd"], volumeMounts: [mount] }],
    containers: [
      { name: "main", program: ["cat", "/data/etc/motd"], volumeMounts: [{ ...mount, readOnly: false }] },
      { name: "other", program: ["cat", "/data/settings"], volumeMounts: [{ ...mount, subPath: "etc/conf" }] },
    ],
    spec: { volumes },
    steps: [{ phase: "Succeeded" }],
    logs: ["first", "main", "other"],
  },
  {
    name: "image-volume-restarts",
    containers: [
      {
        name: "main",
        program: ["fail-once", "/state/failed", "3", "cat", "/data/etc/motd"],
        volumeMounts: [mount, { name: "state", mountPath: "/state" }],
      },
    ],
    spec: { restartPolicy: "OnFailure", volumes: [...volumes, { name: "state", emptyDir: {} }] },
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "image-volume-nobody-mounts",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "0"] }],
    spec: { volumes: [{ name: "data", image: { reference: "{registry}/nothing:v1" } }] },
    steps: [{ phase: "Succeeded" }],
  },
  ...["missing", "etc/motd"].map(
    (subPath, index): Scenario => ({
      name: `image-volume-sub-path-${index === 0 ? "missing" : "is-a-file"}`,
      containers: [{ name: "main", program: ["hold"], volumeMounts: [{ ...mount, subPath }] }],
      spec: { volumes },
      steps: [{ waiting: "CreateContainerError" }, { event: "Failed" }],
    }),
  ),
  {
    name: "image-volume-cannot-be-pulled",
    containers: [
      { name: "main", program: ["hold"], volumeMounts: [mount] },
      { name: "other", program: ["hold"] },
    ],
    spec: { volumes: [{ name: "data", image: { reference: "{registry}/nothing:v1" } }] },
    steps: [{ waiting: "ImagePullBackOff" }, { event: "BackOff" }, { event: "Started" }],
  },
  {
    name: "image-volume-never-pulled",
    containers: [{ name: "main", program: ["hold"], volumeMounts: [mount] }],
    spec: { volumes: [{ name: "data", image: { reference: "{registry}/nothing:v1", pullPolicy: "Never" } }] },
    steps: [{ waiting: "ErrImageNeverPull" }, { event: "Failed" }],
  },
  {
    name: "image-volume-with-a-bad-name",
    containers: [{ name: "main", program: ["hold"], volumeMounts: [mount] }],
    spec: { volumes: [{ name: "data", image: { reference: "Not:A:Name" } }] },
    steps: [{ waiting: "InvalidImageName" }, { event: "Failed" }],
  },
];
