import type { Taint, Toleration } from "@wherry/kubernetes";
import type { PodSequence, Scenario } from "../scenario.ts";

/** Taints of the node that the pods come to. */
export const taints: readonly Taint[] = [
  { key: "example.com/leave", value: "now", effect: "NoExecute" },
  { key: "example.com/full", effect: "NoSchedule" },
];

function podOf(name: string, phase: "Running" | "Failed", tolerations: readonly Toleration[]): Scenario {
  const containers = [{ name: "main", program: ["hold"] }];
  return { name, containers, spec: { tolerations: [...tolerations] }, steps: [{ phase }], podMessage: true };
}

const key = "example.com/leave";

/** A pod that shows, by being refused, that the kubelet knows of the taints. */
export const unwelcome: Scenario = podOf("unwelcome", "Failed", []);

/** Pods that come to a node that wants them gone. */
export const taintedNode: PodSequence = {
  name: "tainted",
  pods: [
    unwelcome,
    podOf("tolerates-all", "Running", [{ operator: "Exists" }]),
    podOf("tolerates-no-execute-only", "Running", [{ key, operator: "Exists", effect: "NoExecute" }]),
    podOf("tolerates-for-a-while", "Running", [
      { key, operator: "Equal", value: "now", effect: "NoExecute", tolerationSeconds: 600 },
    ]),
    podOf("tolerates-another-value", "Failed", [{ key, operator: "Equal", value: "later", effect: "NoExecute" }]),
    podOf("tolerates-no-schedule-only", "Failed", [{ operator: "Exists", effect: "NoSchedule" }]),
    { ...podOf("static", "Running", []), static: true },
  ],
};
