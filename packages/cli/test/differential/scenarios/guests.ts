import type { Scenario, ScenarioContainer } from "../scenario.ts";

const message = (name: string, code: string, policy: string, program: readonly string[]): Scenario => ({
  name,
  containers: [
    { name: "main", program: [...program, "sleep", "2500", "exit", code], terminationMessagePolicy: policy },
  ],
  steps: [{ phase: code === "0" ? "Succeeded" : "Failed" }],
  messages: true,
});
const longMessage = (name: string): ScenarioContainer => ({
  name,
  program: ["write", "/dev/termination-log", "x".repeat(4096), "sleep", "2500"],
});
const fieldRef = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** What a container is given and what it leaves behind. */
export const guestScenarios: readonly Scenario[] = [
  message("message-file", "0", "File", ["write", "/dev/termination-log", "all is well"]),
  message("message-file-of-failure", "1", "File", [
    "print",
    "not this",
    "write",
    "/dev/termination-log",
    "that is why",
  ]),
  message("message-none", "1", "File", ["print", "not this"]),
  message("message-from-log", "1", "FallbackToLogsOnError", ["print", "one", "error", "two"]),
  message("message-file-before-log", "1", "FallbackToLogsOnError", [
    "print",
    "not this",
    "write",
    "/dev/termination-log",
    "this",
  ]),
  message("message-from-a-long-line", "1", "FallbackToLogsOnError", ["print", "x".repeat(16_380)]),
  {
    name: "messages-of-four-containers",
    initContainers: ["one", "two", "three"].map(longMessage),
    containers: ["main"].map(longMessage),
    steps: [{ phase: "Succeeded" }],
    messages: true,
  },
  message("message-log-of-success", "0", "FallbackToLogsOnError", ["print", "not this"]),
  {
    name: "message-path",
    containers: [
      {
        name: "main",
        program: ["write", "/tmp/why", "told elsewhere", "sleep", "2500", "exit", "2"],
        // From the root.
        terminationMessagePath: "tmp/../tmp/why",
      },
    ],
    steps: [{ phase: "Failed" }],
    messages: true,
  },
  {
    name: "environment",
    containers: [
      {
        name: "main",
        program: [
          ...["print", "$(GREETING), $(WHO)", "print", "$$(GREETING) $(UNKNOWN)", "print", "it's $$$(WHO)"],
          ...["NAME", "ACCOUNT", "MEMORY", "CPU", "LATE", "LIMIT"].flatMap((name) => ["env", name]),
          ...["sleep", "2500"],
        ],
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { cpu: "1500m", memory: "64Mi" } },
        env: [
          { name: "WHO", value: "world" },
          { name: "GREETING", value: "hello $(WHO) $(LATE) $$(WHO)" },
          { name: "LATE", value: "late" },
          fieldRef("NAME", "metadata.name"),
          fieldRef("ACCOUNT", "spec.serviceAccountName"),
          { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } } },
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
          { name: "LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
        ],
      },
    ],
    steps: [{ phase: "Succeeded" }],
    logs: ["main"],
  },
  {
    name: "guaranteed",
    containers: [
      {
        name: "main",
        program: ["hold"],
        resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "20m", memory: "32Mi" } },
      },
    ],
    spec: { restartPolicy: "Always" },
    steps: [{ condition: "Ready", status: "True" }],
  },
];
