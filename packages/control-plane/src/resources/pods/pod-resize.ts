import {
  type Container,
  type FieldError,
  forbiddenValue,
  invalidValue,
  isMirrorPod,
  jsonEquals,
  type Pod,
  type PodSpec,
  qosClass,
  type ResourceRequirements,
} from "@wherry/kubernetes";
import type { ResourceStrategy } from "../resource-definition.ts";
import { admitResize } from "./admit-resize.ts";
import { podStrategy } from "./pod-strategy.ts";

/** How upstream writes the path of nothing in particular. */
const wholePod = "[]";

const resizable: readonly string[] = ["cpu", "memory"];

/** The containers of `old` with resources and resize policies as `wanted` has them. */
function resized(old: readonly Container[], wanted: readonly Container[] | undefined): Container[] {
  return old.map((container, index) => {
    const next = wanted?.[index];
    if (next?.name !== container.name) return container;
    const { resources: _r, resizePolicy: _p, ...rest } = container;
    return {
      ...rest,
      ...(next.resources === undefined ? {} : { resources: next.resources }),
      ...(next.resizePolicy === undefined ? {} : { resizePolicy: next.resizePolicy }),
    };
  });
}

/** The spec without the amounts that a resize may change. */
function fixedPart({ containers, initContainers, resources, ...rest }: PodSpec): unknown {
  const fixed = (container: Container) => ({ ...container, resources: fixedAmounts(container.resources) });
  return {
    ...rest,
    resources: fixedAmounts(resources),
    containers: containers.map(fixed),
    initContainers: initContainers?.map(fixed),
  };
}

function fixedAmounts({ limits, requests, ...other }: ResourceRequirements = {}): unknown {
  return { ...other, limits: others(limits), requests: others(requests) };
}

function others(amounts: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts ?? {}).filter(([name]) => !resizable.includes(name)));
}

function validateRemoved(
  resources: ResourceRequirements | undefined,
  old: ResourceRequirements | undefined,
  path: string,
  subject: "resource" | "pod-level resource" = "resource",
): FieldError[] {
  return (["requests", "limits"] as const).flatMap((field) => {
    const isRemoved = Object.keys(old?.[field] ?? {}).some((name) => resources?.[field]?.[name] === undefined);
    return isRemoved ? [forbiddenValue(`${path}.${field}`, `${subject} ${field} cannot be removed`)] : [];
  });
}

function validateUpdate(pod: Pod, old: Pod): FieldError[] {
  if (isMirrorPod(old)) return [forbiddenValue(wholePod, "static pods cannot be resized")];
  if (old.spec?.os?.name === "windows") return [forbiddenValue(wholePod, "windows pods cannot be resized")];
  const spec = pod.spec as PodSpec;
  const oldSpec = old.spec as PodSpec;
  const running = old.status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  // A kubelet that resizes reports what containers have.
  if (running !== undefined && running.resources === undefined) {
    return [forbiddenValue("spec", "Pod running on node without support for resize")];
  }
  const errors: FieldError[] = validateRemoved(
    spec.resources,
    oldSpec.resources,
    "spec.resources",
    "pod-level resource",
  );
  if (qosClass(spec) !== qosClass(oldSpec)) {
    errors.push(invalidValue("spec", qosClass(oldSpec), "Pod QOS Class may not change as a result of resizing"));
  }
  for (const field of ["containers", "initContainers"] as const) {
    spec[field]?.forEach((container, index) => {
      const before = oldSpec[field]?.[index]?.resources;
      errors.push(...validateRemoved(container.resources, before, `spec.${field}[${index}].resources`));
    });
  }
  if (!jsonEquals(fixedPart(spec), fixedPart(oldSpec))) {
    errors.push(forbiddenValue("spec", "only cpu and memory resources are mutable"));
  }
  return errors;
}

/** `pods/resize`: cpu and memory of containers and of the pod as a whole may change while they run, nothing else. */
export const resizeStrategy: ResourceStrategy<Pod> = {
  ...podStrategy,
  prepareForUpdate(pod, old, context) {
    const wanted = pod.spec;
    const oldSpec = old.spec as PodSpec;
    pod.status = old.status;
    pod.spec = {
      ...oldSpec,
      ...(wanted?.resources && { resources: wanted.resources }),
      containers: resized(oldSpec.containers, wanted?.containers),
      ...(oldSpec.initContainers && { initContainers: resized(oldSpec.initContainers, wanted?.initContainers) }),
    };
    // What is invalid is said before what does not fit.
    const errors = [...(podStrategy.validate?.(pod) ?? []), ...validateUpdate(pod, old)];
    if (errors.length === 0) admitResize(pod, context);
  },
  validateUpdate,
};
