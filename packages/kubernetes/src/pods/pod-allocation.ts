import type { Container, Pod, PodSpec, ResourceRequirements } from "../api/index.ts";
import { tryParseQuantity } from "../quantity.ts";
import { isRestartableInitContainer } from "./pod-containers.ts";

/** What a node has promised a pod; the spec says what is wanted (KEP-1287). */
export interface PodAllocation {
  /** Of the pod as a whole (KEP-5419); undefined where it was given only what its containers have. */
  readonly resources?: ResourceRequirements | undefined;
  /** Of each container that a resize can change, by name. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>;
}

/** What a resize can change; everything else of a container's resources stays for life. */
export const resizableResources: readonly string[] = ["cpu", "memory"];

/** Whether a resize can change what the container has: app containers and sidecars, which run as long as the pod. */
export function isResizable(spec: PodSpec, container: Container): boolean {
  return spec.containers.includes(container) || isRestartableInitContainer(container);
}

/** The allocation of a pod that gets all that its spec asks for; undefined where there is nothing to resize. */
export function podAllocation(spec: PodSpec): PodAllocation | undefined {
  const containers = resizableContainers(spec);
  if (![spec, ...containers].some(({ resources }) => hasResizable(resources))) return undefined;
  return {
    ...(spec.resources !== undefined && { resources: spec.resources }),
    containers: Object.fromEntries(containers.map(({ name, resources = {} }) => [name, resources])),
  };
}

/** Whether both promise the same cpu and memory to the same. */
export function sameAllocation(left: PodAllocation | undefined, right: PodAllocation | undefined): boolean {
  const names = [...Object.keys(left?.containers ?? {}), ...Object.keys(right?.containers ?? {})];
  return (
    sameResizable(left?.resources, right?.resources) &&
    names.every((name) => sameResizable(givenTo(left, name), givenTo(right, name)))
  );
}

/** The pod with what it was given instead of what it asks for; the same object where both say the same. */
export function withAllocation(pod: Pod, allocation: PodAllocation | undefined): Pod {
  const { spec } = pod;
  if (spec === undefined || allocation === undefined) return pod;
  let differs = !sameResizable(spec.resources, allocation.resources);
  const given = (container: Container): Container => {
    const own = givenTo(allocation, container.name);
    if (own === undefined || !isResizable(spec, container)) return container;
    if (sameResizable(container.resources, own)) return container;
    differs = true;
    return { ...container, resources: { ...container.resources, limits: own.limits, requests: own.requests } };
  };
  const containers = spec.containers.map(given);
  const initContainers = spec.initContainers?.map(given);
  if (!differs) return pod;
  const resources = sameResizable(spec.resources, allocation.resources) ? spec.resources : allocation.resources;
  return { ...pod, spec: { ...spec, resources, containers, initContainers } };
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

/**
 * The containers of a pod that a resize can change, as events and logs of the kubelet describe it: compact JSON with the
 * generation that asked for it, and before them what the pod as a whole is given.
 */
export function describeResize(spec: PodSpec, generation: number | undefined, error?: string): string {
  const list = (containers: readonly Container[] | undefined) => {
    const found = (containers ?? [])
      .filter((container) => isResizable(spec, container))
      .map(({ name, resources }) => ({ name, resources: resizableOf(resources) }));
    return found.length === 0 ? undefined : found;
  };
  const resources = spec.resources && resizableOf(spec.resources);
  const { initContainers, containers } = spec;
  return JSON.stringify({
    resources,
    initContainers: list(initContainers),
    containers: list(containers),
    generation,
    error,
  });
}

function resizableContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers].filter((container) => isResizable(spec, container));
}

function givenTo(allocation: PodAllocation | undefined, name: string): ResourceRequirements | undefined {
  return allocation !== undefined && Object.hasOwn(allocation.containers, name)
    ? allocation.containers[name]
    : undefined;
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

function resizableOf({ limits, requests }: ResourceRequirements = {}): ResourceRequirements {
  const amounts = (list: Readonly<Record<string, string>> | undefined) => {
    if (list === undefined) return undefined;
    return Object.fromEntries(
      resizableResources.flatMap((name) => (list[name] === undefined ? [] : [[name, list[name]]])),
    );
  };
  return { limits: amounts(limits), requests: amounts(requests) };
}
