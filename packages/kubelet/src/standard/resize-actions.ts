import { type Container, isRestartableInitContainer, type PodSpec } from "@wherry/kubernetes";
import type { ContainerResources } from "@wherry/runtime";
import type { Instance } from "./pod-facts.ts";
import { containerResources } from "./sandbox-config.ts";

/** One call that brings a running container closer to what it was given. */
export interface ResourceUpdate {
  readonly instance: Instance;
  readonly resource: "memory" | "cpu";
  /** All that the container is to have after the call. */
  readonly resources: ContainerResources;
}

const fields = {
  memory: ["memoryLimitBytes", "memoryRequestBytes"],
  cpu: ["cpuLimitMillis", "cpuRequestMillis"],
} as const;

/** Whether a running container has other resources than it was given, of which its policy says that it has to start anew. */
export function resizeNeedsRestart(container: Container, instance: Instance): boolean {
  const wanted = containerResources(container.resources);
  const has = instance.resources;
  const restarts = (resource: "memory" | "cpu") =>
    container.resizePolicy?.find(({ resourceName }) => resourceName === resource)?.restartPolicy === "RestartContainer";
  // A request of memory is the scheduler's business only: the runtime does nothing with it.
  if (restarts("memory") && wanted.memoryLimitBytes !== has.memoryLimitBytes) return true;
  return restarts("cpu") && differs(wanted, has, "cpu");
}

/**
 * The calls that give running containers what they were given on paper, in order: memory before cpu, and of each what gets
 * smaller before what gets larger, so that the pod never has more than both. Containers that start anew are left out.
 */
export function resourceUpdates(spec: PodSpec, instancesOf: (name: string) => readonly Instance[]): ResourceUpdate[] {
  const sidecars = (spec.initContainers ?? []).filter(isRestartableInitContainer);
  const candidates = [...sidecars, ...spec.containers].flatMap((container) => {
    const [instance] = instancesOf(container.name);
    if (instance?.state !== "running" || resizeNeedsRestart(container, instance)) return [];
    return [{ instance, wanted: containerResources(container.resources) }];
  });
  return (["memory", "cpu"] as const).flatMap((resource) => {
    const smaller: ResourceUpdate[] = [];
    const larger: ResourceUpdate[] = [];
    for (const { instance, wanted } of candidates) {
      if (!differs(wanted, instance.resources, resource)) continue;
      // Memory has been dealt with by the time of the cpu.
      const resources =
        resource === "cpu"
          ? wanted
          : {
              ...instance.resources,
              memoryLimitBytes: wanted.memoryLimitBytes,
              memoryRequestBytes: wanted.memoryRequestBytes,
            };
      const list = isSmaller(wanted, instance.resources, resource) ? smaller : larger;
      list.push({ instance, resource, resources });
    }
    return [...smaller, ...larger];
  });
}

function differs(left: ContainerResources, right: ContainerResources, resource: "memory" | "cpu"): boolean {
  return fields[resource].some((field) => left[field] !== right[field]);
}

/** By the limit, or where that stays by the request; no limit is the largest. */
function isSmaller(wanted: ContainerResources, has: ContainerResources, resource: "memory" | "cpu"): boolean {
  const [limit, request] = fields[resource];
  const infinite = Number.POSITIVE_INFINITY;
  const byLimit = (wanted[limit] ?? infinite) - (has[limit] ?? infinite);
  if (byLimit < 0) return true;
  return wanted[limit] === has[limit] && (wanted[request] ?? 0) < (has[request] ?? 0);
}
