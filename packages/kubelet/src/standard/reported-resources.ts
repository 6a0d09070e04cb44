import {
  formatQuantity,
  formatResourceList,
  type PodSpec,
  podLimits,
  type ResourceRequirements,
  tryParseQuantity,
} from "@wherry/kubernetes";
import type { ContainerResources, SandboxResources } from "@wherry/runtime";
import { containerResources, sandboxResources } from "./sandbox-config.ts";

/**
 * What a running container has, for its status: as it was given, with the amounts of the runtime where those differ. Equal amounts
 * keep the text of their author.
 */
export function reportedResources(
  given: ResourceRequirements | undefined,
  has: ContainerResources,
): ResourceRequirements {
  const wanted = containerResources(given);
  const differs = (field: keyof ContainerResources) => wanted[field] !== has[field];
  const amounts = (list: "limits" | "requests", cpu: "cpuLimitMillis" | "cpuRequestMillis", memory: MemoryField) => {
    const result: Record<string, string> = { ...given?.[list] };
    // A request that only the limit implies is in no list.
    if (differs(cpu) && (list === "limits" || result["cpu"] !== undefined)) set(result, "cpu", milliCpu(has[cpu]));
    if (differs(memory) && (list === "limits" || result["memory"] !== undefined))
      set(result, "memory", bytes(has[memory]));
    return Object.keys(result).length === 0 ? {} : { [list]: result };
  };
  return {
    ...amounts("limits", "cpuLimitMillis", "memoryLimitBytes"),
    ...amounts("requests", "cpuRequestMillis", "memoryRequestBytes"),
  };
}

/** Limits of a sandbox, for the pod's status: as the pod was given them, with the amounts of the runtime where those differ. */
export function reportedLimits(spec: PodSpec, has: SandboxResources): Record<string, string> {
  const wanted = sandboxResources(spec);
  const limits = formatResourceList(podLimits(spec));
  if (wanted.cpuLimitMillis !== has.cpuLimitMillis) set(limits, "cpu", milliCpu(has.cpuLimitMillis));
  if (wanted.memoryLimitBytes !== has.memoryLimitBytes) set(limits, "memory", bytes(has.memoryLimitBytes));
  return limits;
}

type MemoryField = "memoryLimitBytes" | "memoryRequestBytes";

function set(amounts: Record<string, string>, name: string, text: string | undefined): void {
  if (text === undefined) delete amounts[name];
  else amounts[name] = text;
}

function milliCpu(amount: number | undefined): string | undefined {
  return amount === undefined ? undefined : canonical(`${amount}m`, "decimalSi");
}

function bytes(amount: number | undefined): string | undefined {
  return amount === undefined ? undefined : canonical(String(amount), "binarySi");
}

function canonical(text: string, format: "decimalSi" | "binarySi"): string {
  const quantity = tryParseQuantity(text);
  return quantity === undefined ? text : formatQuantity({ ...quantity, format });
}
