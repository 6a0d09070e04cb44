import type { Container, Pod, PodSpec, ResourceRequirements } from "../api/index.ts";
import { tryParseQuantity } from "../quantity.ts";
import { isRestartableInitContainer } from "./pod-containers.ts";

/** What a node has promised the containers of a pod, by container name; the spec says what is wanted (KEP-1287). */
export type PodAllocation = Readonly<Record<string, ResourceRequirements>>;

/** What a resize can change; everything else of a container's resources stays for life. */
export const resizableResources: readonly string[] = ["cpu", "memory"];

/** Whether a resize can change what the container has: app containers and sidecars, which run as long as the pod. */
export function isResizable(spec: PodSpec, container: Container): boolean {
  return spec.containers.includes(container) || isRestartableInitContainer(container);
}

/** The allocation of a pod that gets all that its spec asks for; empty where there is nothing to resize. */
export function podAllocation(spec: PodSpec): PodAllocation {
  const allocation: Record<string, ResourceRequirements> = {};
  for (const container of [...(spec.initContainers ?? []), ...spec.containers])
    if (isResizable(spec, container) && hasResizable(container.resources))
      allocation[container.name] = container.resources ?? {};
  return allocation;
}

/** The pod with what it was given instead of what it asks for; the same object where both say the same. */
export function withAllocation(pod: Pod, allocation: PodAllocation | undefined): Pod {
  const { spec } = pod;
  if (spec === undefined || allocation === undefined) return pod;
  let differs = false;
  const given = (container: Container): Container => {
    const own = Object.hasOwn(allocation, container.name) ? allocation[container.name] : undefined;
    if (own === undefined || !isResizable(spec, container)) return container;
    if (sameResizable(container.resources, own)) return container;
    differs = true;
    return { ...container, resources: { ...container.resources, limits: own.limits, requests: own.requests } };
  };
  const containers = spec.containers.map(given);
  const initContainers = spec.initContainers?.map(given);
  return differs ? { ...pod, spec: { ...spec, containers, initContainers } } : pod;
}

/** Whether both ask for the same cpu and memory, however it is written. */
export function sameResizable(
  left: ResourceRequirements | undefined,
  right: ResourceRequirements | undefined,
): boolean {
  return resizableResources.every((name) =>
    (["limits", "requests"] as const).every((list) => amountOf(left, list, name) === amountOf(right, list, name)),
  );
}

function hasResizable(resources: ResourceRequirements | undefined): boolean {
  return !sameResizable(resources, {});
}

function amountOf(
  resources: ResourceRequirements | undefined,
  list: "limits" | "requests",
  name: string,
): bigint | undefined {
  const text = resources?.[list]?.[name];
  return text === undefined ? undefined : tryParseQuantity(text)?.nano;
}

/**
 * The containers of a pod that a resize can change, as events and logs of the kubelet describe it: compact JSON with the
 * generation that asked for it.
 */
export function describeResize(spec: PodSpec, generation: number | undefined, error?: string): string {
  const list = (containers: readonly Container[] | undefined) => {
    const found = (containers ?? [])
      .filter((container) => isResizable(spec, container) && hasResizable(container.resources))
      .map(({ name, resources = {} }) => {
        const { limits, requests } = resources;
        return { name, resources: { limits: resizableOf(limits), requests: resizableOf(requests) } };
      });
    return found.length === 0 ? undefined : found;
  };
  const { initContainers, containers } = spec;
  return JSON.stringify({ initContainers: list(initContainers), containers: list(containers), generation, error });
}

function resizableOf(amounts: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (amounts === undefined) return undefined;
  return Object.fromEntries(
    resizableResources.flatMap((name) => (amounts[name] === undefined ? [] : [[name, amounts[name]]])),
  );
}
