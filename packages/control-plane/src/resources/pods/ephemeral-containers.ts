import {
  type EphemeralContainer,
  type FieldError,
  forbiddenValue,
  isMirrorPod,
  jsonEquals,
  notFoundValue,
  type Pod,
  type PodSpec,
} from "@wherry/kubernetes";
import type { ResourceStrategy } from "../resource-definition.ts";
import { podStrategy } from "./pod-strategy.ts";

const path = "spec.ephemeralContainers";

/** What a container that is added for a look inside cannot have. */
const forbiddenFields = [
  "ports",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
] as const;

function validateAdded(
  container: EphemeralContainer,
  at: string,
  { containers, initContainers = [] }: PodSpec,
): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (field: string) =>
    errors.push(forbiddenValue(`${at}.${field}`, "cannot be set for an Ephemeral Container"));
  for (const field of forbiddenFields) if (container[field] !== undefined) forbid(field);
  if (Object.keys(container.resources ?? {}).length > 0) forbid("resources");
  container.volumeMounts?.forEach((mount, index) => {
    if (mount.subPath) forbid(`volumeMounts[${index}].subPath`);
    if (mount.subPathExpr) forbid(`volumeMounts[${index}].subPathExpr`);
  });
  const target = container.targetContainerName;
  if (target && ![...containers, ...initContainers].some(({ name }) => name === target)) {
    errors.push(notFoundValue(`${at}.targetContainerName`, target));
  }
  return errors;
}

function validateUpdate(pod: Pod, old: Pod): FieldError[] {
  if (isMirrorPod(old)) return [forbiddenValue("", "static pods do not support ephemeral containers")];
  const before = new Map((old.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
  const after = pod.spec?.ephemeralContainers ?? [];
  const errors: FieldError[] = [];
  after.forEach((container, index) => {
    const known = before.get(container.name);
    if (known === undefined) errors.push(...validateAdded(container, `${path}[${index}]`, pod.spec as PodSpec));
    else if (!jsonEquals(known, container)) {
      errors.push(forbiddenValue(path, `existing ephemeral containers "${container.name}" may not be changed\n`));
    }
    before.delete(container.name);
  });
  for (const name of before.keys()) {
    errors.push(forbiddenValue(path, `existing ephemeral containers "${name}" may not be removed\n`));
  }
  return errors;
}

/** `pods/ephemeralcontainers`: debug containers may be added, nothing else may change. */
export const ephemeralContainersStrategy: ResourceStrategy<Pod> = {
  ...podStrategy,
  prepareForUpdate(pod, old) {
    const ephemeralContainers = pod.spec?.ephemeralContainers;
    const { ephemeralContainers: _, ...spec } = old.spec as PodSpec;
    pod.status = old.status;
    pod.spec = { ...spec, ...(ephemeralContainers && { ephemeralContainers }) };
  },
  validateUpdate,
};
