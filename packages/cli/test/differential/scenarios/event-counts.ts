import type { Scenario } from "../scenario.ts";

/** Events that happen again and again. */
export const eventCountScenarios: readonly Scenario[] = [
  {
    name: "events-of-a-crash-loop",
    containers: [{ name: "main", program: ["sleep", "1500", "exit", "1"] }],
    spec: { restartPolicy: "Always" },
    steps: [{ restarts: 5 }, { event: "BackOff", count: 3 }],
    maxRestarts: 0,
    eventCounts: true,
  },
  {
    name: "events-of-an-image-that-cannot-be-pulled",
    containers: [{ name: "main", image: "{registry}/nothing:v1" }],
    steps: [
      { event: "Pulling", count: 2 },
      { event: "BackOff", count: 3 },
    ],
    eventCounts: true,
  },
  {
    name: "events-of-a-failing-probe",
    containers: [
      {
        name: "main",
        program: ["hold"],
        readinessProbe: { httpGet: { port: 8081 }, periodSeconds: 1 },
        ports: [{ containerPort: 8080 }],
      },
    ],
    steps: [{ event: "Unhealthy", count: 12 }],
    eventCounts: true,
  },
];
