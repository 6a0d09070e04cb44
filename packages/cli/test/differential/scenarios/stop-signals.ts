import type { Scenario, ScenarioContainer, Step } from "../scenario.ts";

const deleted: readonly Step[] = [{ condition: "Ready", status: "True" }, { delete: undefined }, { gone: true }];

function stoppedBy(name: string, main: Partial<ScenarioContainer>): Scenario {
  const containers = [{ name: "main", program: ["hold"], ...main }];
  return { name, containers, spec: { os: { name: "linux" } }, steps: deleted };
}

/** Signals that end a container when its pod is deleted. */
export const stopSignalScenarios: readonly Scenario[] = [
  ...["SIGTERM", "SIGUSR1", "SIGINT", "SIGKILL"].map((stopSignal) =>
    stoppedBy(`stopped-by-${stopSignal.toLowerCase()}`, { lifecycle: { stopSignal } }),
  ),
  stoppedBy("stopped-by-the-signal-of-the-image", { image: "{usr1-image}" }),
  stoppedBy("stopped-by-another-signal-than-that-of-the-image", {
    image: "{usr1-image}",
    lifecycle: { stopSignal: "SIGINT" },
  }),
];
