import type { Container, ContainerStatus, EphemeralContainer, Pod, PodSpec, PodStatus } from "../api/index.ts";

export type ContainerKind = "init" | "app" | "ephemeral";

/** A container of a pod with where in the spec it stands. */
export interface PodContainer {
  readonly kind: ContainerKind;
  readonly container: Container | EphemeralContainer;
}

/** Whether an init container is a sidecar, `restartPolicy: Always` (KEP-753). */
export function isRestartableInitContainer(container: Pick<Container, "restartPolicy">): boolean {
  return container.restartPolicy === "Always";
}

/** All containers of a pod: init, app, ephemeral, each in the order of the spec. */
export function podContainers(spec: PodSpec): PodContainer[] {
  return [
    ...(spec.initContainers ?? []).map((container): PodContainer => ({ kind: "init", container })),
    ...spec.containers.map((container): PodContainer => ({ kind: "app", container })),
    ...(spec.ephemeralContainers ?? []).map((container): PodContainer => ({ kind: "ephemeral", container })),
  ];
}

/** The container of a name, of whichever kind it is. */
export function findContainer(spec: PodSpec, name: string): PodContainer | undefined {
  return podContainers(spec).find((entry) => entry.container.name === name);
}

/** `fieldPath` of events about a container, e.g. `spec.containers{main}`. */
export function containerFieldPath(spec: PodSpec, name: string): string {
  const kind = findContainer(spec, name)?.kind;
  if (kind === "init") return `spec.initContainers{${name}}`;
  return kind === "ephemeral" ? `spec.ephemeralContainers{${name}}` : `spec.containers{${name}}`;
}

/** The status of a name. */
export function findContainerStatus(
  statuses: readonly ContainerStatus[] | undefined,
  name: string,
): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}

/** The status of a container among those of its kind. */
export function statusOfContainer(status: PodStatus, kind: ContainerKind, name: string): ContainerStatus | undefined {
  const lists = {
    init: status.initContainerStatuses,
    app: status.containerStatuses,
    ephemeral: status.ephemeralContainerStatuses,
  };
  return findContainerStatus(lists[kind], name);
}

/** Whether the container runs or has run. */
export function hasRun({ state, lastState }: Pick<ContainerStatus, "state" | "lastState">): boolean {
  return (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined;
}

/** Whether some app container runs or has run; a pod where one has is past its initialisation. */
export function hasAnyAppContainerStarted(spec: PodSpec, statuses: readonly ContainerStatus[]): boolean {
  return spec.containers.some(({ name }) => hasRun(findContainerStatus(statuses, name) ?? {}));
}

/** `name_namespace(uid)`, as messages of the kubelet name a pod. */
export function podTitle(pod: Pod): string {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  return `${name}_${namespace}(${uid})`;
}
