import type { Scenario, ScenarioContainer, Step } from "../scenario.ts";

const volumeMounts = [{ name: "state", mountPath: "/state" }];
const state = { volumes: [{ name: "state", emptyDir: {} }] };
const main: ScenarioContainer = { name: "main", program: ["hold"], volumeMounts };
const look = (program: readonly string[]): ScenarioContainer => ({ name: "look", program, volumeMounts });
const ready: Step = { condition: "Ready", status: "True" };

/** Containers that are added to a pod which runs. */
export const ephemeralScenarios: readonly Scenario[] = [
  {
    name: "ephemeral-runs-once",
    containers: [main],
    spec: { restartPolicy: "Always", ...state },
    steps: [
      ready,
      { debug: look(["write", "/state/note", "seen", "cat", "/state/note", "sleep", "2500"]) },
      { terminated: "look" },
    ],
    logs: ["look"],
  },
  {
    name: "ephemeral-fails",
    containers: [main],
    spec: { restartPolicy: "Always", ...state },
    steps: [ready, { debug: look(["sleep", "2500", "exit", "3"]) }, { terminated: "look" }],
  },
  {
    name: "ephemeral-cannot-start",
    containers: [main],
    spec: state,
    steps: [
      ready,
      { debug: { name: "look", image: "{registry}/nothing:v1" } },
      { waiting: "ImagePullBackOff" },
      { event: "BackOff" },
    ],
  },
  {
    name: "ephemeral-outlives-the-others",
    containers: [{ name: "main", program: ["await", "/state/note", "sleep", "2500"], volumeMounts }],
    spec: state,
    steps: [ready, { debug: look(["write", "/state/note", "", "hold"]) }, { phase: "Succeeded" }],
  },
  {
    name: "ephemeral-deleted",
    containers: [main],
    spec: state,
    steps: [
      ready,
      { debug: look(["write", "/state/note", "", "hold"]) },
      { started: "look" },
      { delete: undefined },
      { gone: true },
    ],
  },
];
