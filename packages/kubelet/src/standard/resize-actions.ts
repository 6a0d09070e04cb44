import { type Container, isRestartableInitContainer, type PodSpec } from "@wherry/kubernetes";
import type { ContainerResources, SandboxResources } from "@wherry/runtime";
import type { Instance } from "./pod-facts.ts";
import { containerResources, podLevelLimits, sandboxResources } from "./sandbox-config.ts";

type Resource = "memory" | "cpu";

/** One call that brings a running container closer to what it was given. */
export interface ContainerUpdate {
  readonly kind: "container";
  readonly instance: Instance;
  readonly resource: Resource;
  /** All that the container is to have after the call. */
  readonly resources: ContainerResources;
}

/** One call that brings the sandbox closer to what the pod as a whole was given. */
export interface SandboxUpdate {
  readonly kind: "sandbox";
  readonly sandboxId: string;
  readonly resource: Resource;
  /** The limit that changes. */
  readonly resources: SandboxResources;
  /** It leaves the containers more than they have. */
  readonly grows: boolean;
}

export type ResourceUpdate = ContainerUpdate | SandboxUpdate;

const fields = {
  memory: ["memoryLimitBytes", "memoryRequestBytes"],
  cpu: ["cpuLimitMillis", "cpuRequestMillis"],
} as const;

/**
 * Whether a running container has other resources than it was given, of which its policy says that it has to start anew. What has no
 * limit of its own lives by the pod's.
 */
export function resizeNeedsRestart(spec: PodSpec, container: Container, instance: Instance): boolean {
  const wanted = containerResources(container.resources);
  const has = instance.resources;
  const restarts = (resource: Resource) =>
    container.resizePolicy?.find(({ resourceName }) => resourceName === resource)?.restartPolicy === "RestartContainer";
  // A request of memory is the scheduler's business only: the runtime does nothing with it.
  if (restarts("memory") && wanted.memoryLimitBytes !== has.memoryLimitBytes) return true;
  if (restarts("cpu") && differs(wanted, has, "cpu")) return true;
  const { podLimits } = instance;
  if (podLimits === undefined) return false;
  const ofPod = podLevelLimits(spec);
  return (["memory", "cpu"] as const).some((resource) => {
    const [limit] = fields[resource];
    return restarts(resource) && wanted[limit] === undefined && ofPod[limit] !== podLimits[limit];
  });
}

/**
 * The calls that give a pod what it was given on paper, in order: limits of the sandbox that grow; then memory before cpu, of each the
 * containers that get less before those that get more, and at last the sandbox's limit where it shrinks, so that the containers always
 * fit in it. Containers that start anew are left out; their time is after what grows.
 *
 * @param sandbox the sandbox and what it has; undefined where there is none, or the runtime does not tell
 */
export function resourceUpdates(
  spec: PodSpec,
  instancesOf: (name: string) => readonly Instance[],
  sandbox: { readonly id: string; readonly resources: SandboxResources } | undefined,
): ResourceUpdate[] {
  const resources = ["memory", "cpu"] as const;
  const wanted = sandboxResources(spec);
  const ofSandbox = resources.flatMap((resource) => sandboxUpdates(sandbox, wanted, resource));
  return [
    ...ofSandbox.filter(({ grows }) => grows),
    ...resources.flatMap((resource) => [
      ...containerUpdates(spec, instancesOf, resource),
      ...ofSandbox.filter((update) => update.resource === resource && !update.grows),
    ]),
  ];
}

function sandboxUpdates(
  sandbox: { readonly id: string; readonly resources: SandboxResources } | undefined,
  wanted: SandboxResources,
  resource: Resource,
): SandboxUpdate[] {
  if (sandbox === undefined) return [];
  const [field] = fields[resource];
  const limit = wanted[field];
  if (limit === undefined || limit === sandbox.resources[field]) return [];
  const grows = limit > (sandbox.resources[field] ?? Number.POSITIVE_INFINITY);
  return [{ kind: "sandbox", sandboxId: sandbox.id, resource, resources: { [field]: limit }, grows }];
}

function containerUpdates(
  spec: PodSpec,
  instancesOf: (name: string) => readonly Instance[],
  resource: Resource,
): ContainerUpdate[] {
  const sidecars = (spec.initContainers ?? []).filter(isRestartableInitContainer);
  const smaller: ContainerUpdate[] = [];
  const larger: ContainerUpdate[] = [];
  for (const container of [...sidecars, ...spec.containers]) {
    const [instance] = instancesOf(container.name);
    if (instance?.state !== "running" || resizeNeedsRestart(spec, container, instance)) continue;
    const wanted = containerResources(container.resources);
    if (!differs(wanted, instance.resources, resource)) continue;
    // Memory has been dealt with by the time of the cpu.
    const { memoryLimitBytes, memoryRequestBytes } = wanted;
    const resources = resource === "cpu" ? wanted : { ...instance.resources, memoryLimitBytes, memoryRequestBytes };
    const list = isSmaller(wanted, instance.resources, resource) ? smaller : larger;
    list.push({ kind: "container", instance, resource, resources });
  }
  return [...smaller, ...larger];
}

function differs(left: ContainerResources, right: ContainerResources, resource: Resource): boolean {
  return fields[resource].some((field) => left[field] !== right[field]);
}

/** By the limit, or where that stays by the request; no limit is the largest. */
function isSmaller(wanted: ContainerResources, has: ContainerResources, resource: Resource): boolean {
  const [limit, request] = fields[resource];
  const infinite = Number.POSITIVE_INFINITY;
  const byLimit = (wanted[limit] ?? infinite) - (has[limit] ?? infinite);
  if (byLimit < 0) return true;
  return wanted[limit] === has[limit] && (wanted[request] ?? 0) < (has[request] ?? 0);
}
