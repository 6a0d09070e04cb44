import type { Scenario } from "../scenario.ts";

const state = { volumes: [{ name: "state", emptyDir: {} }] };
const volumeMounts = [{ name: "state", mountPath: "/state" }];

/** Containers that come before others, and those that stay beside them. */
export const initScenarios: readonly Scenario[] = [
  {
    name: "init-order",
    initContainers: [
      { name: "first", program: ["sleep", "2500", "append", "/state/order", "first "], volumeMounts },
      { name: "second", program: ["sleep", "2500", "append", "/state/order", "second "], volumeMounts },
    ],
    containers: [{ name: "main", program: ["cat", "/state/order", "sleep", "2500"], volumeMounts }],
    spec: state,
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "init-fails-never",
    initContainers: [
      { name: "first", program: ["sleep", "2500", "exit", "4"] },
      { name: "second", program: ["exit", "0"] },
    ],
    containers: [{ name: "main", program: ["hold"] }],
    steps: [{ phase: "Failed" }],
  },
  {
    name: "init-fails-always",
    initContainers: [{ name: "first", program: ["sleep", "2500", "exit", "4"] }],
    containers: [{ name: "main", program: ["hold"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ restarts: 1 }, { waiting: "CrashLoopBackOff" }, { restarts: 2 }, { event: "BackOff" }],
    maxRestarts: 1,
  },
  {
    name: "init-recovers",
    initContainers: [
      {
        name: "first",
        program: ["sleep", "1500", "fail-once", "/state/tried", "3", "sleep", "2500"],
        volumeMounts,
      },
    ],
    containers: [{ name: "main", program: ["hold"] }],
    spec: { restartPolicy: "OnFailure", ...state },
    steps: [{ condition: "Ready", status: "True" }],
  },
  {
    name: "sidecar-of-a-service",
    initContainers: [
      { name: "before", program: ["sleep", "2500"] },
      { name: "sidecar", program: ["hold"], restartPolicy: "Always" },
      { name: "after", program: ["sleep", "2500"] },
    ],
    containers: [{ name: "main", program: ["hold"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ condition: "Ready", status: "True" }, { delete: undefined }, { gone: true }],
  },
  {
    name: "sidecars-of-a-job",
    initContainers: [
      { name: "one", program: ["hold"], restartPolicy: "Always" },
      { name: "two", program: ["hold"], restartPolicy: "Always" },
    ],
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "0"] }],
    steps: [{ phase: "Succeeded" }],
  },
  {
    name: "sidecar-restarts",
    initContainers: [{ name: "sidecar", program: ["sleep", "2500", "exit", "1"], restartPolicy: "Always" }],
    containers: [{ name: "main", program: ["hold"] }],
    steps: [{ restarts: 1 }, { waiting: "CrashLoopBackOff" }, { restarts: 2 }, { event: "BackOff" }],
    maxRestarts: 1,
  },
  {
    name: "main-fails-beside-sidecar",
    initContainers: [{ name: "sidecar", program: ["hold"], restartPolicy: "Always" }],
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "9"] }],
    steps: [{ phase: "Failed" }],
  },
];
