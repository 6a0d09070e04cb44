import type { Container, EphemeralContainer, PodSpec } from "../../api/index.ts";
import { dnsLabelProblem } from "../../selectors/label-syntax.ts";
import {
  checkForm,
  checkSupported,
  duplicateValue,
  type FieldError,
  forbiddenValue,
  invalidValue,
  requiredValue,
} from "../field-error.ts";
import { validateEnv, validateEnvFrom } from "./environment.ts";
import { type VolumesByName, validateDevices, validateMounts } from "./mounts.ts";
import { validateHostPorts, validatePorts } from "./ports.ts";
import { validateLifecycle, validateProbes } from "./probes.ts";
import { validateContainerClaims } from "./resource-claims.ts";
import { validateResizePolicies, validateResources } from "./resources.ts";
import { validateRestarts } from "./restarts.ts";
import { validateSecurityContext } from "./security-context.ts";

type AnyContainer = Container | EphemeralContainer;

/** Checks all containers of a pod that has these volumes. */
export function validateContainers(spec: PodSpec, path: string, volumes: VolumesByName): FieldError[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  const names = new Set<string>();
  const check = (container: AnyContainer, at: string): FieldError[] => [
    ...validateContainer(container, at, spec, volumes),
    ...validateUnique(container.name, `${at}.name`, names),
  ];
  return [
    ...(containers.length === 0 ? [requiredValue(`${path}.containers`)] : []),
    ...containers.flatMap((container, index) => {
      const at = `${path}.containers[${index}]`;
      return [...check(container, at), ...validateCare(container, at, spec), ...validateRestarts(container, at)];
    }),
    ...validateHostPorts(containers, `${path}.containers`),
    ...initContainers.flatMap((container, index) => {
      const at = `${path}.initContainers[${index}]`;
      return [...check(container, at), ...validateInit(container, at, spec), ...validateRestarts(container, at)];
    }),
    ...ephemeralContainers.flatMap((container, index) => check(container, `${path}.ephemeralContainers[${index}]`)),
  ];
}

function validateUnique(name: string, path: string, names: Set<string>): FieldError[] {
  const isTaken = names.has(name);
  if (name) names.add(name);
  return isTaken ? [duplicateValue(path, name)] : [];
}

/** What is watched and told of a container while it runs. */
function validateCare(container: Container, path: string, spec: PodSpec): FieldError[] {
  return [
    ...validateLifecycle(container.lifecycle, `${path}.lifecycle`, spec.terminationGracePeriodSeconds),
    ...validateProbes(container, path),
  ];
}

function validateInit(container: Container, path: string, spec: PodSpec): FieldError[] {
  // They run one after the other, so each may have the ports of the next.
  const ports = validateHostPorts([container], `${path.slice(0, path.lastIndexOf("["))}`);
  if (container.restartPolicy === "Always") return [...ports, ...validateCare(container, path, spec)];
  const fields = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;
  return [
    ...ports,
    ...fields
      .filter((field) => container[field] !== undefined)
      .map((field) =>
        forbiddenValue(`${path}.${field}`, "may not be set for init containers without restartPolicy=Always"),
      ),
  ];
}

function validateContainer(container: AnyContainer, path: string, spec: PodSpec, volumes: VolumesByName): FieldError[] {
  const { name, image } = container;
  return [
    ...(name ? checkForm(`${path}.name`, name, dnsLabelProblem) : [requiredValue(`${path}.name`)]),
    ...(image ? [] : [requiredValue(`${path}.image`)]),
    ...checkSupported(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...validatePorts(container.ports ?? [], `${path}.ports`, spec.hostNetwork ?? false),
    ...validateEnv(container.env ?? [], `${path}.env`, volumes),
    ...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`),
    ...validateMounts(container, `${path}.volumeMounts`, volumes),
    ...validateDevices(container, `${path}.volumeDevices`, volumes),
    ...checkSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, ["Always", "IfNotPresent", "Never"]),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateContainerClaims(
      container.resources?.claims ?? [],
      `${path}.resources.claims`,
      spec.resourceClaims ?? [],
    ),
    ...validateResizePolicies(container.resizePolicy, `${path}.resizePolicy`, spec.restartPolicy),
    ...validateSecurityContext(container.securityContext, `${path}.securityContext`, spec.hostUsers ?? true),
  ];
}

/** Checks what must hold for a pod and not for a template, which may name an image that another program replaces. */
export function validateImages({
  containers = [],
  initContainers = [],
  ephemeralContainers = [],
}: PodSpec): FieldError[] {
  return Object.entries({ containers, initContainers, ephemeralContainers }).flatMap(([list, members]) =>
    members.flatMap(({ image = "" }, index) =>
      image === image.trim()
        ? []
        : [invalidValue(`spec.${list}[${index}].image`, image, "must not have leading or trailing whitespace")],
    ),
  );
}
