import type { Scenario } from "../scenario.ts";

const volumeMounts = [{ name: "state", mountPath: "/state" }];

/** Pods that are deleted, in each part of their lives. */
export const deletionScenarios: readonly Scenario[] = [
  {
    name: "deleted-with-grace",
    containers: [{ name: "main", program: ["hold"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ condition: "Ready", status: "True" }, { delete: undefined }, { gone: true }],
  },
  {
    name: "deleted-without-grace",
    containers: [{ name: "main", program: ["hold"] }],
    steps: [{ condition: "Ready", status: "True" }, { delete: 0 }, { gone: true }, { event: "Killing" }],
  },
  {
    name: "deleted-in-back-off",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "1"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ waiting: "CrashLoopBackOff" }, { delete: undefined }, { gone: true }],
    maxRestarts: 0,
  },
  {
    name: "deleted-while-init-runs",
    initContainers: [{ name: "first", program: ["hold"] }],
    containers: [{ name: "main", program: ["hold"] }],
    steps: [{ event: "Started" }, { phase: "Pending" }, { delete: undefined }, { gone: true }],
  },
  {
    name: "deleted-while-it-cannot-pull",
    containers: [{ name: "main", image: "{registry}/nothing:v1" }],
    steps: [{ waiting: "ImagePullBackOff" }, { delete: undefined }, { gone: true }],
  },
  {
    name: "deleted-when-finished",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "0"] }],
    steps: [{ phase: "Succeeded" }, { delete: undefined }, { gone: true }],
  },
  {
    name: "deleted-with-one-finished",
    containers: [
      { name: "brief", program: ["await", "/state/all", "sleep", "4000", "exit", "0"], volumeMounts },
      { name: "main", program: ["write", "/state/all", "", "hold"], volumeMounts },
    ],
    spec: { volumes: [{ name: "state", emptyDir: {} }] },
    steps: [
      { condition: "Ready", status: "True" },
      { condition: "Ready", status: "False" },
      { delete: undefined },
      { gone: true },
    ],
  },
];
