import type { ObjectMeta, PodSpec } from "../../api/index.ts";
import { dnsSubdomainProblem, labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkRange,
  checkSupported,
  duplicateValue,
  type FieldError,
  forbiddenValue,
  requiredValue,
} from "../field-error.ts";
import { validateLabels } from "../metadata.ts";
import { validateAffinity } from "./affinity.ts";
import { validateContainers } from "./containers.ts";
import { validateNetworkNames } from "./network-names.ts";
import { validateOperatingSystem } from "./operating-system.ts";
import { validateContainerClaims, validatePodClaims } from "./resource-claims.ts";
import { validateOverhead, validatePodResources } from "./resources.ts";
import { validatePodSecurityContext } from "./security-context.ts";
import { validateTolerations } from "./tolerations.ts";
import { validateTopologySpread } from "./topology-spread.ts";
import { validateVolumes } from "./volumes.ts";
import { validateWindowsOptions } from "./windows-options.ts";

const maxDeadlineSeconds = 2 ** 31 - 1;

/**
 * Checks a pod spec at `path`, that of a pod or of a template, as upstream's ValidatePodSpec does.
 *
 * Its types are right and its defaults are set (`setPodDefaults`); `metadata` is that of the pod, where there is one.
 */
export function validatePodSpec(spec: PodSpec, path: string, metadata?: ObjectMeta): FieldError[] {
  const volumes = validateVolumes(spec.volumes ?? [], `${path}.volumes`, metadata);
  return [
    ...volumes.errors,
    ...validateContainers(spec, path, volumes.byName),
    ...validatePodResources(spec, path),
    ...validateContainerClaims(spec.resources?.claims ?? [], `${path}.resources.claims`, spec.resourceClaims ?? []),
    ...validatePodClaims(spec.resourceClaims ?? [], `${path}.resourceClaims`, metadata),
    ...validateOverhead(spec.overhead, `${path}.overhead`),
    ...checkSupported(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"]),
    ...checkRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, maxDeadlineSeconds),
    ...validateNetworkNames(spec, path),
    ...validateNames(spec, path),
    ...validatePlacement(spec, path, metadata?.labels),
    ...validateGates(spec, path),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
    ...validateHostUsers(spec, path),
    ...validateOperatingSystem(spec, path),
    ...validateWindowsOptions(spec, path),
  ];
}

const namesOfObjects = ["nodeName", "serviceAccountName", "priorityClassName"] as const;

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const { runtimeClassName } = spec;
  return [
    ...namesOfObjects.flatMap((field) => {
      const name = spec[field];
      return name ? checkForm(`${path}.${field}`, name, dnsSubdomainProblem) : [];
    }),
    ...(runtimeClassName === undefined
      ? []
      : checkForm(`${path}.runtimeClassName`, runtimeClassName, dnsSubdomainProblem)),
  ];
}

function validatePlacement(spec: PodSpec, path: string, podLabels: ObjectMeta["labels"]): FieldError[] {
  return [
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateAffinity(spec.affinity, `${path}.affinity`, podLabels),
    ...validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`, podLabels),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...(spec.preemptionPolicy === ""
      ? [requiredValue(`${path}.preemptionPolicy`)]
      : checkSupported(`${path}.preemptionPolicy`, spec.preemptionPolicy, ["PreemptLowerPriority", "Never"])),
  ];
}

function validateGates({ readinessGates = [], schedulingGates = [] }: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return [
    ...readinessGates.flatMap(({ conditionType = "" }, index) =>
      checkForm(`${path}.readinessGates[${index}].conditionType`, conditionType, labelKeyProblems),
    ),
    ...schedulingGates.flatMap(({ name = "" }, index) => {
      const at = `${path}.schedulingGates[${index}]`;
      const isTaken = names.has(name);
      names.add(name);
      return [...checkForm(at, name, labelKeyProblems), ...(isTaken ? [duplicateValue(at, name)] : [])];
    }),
  ];
}

/** Users of its own go with no other part of the node. */
function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  const { hostUsers = true, hostNetwork, hostPID, hostIPC, containers = [], initContainers = [] } = spec;
  if (hostUsers) return [];
  const devices = Object.entries({ initContainers, containers }).flatMap(([list, members]) =>
    members.flatMap(({ volumeDevices = [] }, index) => (volumeDevices.length > 0 ? [`${list}[${index}]`] : [])),
  );
  return [
    ...devices.map((at) => forbiddenValue(`${path}.${at}.volumeDevices`, "when `hostUsers` is false")),
    ...(hostNetwork ? [forbiddenValue(`${path}.hostNetwork`, "when `hostUsers` is false")] : []),
    ...(hostPID ? [forbiddenValue(`${path}.HostPID`, "when `hostUsers` is false")] : []),
    ...(hostIPC ? [forbiddenValue(`${path}.HostIPC`, "when `hostUsers` is false")] : []),
  ];
}
