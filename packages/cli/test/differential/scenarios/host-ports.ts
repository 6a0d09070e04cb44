import type { ContainerPort, PodSpec } from "@wherry/kubernetes";
import type { PodSequence, Scenario } from "../scenario.ts";

type Phase = "Running" | "Failed";

function podOf(name: string, phase: Phase, port: Partial<ContainerPort>, spec: Partial<PodSpec> = {}): Scenario {
  const containers = [{ name: "main", program: ["hold"], ports: [{ containerPort: 8080, ...port }] }];
  return { name, containers, spec, steps: [{ phase }], podMessage: true };
}

/**
 * Pods that want the same port of the node.
 *
 * @param first a port that nobody has
 * @param second another
 */
export function hostPorts(first: number, second: number, address: string): PodSequence {
  const helper = (name: string, phase: Phase, restartPolicy?: string): Scenario => ({
    ...podOf(name, phase, {}),
    initContainers: [
      {
        name: "helper",
        program: restartPolicy === undefined ? ["exit", "0"] : ["hold"],
        ports: [{ containerPort: 8081, hostPort: first }],
        ...(restartPolicy !== undefined && { restartPolicy }),
      },
    ],
  });
  return {
    name: "host-port",
    pods: [
      podOf("owner", "Running", { hostPort: first }),
      podOf("rival", "Failed", { hostPort: first }),
      podOf("rival-at-an-address", "Failed", { hostPort: first, hostIP: "127.0.0.1" }),
      podOf("rival-with-the-host-network", "Failed", { containerPort: first }, { hostNetwork: true }),
      helper("rival-with-a-sidecar", "Failed", "Always"),
      helper("init-container-with-the-port", "Running"),
      podOf("one-address", "Running", { hostPort: second, hostIP: "127.0.0.1" }),
      podOf("other-address", "Running", { hostPort: second, hostIP: address }),
      podOf("rival-of-both", "Failed", { hostPort: second }),
    ],
  };
}
