import { parseQuantity, quantityMilliValue, quantityValue, tryParseQuantity } from "@wherry/kubernetes";
import type { ReportProblem } from "./errors.ts";
import type { KubeletConfiguration } from "./kubelet-configuration.ts";

export interface ReservedResources {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
}

/** The sum of `systemReserved` and `kubeReserved`. */
export function reservedResources(source: KubeletConfiguration, problem: ReportProblem): ReservedResources {
  const system = reserved(source.systemReserved, "systemReserved", problem);
  const kube = reserved(source.kubeReserved, "kubeReserved", problem);
  return {
    cpuMillis: system.cpuMillis + kube.cpuMillis,
    memoryBytes: system.memoryBytes + kube.memoryBytes,
    storageBytes: system.storageBytes + kube.storageBytes,
  };
}

const reservable: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage", "pid"]);

function reserved(
  given: Readonly<Record<string, string>> | undefined,
  path: string,
  problem: ReportProblem,
): ReservedResources {
  const amount = (name: string, value: (text: string) => number): number => {
    const text = given?.[name];
    if (text === undefined) return 0;
    const quantity = tryParseQuantity(text);
    if (quantity !== undefined && quantity.nano >= 0n) return value(text);
    problem(`${path}.${name}`, `is "${text}", it must be a quantity of 0 or more such as "500m" or "1Gi"`);
    return 0;
  };
  for (const name of Object.keys(given ?? {}))
    if (!reservable.has(name))
      problem(`${path}.${name}`, `cannot be reserved; what can is ${[...reservable].join(", ")}`);
  amount("pid", () => 0);
  return {
    cpuMillis: amount("cpu", (text) => quantityMilliValue(parseQuantity(text))),
    memoryBytes: amount("memory", (text) => quantityValue(parseQuantity(text))),
    storageBytes: amount("ephemeral-storage", (text) => quantityValue(parseQuantity(text))),
  };
}
