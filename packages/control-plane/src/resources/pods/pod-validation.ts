import {
  dnsLabelProblem,
  dnsSubdomainProblem,
  jsonEquals,
  mayRestartAll,
  type NodeSelectorTerm,
  type Pod,
  type PodSpec,
  type Toleration,
} from "@wherry/kubernetes";
import {
  checkNonNegative,
  checkSupported,
  duplicate,
  type FieldError,
  forbiddenValue,
  invalidValue,
  required,
} from "../../validation/field-error.ts";
import { validateLabels } from "../../validation/metadata.ts";
import { validateContainer, validateResources } from "./container-validation.ts";
import { validateRestarts } from "./restart-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

const maxDeadlineSeconds = 2 ** 31 - 1;

/** Checks a whole pod as upstream's ValidatePodSpec does, in what matters to a node. */
export function validatePod(pod: Pod): FieldError[] {
  return validatePodSpec(pod.spec as PodSpec, "spec");
}

/** Checks a pod spec at `path`, for pods and templates alike. */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const volumeNames = new Set<string>();
  const errors = validateVolumes(spec.volumes ?? [], `${path}.volumes`, volumeNames);
  const scope = { volumeNames, names: new Set<string>(), hostNetwork: spec.hostNetwork ?? false };
  if ((spec.containers?.length ?? 0) === 0) errors.push(required(`${path}.containers`));
  spec.containers?.forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    errors.push(...validateContainer(container, at, scope), ...validateRestarts(container, at));
  });
  spec.initContainers?.forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    errors.push(...validateContainer(container, at, scope), ...validateRestarts(container, at));
    if (container.restartPolicy === "Always") return;
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[field] !== undefined) {
        errors.push(
          forbiddenValue(`${at}.${field}`, "may not be set for init containers without restartPolicy=Always"),
        );
      }
    }
  });
  spec.ephemeralContainers?.forEach((container, index) => {
    errors.push(...validateContainer(container, `${path}.ephemeralContainers[${index}]`, scope));
  });
  errors.push(
    ...checkSupported(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "Never", "OnFailure"]),
    ...checkSupported(`${path}.dnsPolicy`, spec.dnsPolicy, [
      "ClusterFirst",
      "ClusterFirstWithHostNet",
      "Default",
      "None",
    ]),
    ...checkSupported(`${path}.preemptionPolicy`, spec.preemptionPolicy, ["Never", "PreemptLowerPriority"]),
    ...validateDns(spec, path),
    ...validateTimes(spec, path),
    ...validateNames(spec, path),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateNodeAffinity(spec, path),
    ...validateResources(spec.resources, `${path}.resources`),
    ...validateSecurityContext(spec, path),
  );
  return errors;
}

function validateDns(spec: PodSpec, path: string): FieldError[] {
  if (spec.dnsPolicy !== "None" || (spec.dnsConfig?.nameservers?.length ?? 0) > 0) return [];
  return [
    required(`${path}.dnsConfig.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None"),
  ];
}

function validateTimes(spec: PodSpec, path: string): FieldError[] {
  const { activeDeadlineSeconds: deadline } = spec;
  const errors = checkNonNegative(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds);
  if (deadline !== undefined && (deadline < 1 || deadline > maxDeadlineSeconds)) {
    errors.push(
      invalidValue(`${path}.activeDeadlineSeconds`, deadline, `must be between 1 and ${maxDeadlineSeconds}, inclusive`),
    );
  }
  return errors;
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const check = (field: keyof PodSpec, problem: (value: string) => string | undefined): void => {
    const value = spec[field];
    if (typeof value !== "string" || value === "") return;
    const text = problem(value);
    if (text !== undefined) errors.push(invalidValue(`${path}.${field}`, value, text));
  };
  check("hostname", dnsLabelProblem);
  check("subdomain", dnsLabelProblem);
  for (const field of ["nodeName", "serviceAccountName", "runtimeClassName", "priorityClassName"] as const) {
    check(field, dnsSubdomainProblem);
  }
  return errors;
}

function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const operator = toleration.operator || "Equal";
    if (!toleration.key && operator !== "Exists") {
      errors.push(
        invalidValue(
          `${at}.operator`,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (operator === "Exists" && toleration.value) {
      errors.push(invalidValue(`${at}.operator`, toleration.value, "value must be empty when `operator` is 'Exists'"));
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== "NoExecute") {
      errors.push(
        invalidValue(
          `${at}.effect`,
          toleration.effect ?? "",
          "effect must be 'NoExecute' when `tolerationSeconds` is set",
        ),
      );
    }
    errors.push(...checkSupported(`${at}.operator`, operator, ["Equal", "Exists", "Gt", "Lt"]));
    if (toleration.effect) {
      errors.push(
        ...checkSupported(`${at}.effect`, toleration.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]),
      );
    }
    return errors;
  });
}

const nodeOperators: readonly string[] = ["DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"];

function validateNodeAffinity(spec: PodSpec, path: string): FieldError[] {
  const selector = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (selector === undefined) return [];
  const at = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
  if ((selector.nodeSelectorTerms?.length ?? 0) === 0) {
    return [required(at, "must have at least one node selector term")];
  }
  return selector.nodeSelectorTerms.flatMap((term, index) => validateNodeTerm(term, `${at}[${index}]`));
}

function validateNodeTerm(term: NodeSelectorTerm, path: string): FieldError[] {
  return (term.matchExpressions ?? []).flatMap((expression, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const { operator, values = [] } = expression;
    const errors = checkSupported(`${at}.operator`, operator, nodeOperators);
    if ((operator === "In" || operator === "NotIn") && values.length === 0) {
      errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
    if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
      errors.push(forbiddenValue(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
    if ((operator === "Gt" || operator === "Lt") && values.length !== 1) {
      errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    }
    return errors;
  });
}

function validateSecurityContext(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const check = (at: string, context: object | undefined, fields: readonly string[]): void => {
    for (const field of fields) {
      const value = (context as Record<string, unknown> | undefined)?.[field];
      if (typeof value === "number") errors.push(...checkNonNegative(`${at}.${field}`, value));
    }
  };
  check(`${path}.securityContext`, spec.securityContext, ["runAsUser", "runAsGroup", "fsGroup"]);
  spec.containers?.forEach((container, index) => {
    check(`${path}.containers[${index}].securityContext`, container.securityContext, ["runAsUser", "runAsGroup"]);
  });
  return [...errors, ...validateSysctls(spec, `${path}.securityContext.sysctls`)];
}

const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const maxSysctlNameLength = 253;

function validateSysctls(spec: PodSpec, path: string): FieldError[] {
  const seen = new Set<string>();
  return (spec.securityContext?.sysctls ?? []).flatMap(({ name = "" }, index) => {
    const at = `${path}[${index}].name`;
    if (name === "") return [required(at)];
    if (name.length > maxSysctlNameLength || !sysctlName.test(name)) {
      const rule = `must have at most ${maxSysctlNameLength} characters and match regex ${sysctlName.source}`;
      return [invalidValue(at, name, rule)];
    }
    if (seen.has(name)) return [duplicate(at, name)];
    seen.add(name);
    return [];
  });
}

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
  // A restart count going to a container that will not run again would say it did.
  const policy = pod.spec?.restartPolicy;
  if (policy === "Always" || old.status?.containerStatuses === undefined) return errors;
  if (pod.spec !== undefined && mayRestartAll(pod.spec)) return errors;
  for (const before of old.status.containerStatuses) {
    const after = pod.status?.containerStatuses?.find((status) => status.name === before.name);
    if (before.state?.terminated === undefined || after === undefined || after.state?.terminated !== undefined)
      continue;
    if (policy === "OnFailure" && before.state.terminated.exitCode !== 0) continue;
    const container = pod.spec?.containers.find((item) => item.name === before.name);
    if (container?.restartPolicy !== undefined || container?.restartPolicyRules !== undefined) continue;
    errors.push(forbiddenValue(`status.${before.name}.state`, "may not be transitioned to non-terminated state"));
  }
  return errors;
}
