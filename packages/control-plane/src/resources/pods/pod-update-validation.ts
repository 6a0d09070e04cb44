import {
  type Container,
  dnsSubdomainProblem,
  type FieldError,
  forbiddenValue,
  invalidValue,
  jsonEquals,
  mayTakeBackExit,
  type Pod,
  type PodSpec,
  type Toleration,
} from "@wherry/kubernetes";

const mutableFieldsMessage =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/** Checks that an update leaves alone what is immutable in a pod. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec as PodSpec;
  const oldSpec = old.spec as PodSpec;
  if (spec.containers.length !== oldSpec.containers.length) {
    return [forbiddenValue("spec.containers", "pod updates may not add or remove containers")];
  }
  if ((spec.initContainers?.length ?? 0) !== (oldSpec.initContainers?.length ?? 0)) {
    return [forbiddenValue("spec.initContainers", "pod updates may not add or remove containers")];
  }
  const errors = [
    ...validateDeadlineUpdate(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds),
    ...validateTolerationUpdate(spec.tolerations ?? [], oldSpec.tolerations ?? []),
    ...validateGatesUpdate(spec, oldSpec),
  ];
  if (!jsonEquals(comparable(spec), comparable(oldSpec))) errors.push(forbiddenValue("spec", mutableFieldsMessage));
  return errors;
}

/** The spec without what may change. */
function comparable(spec: PodSpec): unknown {
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    terminationGracePeriodSeconds: grace,
    schedulingGates: gates,
    ...rest
  } = spec;
  const isGated = (gates?.length ?? 0) > 0;
  return {
    ...rest,
    ...(grace !== undefined && grace < 0
      ? { terminationGracePeriodSeconds: 1 }
      : { terminationGracePeriodSeconds: grace }),
    ...(isGated ? { nodeSelector: undefined } : {}),
    containers: rest.containers.map(({ image: _, ...container }) => container),
    initContainers: rest.initContainers?.map(({ image: _, ...container }) => container),
  };
}

function validateDeadlineUpdate(deadline: number | undefined, old: number | undefined): FieldError[] {
  if (old === undefined) return [];
  const path = "spec.activeDeadlineSeconds";
  if (deadline === undefined) return [invalidValue(path, null, "must not update from a positive integer to nil value")];
  return deadline <= old ? [] : [invalidValue(path, deadline, "must be less than or equal to previous value")];
}

function validateTolerationUpdate(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const isKept = old.every((before) =>
    tolerations.some((after) =>
      jsonEquals({ ...after, tolerationSeconds: undefined }, { ...before, tolerationSeconds: undefined }),
    ),
  );
  return isKept
    ? []
    : [forbiddenValue("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

function validateGatesUpdate(spec: PodSpec, oldSpec: PodSpec): FieldError[] {
  const before = new Set((oldSpec.schedulingGates ?? []).map((gate) => gate.name));
  const added = (spec.schedulingGates ?? []).filter((gate) => !before.has(gate.name));
  if (added.length === 0) return [];
  const names = added.map((gate) => gate.name).join(", ");
  return [forbiddenValue("spec.schedulingGates", `only deletion is allowed, but found new scheduling gate '${names}'`)];
}

/** Checks a status written through `pods/status`. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const nominated = pod.status?.nominatedNodeName;
  if (nominated) {
    const problem = dnsSubdomainProblem(nominated);
    if (problem !== undefined) errors.push(invalidValue("status.nominatedNodeName", nominated, problem));
  }
  if (old.status?.qosClass && pod.status?.qosClass !== old.status.qosClass) {
    errors.push(invalidValue("status.qosClass", pod.status?.qosClass ?? "", "field is immutable"));
  }
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  return [
    ...errors,
    ...validateExits(pod, old, "containerStatuses", containers),
    ...validateExits(pod, old, "initContainerStatuses", initContainers),
  ];
}

/** An end is not taken back of a container that nothing starts again. */
function validateExits(
  { spec, status }: Pod,
  old: Pod,
  list: "containerStatuses" | "initContainerStatuses",
  containers: readonly Container[],
): FieldError[] {
  return (old.status?.[list] ?? []).flatMap(({ name, state }, index) => {
    const container = containers.find((candidate) => candidate.name === name);
    const after = status?.[list]?.find((candidate) => candidate.name === name);
    if (spec === undefined || container === undefined || after === undefined) return [];
    if (state?.terminated === undefined || after.state?.terminated !== undefined) return [];
    if (mayTakeBackExit(spec, container, state.terminated.exitCode)) return [];
    return [forbiddenValue(`status.${list}[${index}].state`, "may not be transitioned to non-terminated state")];
  });
}
