import type { Container, ContainerRestartRule } from "@wherry/kubernetes";
import type { Scenario } from "../scenario.ts";

const spec = { volumes: [{ name: "state", emptyDir: {} }] };
const volumeMounts = [{ name: "state", mountPath: "/state" }];
const rule = (action: string, ...values: number[]): ContainerRestartRule => ({
  action,
  exitCodes: { operator: "In", values },
});
const restartsAll: Partial<Container> = {
  restartPolicy: "Never",
  restartPolicyRules: [rule("RestartAllContainers", 42)],
  volumeMounts,
};
/** Ends so that all containers are restarted, the first time. */
const once = ["sleep", "2500", "fail-once", "/state/tried", "42", "sleep", "2500"];
/** The same as soon as it is told. */
const onceTold = ["await", "/state/go", "fail-once", "/state/tried", "42", "hold"];

/** Containers whose end restarts all of the pod (KEP-5532). */
export const restartAllScenarios: readonly Scenario[] = [
  {
    name: "restart-all-alone",
    containers: [{ name: "main", program: ["print", "begun", ...once, "exit", "0"], ...restartsAll }],
    spec,
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "restart-all-by-app",
    initContainers: [{ name: "init", program: ["sleep", "2500", "exit", "0"] }],
    containers: [
      { name: "main", program: [...once, "exit", "0"], ...restartsAll },
      { name: "other", program: ["print", "begun", "sleep", "8000", "exit", "0"] },
    ],
    spec: { ...spec, restartPolicy: "OnFailure" },
    steps: [{ phase: "Succeeded" }],
    logs: ["other"],
  },
  {
    name: "restart-all-by-init",
    initContainers: [
      { name: "first", program: ["print", "begun", "sleep", "2500", "exit", "0"] },
      { name: "second", program: [...once, "exit", "0"], ...restartsAll },
    ],
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "0"] }],
    spec,
    steps: [{ phase: "Succeeded" }],
    logs: ["first"],
  },
  {
    name: "restart-all-by-sidecar",
    initContainers: [{ name: "side", program: [...once, "hold"], ...restartsAll, restartPolicy: "Always" }],
    containers: [{ name: "main", program: ["sleep", "8000", "exit", "0"] }],
    spec,
    steps: [{ phase: "Succeeded" }],
  },
  {
    name: "restart-all-with-hooks-and-probes",
    containers: [
      { name: "main", program: onceTold, ...restartsAll },
      {
        name: "other",
        program: ["serve-files", "/state"],
        ports: [{ containerPort: 8080 }],
        volumeMounts,
        // A step takes less than this hook, which is not run.
        lifecycle: { postStart: { sleep: { seconds: 1 } }, preStop: { sleep: { seconds: 150 } } },
        readinessProbe: { httpGet: { port: 8080, path: "/tried" }, periodSeconds: 1 },
      },
    ],
    spec: { ...spec, terminationGracePeriodSeconds: 200 },
    steps: [{ event: "Unhealthy" }, { make: "go" }, { condition: "Ready", status: "True" }],
  },
  {
    name: "restart-all-again-and-again",
    containers: [
      { name: "main", program: ["sleep", "2500", "exit", "42"], ...restartsAll },
      { name: "other", program: ["hold"] },
    ],
    spec: { ...spec, restartPolicy: "Always" },
    steps: [{ restarts: 3 }],
    maxRestarts: 1,
  },
  {
    name: "restart-all-with-ended-and-waiting",
    containers: [
      { name: "main", program: [...once, "hold"], ...restartsAll },
      { name: "ended", program: ["exit", "0"], restartPolicy: "Never" },
      { name: "waiting", image: "{registry}/none:v1" },
    ],
    spec,
    steps: [{ restarts: 1 }, { started: "main" }],
  },
  {
    name: "restart-all-beside-debug-containers",
    containers: [{ name: "main", program: onceTold, ...restartsAll }],
    spec,
    steps: [
      { started: "main" },
      { debug: { name: "shell", program: ["hold"] } },
      { started: "shell" },
      { make: "go" },
      { restarts: 1 },
      { started: "main" },
    ],
  },
  {
    name: "restart-all-by-a-later-rule",
    containers: [
      {
        name: "main",
        program: [...once, "exit", "0"],
        ...restartsAll,
        restartPolicyRules: [rule("Restart", 42), rule("RestartAllContainers", 42)],
      },
      { name: "other", program: ["sleep", "8000", "exit", "0"] },
    ],
    spec,
    steps: [{ phase: "Succeeded" }],
  },
];
