import type { Scenario } from "../scenario.ts";

const state = { volumes: [{ name: "state", emptyDir: {} }] };
const volumeMounts = [{ name: "state", mountPath: "/state" }];

/** Every restart policy with success and failure. A container lasts long enough to be seen running by a kubelet that looks each second. */
export const restartScenarios: readonly Scenario[] = [
  ...["0", "1"].map(
    (code): Scenario => ({
      name: `never-exit-${code}`,
      containers: [{ name: "main", program: ["sleep", "2500", "exit", code] }],
      steps: [{ phase: code === "0" ? "Succeeded" : "Failed" }],
    }),
  ),
  ...["0", "1"].map(
    (code): Scenario => ({
      name: `always-exit-${code}`,
      containers: [{ name: "main", program: ["sleep", "2500", "exit", code] }],
      spec: { restartPolicy: "Always" },
      steps: [{ restarts: 1 }, { waiting: "CrashLoopBackOff" }, { restarts: 2 }, { event: "BackOff" }],
      maxRestarts: 1,
      waitingMessages: /^back-off \S+ restarting failed container=main pod=/,
    }),
  ),
  ...[
    { name: "rule-in", operator: "In", values: [42] },
    { name: "rule-not-in", operator: "NotIn", values: [0, 1] },
  ].map(
    ({ name, operator, values }): Scenario => ({
      name,
      containers: [
        {
          name: "main",
          program: ["sleep", "1500", "fail-once", "/state/tried", "42", "sleep", "2500", "exit", "1"],
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator, values } }],
          volumeMounts,
        },
      ],
      spec: state,
      steps: [{ phase: "Failed" }],
    }),
  ),
  {
    name: "on-failure-exit-0",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "0"] }],
    spec: { restartPolicy: "OnFailure" },
    steps: [{ phase: "Succeeded" }],
  },
  {
    name: "on-failure-exit-1",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "1"] }],
    spec: { restartPolicy: "OnFailure" },
    steps: [{ restarts: 1 }, { waiting: "CrashLoopBackOff" }, { restarts: 2 }, { event: "BackOff" }],
    maxRestarts: 1,
  },
  {
    name: "on-failure-succeeds-at-last",
    containers: [
      {
        name: "main",
        program: ["sleep", "1500", "fail-once", "/state/tried", "3", "sleep", "2500", "exit", "0"],
        volumeMounts,
      },
    ],
    spec: { restartPolicy: "OnFailure", ...state },
    steps: [{ phase: "Succeeded" }],
  },
  {
    name: "one-of-three-fails",
    containers: [
      { name: "good", program: ["await", "/state/all", "sleep", "4000", "exit", "0"], volumeMounts },
      { name: "bad", program: ["await", "/state/all", "sleep", "4000", "exit", "7"], volumeMounts },
      { name: "long", program: ["write", "/state/all", "", "sleep", "6000", "exit", "0"], volumeMounts },
    ],
    spec: state,
    steps: [{ phase: "Failed" }],
  },
  {
    name: "one-of-two-succeeds-early",
    containers: [
      { name: "brief", program: ["await", "/state/all", "sleep", "4000", "exit", "0"], volumeMounts },
      { name: "main", program: ["write", "/state/all", "", "hold"], volumeMounts },
    ],
    spec: { restartPolicy: "OnFailure", ...state },
    steps: [
      { condition: "Ready", status: "True" },
      { condition: "Ready", status: "False" },
    ],
  },
  {
    name: "deadline",
    containers: [{ name: "main", program: ["hold"] }],
    spec: { activeDeadlineSeconds: 10 },
    steps: [{ phase: "Failed" }],
  },
  {
    name: "deadline-while-restarting",
    containers: [{ name: "main", program: ["sleep", "2500", "exit", "1"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ waiting: "CrashLoopBackOff" }, { deadline: 1 }, { phase: "Failed" }],
    maxRestarts: 0,
  },
  {
    name: "readiness-gate",
    containers: [{ name: "main", program: ["hold"] }],
    spec: { readinessGates: [{ conditionType: "example.com/gate" }] },
    steps: [
      { condition: "ContainersReady", status: "True" },
      { setCondition: "example.com/gate", status: "True" },
      { condition: "Ready", status: "True" },
    ],
  },
];
