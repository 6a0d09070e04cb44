import type { PodSpec, ResourceRequirements } from "@wherry/kubernetes";
import type { Scenario, ScenarioContainer } from "../scenario.ts";

const text = "x".repeat(100_000);
const volumeMounts = [{ name: "data", mountPath: "/data" }];
const limit = (storage: string): ResourceRequirements => ({ limits: { "ephemeral-storage": storage } });
const filling: ScenarioContainer = { name: "main", program: ["write", "/data/file", text, "hold"], volumeMounts };
const printing: ScenarioContainer = { name: "main", program: ["print", text, "hold"] };
const withVolume = (sizeLimit?: string): Partial<PodSpec> => ({
  volumes: [{ name: "data", emptyDir: sizeLimit === undefined ? {} : { sizeLimit } }],
});

/** A pod that holds more on the node's disk than it may; the grace period is not its own. */
function evicted(name: string, containers: readonly ScenarioContainer[], spec: Partial<PodSpec> = {}): Scenario {
  return {
    name,
    containers,
    spec: { terminationGracePeriodSeconds: 60, ...spec },
    steps: [{ phase: "Failed" }],
    podMessage: true,
  };
}

/** Pods that are evicted for what they store themselves. */
export const evictionScenarios: readonly Scenario[] = [
  evicted("evicted-for-a-volume", [filling], withVolume("64Ki")),
  evicted("evicted-for-all-of-the-pod", [{ ...filling, resources: limit("64Ki") }], withVolume()),
  evicted("evicted-for-a-container", [
    { ...printing, resources: limit("64Ki") },
    { name: "more", program: ["hold"], resources: limit("10Mi") },
  ]),
];
