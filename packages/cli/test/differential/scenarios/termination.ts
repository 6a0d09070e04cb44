import type { Scenario, ScenarioContainer, Step } from "../scenario.ts";

const held = (name: string, hookSeconds?: number): ScenarioContainer => ({
  name,
  program: ["hold"],
  ...(hookSeconds !== undefined && { lifecycle: { preStop: { sleep: { seconds: hookSeconds } } } }),
});
const sidecar = (container: ScenarioContainer): ScenarioContainer => ({ ...container, restartPolicy: "Always" });
/** All hooks begin at once, but the first sidecar has its turn after the second, and the third before that. */
const sidecars = [held("one"), held("two", 4), held("three")].map(sidecar);
const ready: Step = { condition: "Ready", status: "True" };

/** In which order and how hard containers are stopped. */
export const terminationScenarios: readonly Scenario[] = [
  {
    name: "sidecars-end-in-reverse-order",
    initContainers: sidecars,
    containers: [{ name: "main", program: ["sleep", "2500"] }],
    spec: { terminationGracePeriodSeconds: 30 },
    steps: [{ phase: "Succeeded" }],
    endOrder: true,
  },
  {
    name: "sidecars-deleted-in-reverse-order",
    initContainers: sidecars,
    containers: [held("main")],
    spec: { terminationGracePeriodSeconds: 30 },
    steps: [ready, { delete: undefined }, { gone: true }],
    endOrder: true,
  },
  {
    name: "sidecars-wait-for-the-others",
    initContainers: [sidecar(held("one"))],
    containers: [held("main", 4)],
    spec: { terminationGracePeriodSeconds: 30 },
    steps: [ready, { delete: undefined }, { gone: true }],
    endOrder: true,
  },
  {
    name: "sidecar-after-the-grace-period",
    initContainers: [sidecar(held("one"))],
    containers: [held("main", 500)],
    spec: { terminationGracePeriodSeconds: 600 },
    steps: [ready, { delete: 3 }, { gone: true }],
  },
  {
    name: "stop-signal-without-effect",
    containers: [{ name: "main", program: ["spin"] }],
    spec: { terminationGracePeriodSeconds: 2 },
    steps: [ready, { delete: undefined }, { gone: true }],
  },
  {
    name: "grace-period-shortened",
    containers: [held("main", 8), held("beside", 3)],
    spec: { terminationGracePeriodSeconds: 12 },
    steps: [ready, { delete: undefined }, { event: "Killing" }, { delete: 1 }, { gone: true }],
    endOrder: true,
  },
];
