import type { PodSpec, ResourceRequirements } from "@wherry/kubernetes";
import type { PodSequence, Scenario } from "../scenario.ts";

/**
 * Full nodes, and who comes to them last.
 *
 * @param cpuMillis what a node has for pods
 */
export function preemptionScenarios(cpuMillis: number): readonly PodSequence[] {
  /** Hundredths of it. */
  const cpu = (share: number) => `${Math.floor((cpuMillis * share) / 100)}m`;
  const holds = (name: string, share: number, memory = "8Mi"): Scenario =>
    podOf(name, "Running", { requests: { cpu: cpu(share), memory } });
  const guaranteed = (name: string, share: number): Scenario => {
    const amounts = { cpu: cpu(share), memory: "64Mi" };
    return podOf(name, "Running", { requests: amounts, limits: amounts });
  };
  const comes = (name: string, share: number, phase: Phase, spec: Partial<PodSpec>): Scenario =>
    podOf(name, phase, { requests: { cpu: cpu(share) } }, spec);
  const leaving: Scenario = {
    ...holds("leaving", 60),
    containers: [
      {
        name: "main",
        program: ["hold"],
        resources: { requests: { cpu: cpu(60) } },
        lifecycle: { preStop: { sleep: { seconds: 4 } } },
      },
    ],
    steps: [{ phase: "Running" }, { delete: undefined }],
  };
  const idle = podOf("idle", "Running", {});
  const nodeCritical: Partial<PodSpec> = { priorityClassName: "system-node-critical" };
  const clusterCritical: Partial<PodSpec> = { priorityClassName: "system-cluster-critical" };
  return [
    {
      name: "burstable-that-is-enough",
      pods: [
        idle,
        holds("small", 20),
        holds("large", 40),
        guaranteed("whole", 30),
        comes("urgent", 35, "Running", nodeCritical),
      ],
    },
    {
      name: "guaranteed-for-what-others-lack",
      pods: [
        idle,
        holds("small", 20),
        holds("large", 25),
        guaranteed("whole", 50),
        comes("urgent", 75, "Running", nodeCritical),
      ],
    },
    {
      name: "less-memory",
      pods: [holds("wide", 30, "32Mi"), holds("tall", 40, "16Mi"), comes("urgent", 50, "Running", nodeCritical)],
    },
    {
      name: "less-critical",
      pods: [
        comes("cluster", 60, "Running", clusterCritical),
        comes("urgent", 60, "Running", nodeCritical),
        comes("outranked", 60, "Failed", clusterCritical),
      ],
    },
    {
      name: "for-a-static-pod",
      pods: [
        idle,
        holds("small", 50),
        comes("urgent", 40, "Running", clusterCritical),
        { ...comes("static", 30, "Running", {}), static: true },
      ],
    },
    {
      name: "static-pods-are-critical",
      pods: [
        { ...comes("static", 60, "Running", {}), static: true },
        comes("outranked", 60, "Failed", clusterCritical),
      ],
    },
    { name: "deleted-meanwhile", pods: [leaving, comes("urgent", 60, "Running", nodeCritical)] },
    { name: "not-enough", pods: [holds("small", 20), comes("greedy", 150, "Failed", nodeCritical)] },
    {
      name: "refused-all-the-same",
      pods: [
        holds("small", 20),
        comes("misplaced", 90, "Failed", { ...nodeCritical, nodeSelector: { "example.com/absent": "yes" } }),
      ],
    },
    { name: "not-critical", pods: [holds("small", 20), comes("plain", 90, "Failed", {})] },
  ];
}

type Phase = "Running" | "Failed";

function podOf(name: string, phase: Phase, resources: ResourceRequirements, spec: Partial<PodSpec> = {}): Scenario {
  const containers = [{ name: "main", program: ["hold"], resources }];
  return { name, containers, spec, steps: [{ phase }], podMessage: true };
}
